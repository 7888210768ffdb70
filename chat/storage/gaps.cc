#include "chat/storage/gaps.h"

#include <algorithm>
#include <limits>

namespace chat {
namespace {

// What touches or overlaps the last range makes it longer.
void append(std::vector<IdRange>& ranges, IdRange range) {
  if (range.first > range.last) {
    return;
  }
  if (!ranges.empty() && range.first <= ranges.back().last + 1) {
    ranges.back().last = std::max(ranges.back().last, range.last);
  } else {
    ranges.push_back(range);
  }
}

}  // namespace

void Gaps::delete_to(MessageId id) {
  deleted_to_ = std::max(deleted_to_, id);
  std::erase_if(lost_, [&](const IdRange& range) { return range.last <= deleted_to_; });
}

void Gaps::add_lost(IdRange range) { append(lost_, range); }

std::vector<IdRange> Gaps::within(MessageId after, MessageId last) const {
  std::vector<IdRange> found;
  if (after >= last) {
    return found;
  }
  const MessageId first = after + 1;
  append(found, {first, std::min(last, deleted_to_)});
  for (auto range = find_behind(after); range != lost_.end() && range->first <= last; ++range) {
    append(found, {std::max(first, range->first), std::min(last, range->last)});
  }
  return found;
}

MessageId Gaps::reach(MessageId after, std::size_t count) const {
  const auto from = find_behind(after);
  return static_cast<std::size_t>(lost_.end() - from) <= count
             ? std::numeric_limits<MessageId>::max()
             : (from + static_cast<std::ptrdiff_t>(count))->first - 1;
}

std::vector<IdRange>::const_iterator Gaps::find_behind(MessageId after) const {
  return std::lower_bound(
      lost_.begin(), lost_.end(), after,
      [](const IdRange& range, MessageId wanted) { return range.last <= wanted; });
}

}  // namespace chat
