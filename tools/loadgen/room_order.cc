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

RoomOrder::Delivered RoomOrder::deliver(Follower& follower, MessageKey key) {
  CHECK(key.sender < senders_.size(), "a sender of another run", key.sender);
  if (key.sender == follower.not_from) {
    ++follower.integrity.doubled;
    return {};
  }
  if (!follower.position) {
    if (is_new(key)) {
      enter(follower, end());
    } else if (const auto index = find(key, begin())) {
      enter(follower, *index);
    } else {
      ++follower.integrity.delivered;  // everybody else has had it
      return {};
    }
  }
  std::uint64_t index = *follower.position;
  while (index < end() && index >= begin() && at(index).key.sender == follower.not_from) {
    ++index;
  }
  follower.position = index;
  if (index >= begin() && index < end() && at(index).key == key) {
    return {false, take(follower, index)};
  }
  return deliver_unexpected(follower, key);
}

RoomOrder::Delivered RoomOrder::deliver_unexpected(Follower& follower, MessageKey key) {
  if (is_new(key)) {
    pass_over(follower, end());
    append(key);
    return {true, take(follower, end() - 1)};
  }
  if (const auto ahead = find(key, std::max(*follower.position, begin()))) {
    pass_over(follower, *ahead);
    return {false, take(follower, *ahead)};
  }
  return {false, deliver_late(follower, key)};
}

// Something that is behind the follower's place: he skipped it before, or has had it.
bool RoomOrder::deliver_late(Follower& follower, MessageKey key) {
  const auto found = std::find(follower.missing.begin(), follower.missing.end(), key);
  if (found == follower.missing.end()) {
    ++follower.integrity.doubled;
    return false;
  }
  follower.missing.erase(found);
  ++follower.integrity.reordered;
  ++follower.integrity.delivered;
  if (disagreement_.empty()) {
    disagreement_ = fmt::format(
        "client {} got message {} of client {} after later ones; another member got it before them",
        follower.id, key.sequence, key.sender);
  }
  const auto index = find(key, begin());
  return index && no_longer_waited_for(*index);
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
bool RoomOrder::take(Follower& follower, std::uint64_t index) {
  follower.position = index + 1;
  ++follower.integrity.delivered;
  if (at(index).out_of_turn) {
    ++follower.integrity.reordered;
  }
  return no_longer_waited_for(index);
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

bool RoomOrder::no_longer_waited_for(std::uint64_t index) {
  Entry& entry = at(index);
  const bool done = entry.waited_for > 0 && --entry.waited_for == 0;
  if (done) {
    forget_done();
  }
  return done;
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
  if (follower.position) {
    pass_over(follower, end());
    for (const MessageKey key : follower.missing) {
      const auto index = find(key, begin());
      if (index && no_longer_waited_for(*index)) {
        completed.push_back(key);
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
