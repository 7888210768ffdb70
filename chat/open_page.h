#pragma once

#include <cstddef>
#include <utility>

#include "chat/message.h"
#include "chat/storage/message_store.h"

namespace chat {

// Reads a page of the store as the events that it stands for, in the order of their numbers: its
// messages, and a kGap where some are gone. A plain value.
class OpenPage {
 public:
  explicit OpenPage(Page page) : page_(std::move(page)) {}

  const Page& page() const { return page_; }
  bool at_end() const { return !has_message() && !has_gap(); }
  // Where the next one is: for a gap, where it begins. REQUIRES: not at the end.
  MessageId next_id() const;
  // Moves on. The views are valid as long as the page. REQUIRES: not at the end.
  Event take();

 private:
  bool has_message() const { return messages_read_ < page_.messages.size(); }
  bool has_gap() const { return gaps_read_ < page_.gaps.size(); }
  bool gap_is_next() const;

  Page page_;
  std::size_t messages_read_ = 0;
  std::size_t gaps_read_ = 0;
};

}  // namespace chat
