#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/loadgen/result.h"

namespace loadgen {

// Names one message of a run: who sent it and which of his it was.
struct MessageKey {
  std::uint32_t sender = 0;
  std::uint64_t sequence = 0;

  bool operator==(const MessageKey&) const = default;
};

// One member's place in the order of a room, and what he got against what he should have got.
struct Follower {
  std::uint32_t id = 0;  // for the report
  // Whose messages he does not get: his own if he sends, unless the server echoes. Where his own
  // stand among the others' he can't tell, so it is not he who says what the order is.
  std::optional<std::uint32_t> not_from;
  // Where he is in the order. Nothing until the first delivery to one who came in the middle.
  std::optional<std::uint64_t> position;
  std::vector<MessageKey> missing;  // earlier in the order than what he got since
  std::vector<MessageKey> early;    // got before they had a place in the order, and what came then
  Integrity integrity;
};

// The order of one room's messages, as its members see it. Who gets everything and sees a message
// first appends it; everybody else is held against that: one step forward for each delivery when
// all is well, and a loss, a double or a disagreement otherwise. Messages that all have seen are
// forgotten, so its memory is what is in flight. Used on one thread.
// REQUIRES: somebody is a member from beginning to end who gets everything.
class RoomOrder {
 public:
  // sender_count: all MessageKey::sender are below it.
  explicit RoomOrder(std::size_t sender_count) : senders_(sender_count) {}

  // A member who is there from the beginning: he must get everything. One who comes in the middle
  // needs no call: he must get everything behind the first that he gets.
  void add(Follower& follower);
  // Appends to completed what everybody has now who was waited for. True when the message got its
  // place in the order by this. REQUIRES: key.sender is below sender_count.
  bool deliver(Follower& follower, MessageKey key, std::vector<MessageKey>& completed);
  // The follower goes, or the run is over: what others got and he did not is lost (is_lost) or just
  // not waited for any more. Appends to completed what is now seen by everybody.
  void remove(Follower& follower, bool is_lost, std::vector<MessageKey>& completed);

  // How many different messages of this sender somebody has seen.
  std::uint64_t seen_of(std::uint32_t sender) const { return senders_[sender].seen; }
  // What members disagreed about first, in a sentence; empty when they agree.
  const std::string& disagreement() const { return disagreement_; }

 private:
  // A lost message keeps everything behind it from being forgotten: beyond this many it is.
  static constexpr std::size_t kEntriesMax = std::size_t{1} << 22;
  // What is done with leaves the vector in pieces of at least this many.
  static constexpr std::size_t kForgetAtOnce = 4096;
  // A hole in a sender's numbers is remembered up to this length.
  static constexpr std::uint64_t kSkippedMax = std::uint64_t{1} << 20;

  struct Entry {
    MessageKey key;
    std::uint32_t waited_for = 0;  // members who have not seen it
    bool out_of_turn = false;      // a later one of the same sender stands before it
  };
  struct Sender {
    std::uint64_t next_sequence = 0;     // one more than the highest seen
    std::uint64_t seen = 0;              // different ones
    std::vector<std::uint64_t> skipped;  // lower ones that nobody has seen yet
    std::uint32_t deaf = 0;              // members who don't get his messages
  };

  std::uint64_t begin() const { return forgotten_ + head_; }
  std::uint64_t end() const { return forgotten_ + entries_.size(); }
  Entry& at(std::uint64_t index) { return entries_[index - forgotten_]; }
  std::optional<std::uint64_t> find(MessageKey key, std::uint64_t from) const;

  bool is_new(MessageKey key) const;
  void append(MessageKey key);
  bool enter_late(Follower& follower, MessageKey key);
  void enter(Follower& follower, std::uint64_t index);
  void place(Follower& follower, MessageKey key);
  void place_late(Follower& follower, MessageKey key);
  void place_early();
  void place_early_of(Follower& follower);
  void take(Follower& follower, std::uint64_t index);
  void pass_over(Follower& follower, std::uint64_t until);
  void no_longer_waited_for(std::uint64_t index);
  void forget_done();

  std::vector<Entry> entries_;
  std::size_t head_ = 0;         // the first of entries_ that is not done with
  std::uint64_t forgotten_ = 0;  // the index of entries_[0]
  std::uint64_t given_up_ = 0;   // up to here entries were forgotten that somebody had not seen
  std::vector<Sender> senders_;
  std::uint32_t followers_ = 0;
  std::vector<Follower*> early_ones_;             // who have something early
  std::vector<MessageKey>* completed_ = nullptr;  // of the call that is running
  std::string disagreement_;
};

}  // namespace loadgen
