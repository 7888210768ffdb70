#include "tools/loadgen/room_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "reactor/check.h"

namespace loadgen {

void RoomOrder::add(Follower& follower) {
  CHECK(end() == 0 && !follower.is_guest, "who comes late is a guest", end());
  follower.position = 0;
  followers_.push_back(&follower);
  if (follower.not_from) {
    CHECK(*follower.not_from < senders_.size(), "a member who can't send", *follower.not_from);
    ++senders_[*follower.not_from].deaf;
  }
}

bool RoomOrder::deliver(Follower& follower, MessageKey key, std::vector<MessageKey>& completed) {
  CHECK(key.sender < senders_.size(), "a sender of another run", key.sender);
  completed_ = &completed;
  if (key.sender == follower.not_from) {
    note_doubled(follower);
    return false;
  }
  const bool is_first = is_new(key);
  if (!follower.leads() && (is_first || !follower.early.empty())) {
    if (follower.early.size() >= remembered_max_) {
      note_doubled(follower);  // so many can only be repetitions, or nobody else gets anything
      return false;
    }
    if (follower.early.empty()) {
      early_ones_.push_back(&follower);
    }
    follower.early.push_back(key);
    return false;
  }
  if (!is_first) {
    place(follower, key);
    return false;
  }
  append(key);
  place_early();  // before all are done with it: a guest may begin here
  place(follower, key);
  return true;
}

// The follower has got something that has a place in the order.
void RoomOrder::place(Follower& follower, MessageKey key) {
  if (!follower.position && !enter_late(follower, key)) {
    return;
  }
  std::uint64_t next = std::max(*follower.position, begin());
  while (next < end() && at(next).key.sender == follower.not_from) {
    ++next;
  }
  if (next < end() && at(next).key == key) {
    take(follower, next);
  } else if (const auto ahead = find(key, next)) {
    const std::uint64_t index = move_up(*ahead, next);
    pass_over(follower, index);
    take(follower, index);
  } else {
    place_late(follower, key);
  }
}

// Where members disagree about messages of one sender, he is right: what is out of his turn at
// index goes before the first later one of his that stands behind `from`, so that who had not got
// it by then has missed it. Returns where it is now.
std::uint64_t RoomOrder::move_up(std::uint64_t index, std::uint64_t from) {
  if (!at(index).out_of_turn) {
    return index;
  }
  const MessageKey key = at(index).key;
  const auto iterator_at = [this](std::uint64_t place) {
    return entries_.begin() + static_cast<std::ptrdiff_t>(place - forgotten_);
  };
  const auto moved = iterator_at(index);
  const auto later = std::find_if(iterator_at(from), moved, [key](const Entry& entry) {
    return entry.key.sender == key.sender && entry.key.sequence > key.sequence;
  });
  if (later == moved) {
    return index;
  }
  moved->out_of_turn = false;
  std::rotate(later, moved, moved + 1);
  const auto place = forgotten_ + static_cast<std::uint64_t>(later - entries_.begin());
  for (Follower* follower : followers_) {
    std::vector<std::uint64_t>& missing = follower->missing;
    const auto behind = std::lower_bound(missing.begin(), missing.end(), place) - missing.begin();
    std::for_each(missing.begin() + behind, missing.end(), [&](std::uint64_t& one) {
      one = one == index ? place : one + (one < index ? 1 : 0);
    });
    if (*follower->position > place && *follower->position <= index) {
      ++*follower->position;
      if (key.sender != follower->not_from) {
        missing.push_back(place);
      }
    }
    std::sort(missing.begin() + behind, missing.end());
  }
  return place;
}

// A guest finds his place by what he gets first, and is waited for from there on. False when that
// is long past.
bool RoomOrder::enter_late(Follower& guest, MessageKey key) {
  guest.position = find(key, begin());
  if (!guest.position) {
    ++guest.integrity.delivered;
    return false;
  }
  followers_.push_back(&guest);
  for (std::uint64_t index = *guest.position; index < end(); ++index) {
    ++at(index).waited_for;
  }
  return true;
}

// It is behind his place: he skipped it before, or has had it.
void RoomOrder::place_late(Follower& follower, MessageKey key) {
  std::vector<std::uint64_t>& missing = follower.missing;
  const auto found = std::find_if(missing.rbegin(), missing.rend(), [&](std::uint64_t index) {
    return index >= begin() && at(index).key == key;
  });
  if (found == missing.rend()) {
    note_doubled(follower);
    return;
  }
  const std::uint64_t index = *found;
  missing.erase(std::next(found).base());
  ++follower.integrity.reordered;
  ++follower.integrity.delivered;
  if (disagreement_.empty()) {
    disagreement_ = fmt::format(
        "client {}{} got message {} of client {} after later ones; another member got it before "
        "them",
        follower.id, follower.kind.empty() ? "" : fmt::format(" ({})", follower.kind), key.sequence,
        key.sender);
  }
  no_longer_waited_for(index);
}

// The order has grown: what was early may have its place now.
void RoomOrder::place_early() {
  for (Follower* follower : early_ones_) {
    std::vector<MessageKey>& early = follower->early;
    auto next = early.begin();
    for (; next != early.end() && !is_new(*next); ++next) {
      place(*follower, *next);
    }
    early.erase(early.begin(), next);
  }
  std::erase_if(early_ones_, [](const Follower* follower) { return follower->early.empty(); });
}

// The follower gets no more. What is early still has a place behind something that has none, or
// nobody who leads has got it: that stays in early.
void RoomOrder::place_rest(Follower& follower) {
  std::erase(early_ones_, &follower);
  std::vector<MessageKey> rest;
  for (const MessageKey key : follower.early) {
    if (is_new(key)) {
      rest.push_back(key);
    } else {
      place(follower, key);
    }
  }
  std::sort(rest.begin(), rest.end());
  const auto end_of_different = std::unique(rest.begin(), rest.end());
  std::for_each(end_of_different, rest.end(), [&](MessageKey) { note_doubled(follower); });
  rest.erase(end_of_different, rest.end());
  follower.early = std::move(rest);
}

bool RoomOrder::is_new(MessageKey key) const {
  const Sender& sender = senders_[key.sender];
  return key.sequence >= sender.next_sequence ||
         std::binary_search(sender.skipped.begin(), sender.skipped.end(), key.sequence);
}

void RoomOrder::append(MessageKey key) {
  Sender& sender = senders_[key.sender];
  const bool out_of_turn = key.sequence < sender.next_sequence;
  if (out_of_turn) {
    std::erase(sender.skipped, key.sequence);
  } else {
    const std::uint64_t from =
        std::max(sender.next_sequence, key.sequence - std::min(key.sequence, kSkippedMax));
    for (std::uint64_t skipped = from; skipped < key.sequence; ++skipped) {
      sender.skipped.push_back(skipped);
    }
    sender.next_sequence = key.sequence + 1;
  }
  if (entries_.size() - head_ >= remembered_max_) {
    ++head_;
    forget_done();
  }
  const auto waited_for = static_cast<std::uint32_t>(followers_.size()) - sender.deaf;
  entries_.push_back({key, waited_for, out_of_turn});
}

// The follower has got the message at his place.
void RoomOrder::take(Follower& follower, std::uint64_t index) {
  follower.position = index + 1;
  ++follower.integrity.delivered;
  if (is_out_of_turn(follower, index)) {
    ++follower.integrity.reordered;
  }
  no_longer_waited_for(index);
}

// Whether the follower has got a later one of the same sender before.
bool RoomOrder::is_out_of_turn(const Follower& follower, std::uint64_t index) {
  const MessageKey key = at(index).key;
  return at(index).out_of_turn &&
         std::none_of(follower.missing.begin(), follower.missing.end(), [&](std::uint64_t missing) {
           return missing >= begin() && at(missing).key.sender == key.sender &&
                  at(missing).key.sequence > key.sequence;
         });
}

// The follower has got something behind these.
void RoomOrder::pass_over(Follower& follower, std::uint64_t until) {
  for (std::uint64_t index = std::max(*follower.position, begin()); index < until; ++index) {
    if (at(index).key.sender != follower.not_from) {
      follower.missing.push_back(index);
    }
  }
  follower.position = until;
}

void RoomOrder::note_doubled(Follower& follower) {
  ++follower.integrity.doubled;
  ++doubled_;
}

void RoomOrder::no_longer_waited_for(std::uint64_t index) {
  Entry& entry = at(index);
  CHECK(entry.waited_for > 0, "nobody was waited for", entry.key.sender, entry.key.sequence);
  if (--entry.waited_for == 0) {
    if (!std::exchange(entry.is_completed, true)) {
      completed_->push_back(entry.key);
    }
    forget_done();
  }
}

void RoomOrder::forget_done() {
  while (head_ < entries_.size() && entries_[head_].waited_for == 0) {
    ++head_;
  }
  if (head_ >= kForgetAtOnce && head_ >= entries_.size() / 2) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    forgotten_ += head_;
    head_ = 0;
  }
}

void RoomOrder::leave(Follower& guest, std::vector<MessageKey>& completed) {
  completed_ = &completed;
  place_rest(guest);
  Integrity& integrity = guest.integrity;
  integrity.lost += guest.missing.size();
  integrity.delivered += guest.early.size();
  integrity.expected = integrity.delivered + integrity.lost;
  if (guest.position) {
    pass_over(guest, end());
    for (const std::uint64_t index : guest.missing) {
      if (index >= begin()) {
        no_longer_waited_for(index);
      }
    }
    std::erase(followers_, &guest);
    guest.position.reset();
  }
}

void RoomOrder::close(Follower& follower) {
  std::vector<MessageKey> completed;
  completed_ = &completed;
  place_rest(follower);
  follower.integrity.delivered += follower.early.size();
}

std::optional<std::uint64_t> RoomOrder::find(MessageKey key, std::uint64_t from) const {
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(from - forgotten_);
  const auto found =
      std::find_if(begin, entries_.end(), [key](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end()) {
    return std::nullopt;
  }
  return forgotten_ + static_cast<std::uint64_t>(found - entries_.begin());
}

}  // namespace loadgen
