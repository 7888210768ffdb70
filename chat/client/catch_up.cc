#include "chat/client/catch_up.h"

#include <algorithm>
#include <utility>

#include "chat/client/same_name.h"
#include "reactor/check.h"

namespace chat {

void CatchUp::begin(const std::vector<std::string>& rooms, std::uint64_t last_seen) {
  std::vector<Room> next;
  for (const std::string& name : rooms) {
    const Room* const before = find(name);
    const std::uint64_t shown = std::max(last_seen, before == nullptr ? 0 : before->shown);
    next.push_back({name, shown, shown, 0, false});
  }
  rooms_ = std::move(next);
  current_ = 0;
  forget_held();
}

void CatchUp::add(const std::vector<std::string>& rooms, std::uint64_t last_seen) {
  for (const std::string& name : rooms) {
    const auto found = std::ranges::find_if(
        rooms_, [&name](const Room& room) { return same_name(room.name, name); });
    if (found == rooms_.end()) {
      rooms_.push_back({name, last_seen, last_seen, 0, false});
    } else if (found < rooms_.begin() + static_cast<std::ptrdiff_t>(current_)) {
      // It was complete. What of it was shown stays known.
      found->shown = std::max(found->shown, last_seen);
      found->done = false;
      std::rotate(found, found + 1, rooms_.end());
      --current_;
    }
  }
}

HistoryQuestion CatchUp::question() const {
  HistoryQuestion question;
  question.kind = HistoryKind::kMissed;
  question.room = room();
  question.before = false;
  question.id = rooms_[current_].shown;
  question.count = kPageMessages;
  return question;
}

bool CatchUp::are_live(const std::vector<ServerLine>& lines) const {
  const ServerLine& first = lines.front();
  const std::uint64_t first_live = rooms_[current_].first_live;
  return first_live != 0 && first_live < first.from.value_or(*first.id);
}

std::vector<ServerLine> CatchUp::take(const std::vector<ServerLine>& lines) {
  Room& room = rooms_[current_];
  std::vector<ServerLine> fresh;
  for (const ServerLine& line : lines) {
    if (*line.id > room.shown) {
      room.shown = *line.id;
      fresh.push_back(line);
    }
  }
  // A page that is not full proves nothing, because the server may have a lower limit than ours.
  const bool meets_live = room.first_live != 0 && room.shown >= room.first_live;
  room.done = fresh.empty() || meets_live;
  return fresh;
}

bool CatchUp::hold(const ServerLine& line, std::string_view text) {
  if (held_bytes_ + text.size() + sizeof(std::string) > kHeldBytesMax) {
    return false;
  }
  held_bytes_ += text.size() + sizeof(std::string);
  held_.emplace_back(text);
  for (Room& room : rooms_) {
    // A topic can be an old one, told to who has just joined.
    const bool is_new = line.id && *line.id > room.shown && line.verb != ServerVerb::kTopic;
    if (room.first_live == 0 && is_new && same_name(room.name, line.room)) {
      room.first_live = *line.id;
    }
  }
  return true;
}

void CatchUp::forget_held() {
  held_.clear();
  held_bytes_ = 0;
  for (Room& room : rooms_) {
    room.first_live = 0;
  }
}

std::vector<std::string> CatchUp::release() {
  CHECK(!is_active(), "live messages before those that came earlier", current_, rooms_.size());
  held_bytes_ = 0;
  std::vector<std::string> held = std::exchange(held_, {});
  std::erase_if(held,
                [this](const std::string& text) { return was_shown(parse_server_line(text)); });
  return held;
}

bool CatchUp::was_shown(const ServerLine& line) const {
  const Room* const room = line.id ? find(line.room) : nullptr;
  return room != nullptr && *line.id > room->from && *line.id <= room->shown;
}

void CatchUp::forget_shown(std::uint64_t resume_id) {
  const bool all = std::all_of(rooms_.begin(), rooms_.end(),
                               [resume_id](const Room& room) { return room.shown <= resume_id; });
  if (all) {
    rooms_.clear();
    current_ = 0;
  }
}

const CatchUp::Room* CatchUp::find(std::string_view name) const {
  const auto found = std::find_if(rooms_.begin(), rooms_.end(),
                                  [name](const Room& room) { return same_name(room.name, name); });
  return found == rooms_.end() ? nullptr : &*found;
}

}  // namespace chat
