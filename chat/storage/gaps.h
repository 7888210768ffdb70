#pragma once

#include <cstddef>
#include <vector>

#include "chat/message.h"
#include "chat/storage/message_store.h"

namespace chat {

// Which numbers of a store are gone: all from the beginning up to where messages were deleted, and
// what a crash took. A plain value.
class Gaps {
 public:
  // Everything up to id was deleted. Never goes back.
  void delete_to(MessageId id);
  MessageId deleted_to() const { return deleted_to_; }

  // What was lost at once; nothing when it is no range. REQUIRES: added in the order of the first.
  void add_lost(IdRange range);
  // Where the last loss began and ended; {} when there is none.
  IdRange last_lost() const { return lost_.empty() ? IdRange{} : lost_.back(); }

  // The gaps behind `after`, up to `last` and with it.
  std::vector<IdRange> within(MessageId after, MessageId last) const;
  // How far one can go from behind `after` without meeting more than `count` losses.
  MessageId reach(MessageId after, std::size_t count) const;

 private:
  // The first loss that ends behind the number.
  std::vector<IdRange>::const_iterator find_behind(MessageId after) const;

  MessageId deleted_to_ = 0;
  std::vector<IdRange> lost_;
};

}  // namespace chat
