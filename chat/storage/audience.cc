#include "chat/storage/audience.h"

#include <algorithm>

#include "chat/names.h"
#include "reactor/check.h"

namespace chat {
namespace {

// ASCII only, whatever the locale: names are.
std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return small;
}

}  // namespace

std::string history_key_of_room(std::string_view room) { return in_small_letters(room); }

std::string history_key_of_pair(std::string_view one, std::string_view other) {
  std::string lesser = in_small_letters(one);
  std::string greater = in_small_letters(other);
  if (greater < lesser) {
    std::swap(lesser, greater);
  }
  return "@" + lesser + ":" + greater;
}

std::string history_key_of(EventKind kind, std::string_view room, std::string_view sender) {
  return kind == EventKind::kDirect ? history_key_of_pair(sender, room) : history_key_of_room(room);
}

void Audience::joined(std::string_view room, MessageId since) {
  CHECK(find_open(room) == stays_.end(), "joined twice", name_, room);
  stays_.push_back({history_key_of_room(room), since, 0});
}

void Audience::parted(std::string_view room, MessageId until) {
  const auto stay = find_open(room);
  CHECK(stay != stays_.end(), "parted without having joined", name_, room);
  if (until > stay->since) {
    stay->until = until;
  } else {
    stays_.erase(stay);  // nothing was said meanwhile
  }
}

bool Audience::hears(EventKind kind, MessageId id, std::string_view room,
                     std::string_view sender) const {
  if (kind == EventKind::kDirect) {
    return id > since_ && compare_ignoring_case(room, name_) == 0;
  }
  if (kind == EventKind::kMessage && compare_ignoring_case(sender, name_) == 0) {
    return false;
  }
  return std::any_of(stays_.begin(), stays_.end(), [&](const Stay& stay) {
    return id > stay.since && (stay.until == 0 || id <= stay.until) &&
           compare_ignoring_case(stay.room, room) == 0;
  });
}

std::vector<Audience::Stay>::iterator Audience::find_open(std::string_view room) {
  return std::find_if(stays_.begin(), stays_.end(), [&](const Stay& stay) {
    return stay.until == 0 && compare_ignoring_case(stay.room, room) == 0;
  });
}

}  // namespace chat
