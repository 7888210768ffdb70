#include "tools/loadgen/room_order.h"

#include <fmt/format.h>

#include <algorithm>

#include "reactor/check.h"

namespace loadgen {

void RoomOrder::add(Follower& follower) { enter(follower, end()); }

// Counts the follower among those who are waited for, from index on.
void RoomOrder::enter(Follower& follower, std::uint64_t index) {
  follower.position = index;
  ++followers_;
  if (follower.not_from) {
    CHECK(*follower.not_from < senders_.size(), "a member who can't send", *follower.not_from);
    ++senders_[*follower.not_from].deaf;
  }
  for (; index < end(); ++index) {
    Entry& entry = at(index);
    if (entry.waited_for > 0 && entry.key.sender != follower.not_from) {
      ++entry.waited_for;
    }
  }
}

bool RoomOrder::deliver(Follower& follower, MessageKey key, std::vector<MessageKey>& completed) {
  CHECK(key.sender < senders_.size(), "a sender of another run", key.sender);
  completed_ = &completed;
  if (key.sender == follower.not_from) {
    ++follower.integrity.doubled;
    return false;
  }
  if (follower.not_from && (!follower.early.empty() || is_new(key))) {
    if (follower.early.empty()) {
      early_ones_.push_back(&follower);
    }
    follower.early.push_back(key);
    return false;
  }
  if (!follower.position && !enter_late(follower, key)) {
    return false;
  }
  if (!is_new(key)) {
    place(follower, key);
    return false;
  }
  pass_over(follower, end());
  append(key);
  take(follower, end() - 1);
  place_early();
  return true;
}

// One who came in the middle finds his place by what he gets first. False when that is long past.
bool RoomOrder::enter_late(Follower& follower, MessageKey key) {
  const std::optional<std::uint64_t> index = is_new(key) ? end() : find(key, begin());
  if (index) {
    enter(follower, *index);
  } else {
    ++follower.integrity.delivered;
  }
  return index.has_value();
}

// The follower has got something that has a place in the order.
void RoomOrder::place(Follower& follower, MessageKey key) {
  std::uint64_t next = std::max(*follower.position, begin());
  while (next < end() && at(next).key.sender == follower.not_from) {
    ++next;
  }
  if (next < end() && at(next).key == key) {
    take(follower, next);
  } else if (const auto ahead = find(key, next)) {
    pass_over(follower, *ahead);
    take(follower, *ahead);
  } else {
    place_late(follower, key);
  }
}

// It is behind his place: he skipped it before, or has had it.
void RoomOrder::place_late(Follower& follower, MessageKey key) {
  const auto found = std::find(follower.missing.begin(), follower.missing.end(), key);
  if (found == follower.missing.end()) {
    ++follower.integrity.doubled;
    return;
  }
  follower.missing.erase(found);
  ++follower.integrity.reordered;
  ++follower.integrity.delivered;
  if (disagreement_.empty()) {
    disagreement_ = fmt::format(
        "client {} got message {} of client {} after later ones; another member got it before them",
        follower.id, key.sequence, key.sender);
  }
  if (const auto index = find(key, begin())) {
    no_longer_waited_for(*index);
  }
}

// The order has grown: what was early may have its place now.
void RoomOrder::place_early() {
  for (Follower* follower : early_ones_) {
    place_early_of(*follower);
  }
  std::erase_if(early_ones_, [](const Follower* follower) { return follower->early.empty(); });
}

void RoomOrder::place_early_of(Follower& follower) {
  auto next = follower.early.begin();
  for (; next != follower.early.end() && !is_new(*next); ++next) {
    place(follower, *next);
  }
  follower.early.erase(follower.early.begin(), next);
}

bool RoomOrder::is_new(MessageKey key) const {
  const Sender& sender = senders_[key.sender];
  return key.sequence >= sender.next_sequence ||
         std::find(sender.skipped.begin(), sender.skipped.end(), key.sequence) !=
             sender.skipped.end();
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
  ++sender.seen;
  if (entries_.size() - head_ >= kEntriesMax) {
    ++head_;
    given_up_ = begin();
  }
  entries_.push_back({key, followers_ - sender.deaf, out_of_turn});
}

// The follower has got the message at his place.
void RoomOrder::take(Follower& follower, std::uint64_t index) {
  follower.position = index + 1;
  ++follower.integrity.delivered;
  if (at(index).out_of_turn) {
    ++follower.integrity.reordered;
  }
  no_longer_waited_for(index);
}

// The follower has got something behind these.
void RoomOrder::pass_over(Follower& follower, std::uint64_t until) {
  for (std::uint64_t index = std::max(*follower.position, begin()); index < until; ++index) {
    if (at(index).key.sender != follower.not_from) {
      follower.missing.push_back(at(index).key);
    }
  }
  if (*follower.position < given_up_) {
    follower.integrity.lost += given_up_ - *follower.position;
  }
  follower.position = until;
}

void RoomOrder::no_longer_waited_for(std::uint64_t index) {
  Entry& entry = at(index);
  if (entry.waited_for > 0 && --entry.waited_for == 0) {
    completed_->push_back(entry.key);
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

void RoomOrder::remove(Follower& follower, bool is_lost, std::vector<MessageKey>& completed) {
  completed_ = &completed;
  // What is early still, nobody else has got.
  follower.integrity.delivered += follower.early.size();
  std::erase(early_ones_, &follower);
  if (follower.position) {
    pass_over(follower, end());
    for (const MessageKey key : follower.missing) {
      if (const auto index = find(key, begin())) {
        no_longer_waited_for(*index);
      }
    }
    --followers_;
    if (follower.not_from) {
      --senders_[*follower.not_from].deaf;
    }
  }
  if (is_lost) {
    follower.integrity.lost += follower.missing.size();
  }
  follower.missing.clear();
  follower.position.reset();
  follower.integrity.expected = follower.integrity.delivered + follower.integrity.lost;
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
