#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "reactor/check.h"
#include "reactor/net.h"

namespace reactor {

// Objects at stable addresses, named by generation-tagged tokens, so that a token of something
// that is gone finds nothing even when its slot is used again. Slots come in chunks and are never
// given back: the memory of a peak is the memory of the next one.
template <class T>
class Slab {
 public:
  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    for_each([this](T& object) { release(object.token()); });
  }

  // Makes a T in the slot that next_token() named. The arguments include the token, which the
  // object returns from its member token().
  template <class... Arguments>
  T& emplace(const Token& token, Arguments&&... arguments) {
    Slot& slot = slot_at(token.index);
    CHECK(!free_.empty() && free_.back() == token.index, "not the token of next_token()");
    T* object = new (slot.storage) T(std::forward<Arguments>(arguments)...);
    slot.used = true;
    free_.pop_back();
    ++size_;
    return *object;
  }

  // The token that the next emplace has to use.
  Token next_token() {
    if (free_.empty()) {
      add_chunk();
    }
    const std::uint32_t index = free_.back();
    return {index, slot_at(index).generation};
  }

  T* find(Token token) {
    if (token.index >= chunks_.size() * kChunk) {
      return nullptr;
    }
    Slot& slot = slot_at(token.index);
    return slot.used && slot.generation == token.generation ? slot.object() : nullptr;
  }

  // REQUIRES: find(token) != nullptr.
  void release(Token token) {
    Slot& slot = slot_at(token.index);
    CHECK(slot.used && slot.generation == token.generation, "a slot is released twice");
    slot.object()->~T();
    slot.used = false;
    ++slot.generation;
    free_.push_back(token.index);
    --size_;
  }

  std::size_t size() const { return size_; }

  template <class Visit>
  void for_each(Visit&& visit) {
    for (auto& chunk : chunks_) {
      for (std::size_t i = 0; i < kChunk; ++i) {
        if (chunk[i].used) {
          visit(*chunk[i].object());
        }
      }
    }
  }

 private:
  static constexpr std::size_t kChunk = 64;

  struct Slot {
    std::uint32_t generation = 0;
    bool used = false;
    alignas(T) unsigned char storage[sizeof(T)];
    T* object() { return std::launder(reinterpret_cast<T*>(storage)); }
  };

  Slot& slot_at(std::uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }

  void add_chunk() {
    const auto first = static_cast<std::uint32_t>(chunks_.size() * kChunk);
    chunks_.push_back(std::make_unique_for_overwrite<Slot[]>(kChunk));
    for (std::size_t i = kChunk; i-- > 0;) {
      free_.push_back(first + static_cast<std::uint32_t>(i));
    }
  }

  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace reactor
