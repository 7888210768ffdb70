#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/message.h"

namespace chat {

// A command with who gave it: what a shard hands to the hub.
struct FromSession {
  SessionRef from;
  Command command;
};

// Replaces every view in the item with what copy makes of it. What goes into a Batch has one.
template <class Copy>
void rehome(Event& event, Copy&& copy) {
  event.room = copy(event.room);
  event.subject = copy(event.subject);
  event.origin = copy(event.origin);
  event.target = copy(event.target);
  event.text = copy(event.text);
  event.tags = copy(event.tags);
  event.client_id = copy(event.client_id);
}

template <class Copy>
void rehome(FromSession& item, Copy&& copy) {
  Command& command = item.command;
  command.target = copy(command.target);
  command.peer = copy(command.peer);
  command.text = copy(command.text);
  command.tags = copy(command.tags);
  command.user = copy(command.user);
  command.host = copy(command.host);
  command.client_id = copy(command.client_id);
}

// Gathers Events or FromSessions with their text, in order, to be handed to another thread in one
// piece. A plain value that is moved, not copied; the views of its items live as long as it does
// and until clear(), also when it is moved. std::exchange(batch, {}) takes what was gathered.
template <class Item>
class Batch {
 public:
  static constexpr std::size_t kChunkBytes = std::size_t{16} << 10;

  Batch() = default;
  Batch(Batch&& other) noexcept
      : items_(std::exchange(other.items_, {})),
        chunks_(std::exchange(other.chunks_, {})),
        text_bytes_(std::exchange(other.text_bytes_, 0)) {}
  Batch& operator=(Batch&& other) noexcept {
    items_ = std::exchange(other.items_, {});
    chunks_ = std::exchange(other.chunks_, {});
    text_bytes_ = std::exchange(other.text_bytes_, 0);
    return *this;
  }

  // Copies the text that the item refers to.
  void add(Item item) {
    rehome(item, [this](std::string_view text) { return keep(text); });
    items_.push_back(item);
  }

  const Item& operator[](std::size_t index) const { return items_[index]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }

  // What the items and their text take, to bound a batch by.
  std::size_t bytes() const { return items_.size() * sizeof(Item) + text_bytes_; }

  // Keeps the first chunk and the room for items, for the next use.
  void clear() {
    items_.clear();
    text_bytes_ = 0;
    if (!chunks_.empty()) {
      chunks_.resize(1);
      chunks_.front().used = 0;
    }
  }

 private:
  struct Chunk {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
    std::size_t used = 0;
  };

  std::string_view keep(std::string_view text) {
    if (text.empty()) {
      return {};
    }
    if (chunks_.empty() || chunks_.back().size - chunks_.back().used < text.size()) {
      const std::size_t size = std::max(kChunkBytes, text.size());
      chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size, 0});
    }
    Chunk& chunk = chunks_.back();
    char* const copy = &chunk.data[chunk.used];
    std::copy(text.begin(), text.end(), copy);
    chunk.used += text.size();
    text_bytes_ += text.size();
    return {copy, text.size()};
  }

  std::vector<Item> items_;
  std::vector<Chunk> chunks_;
  std::size_t text_bytes_ = 0;
};

}  // namespace chat
