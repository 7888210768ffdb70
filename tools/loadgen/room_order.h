#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tools/loadgen/result.h"

namespace loadgen {

// Names one message of a run: who sent it and which of his it was.
struct MessageKey {
  std::uint32_t sender = 0;
  std::uint64_t sequence = 0;

  bool operator==(const MessageKey&) const = default;
  bool operator<(const MessageKey& other) const {
    return std::tie(sender, sequence) < std::tie(other.sender, other.sequence);
  }
};

// One member's place in the order of a room, and what he got against what he should have got.
struct Follower {
  // For the report. kind: of the client, where there are several.
  std::uint32_t id = 0;
  std::string_view kind;
  // Whose messages he does not get: his own if he sends, unless the server echoes.
  std::optional<std::uint32_t> not_from;
  // He comes and goes, and sends nothing: he must get everything behind the first that he gets.
  bool is_guest = false;
  // Where he is in the order. Nothing before the first delivery to a guest.
  std::optional<std::uint64_t> position;
  std::vector<std::uint64_t> missing;  // places in the order, before what he got since; ascending
  std::vector<MessageKey> early;       // got before it had a place in the order, and what came then
  Integrity integrity;

  // Who gets everything says what the order is. Where his own messages stand among the others', or
  // what was said before he came, a member can't tell.
  bool leads() const { return !not_from && !is_guest; }
};

// The order of one room's messages, as its members see it. The first of those who lead who gets a
// message appends it; everybody is held against that: one step forward for each delivery when all
// is well, and a loss, a double or a disagreement otherwise. Messages that all have seen are
// forgotten, so its memory is what is in flight. Used on one thread.
// REQUIRES: somebody leads.
class RoomOrder {
 public:
  // What somebody misses keeps everything behind it from being forgotten: beyond this many messages
  // it is, whoever is still waited for. Nor does anybody get more that has no place yet.
  static constexpr std::size_t kRememberedMax = std::size_t{1} << 22;

  // sender_count: all MessageKey::sender are below it.
  explicit RoomOrder(std::size_t sender_count, std::size_t remembered_max = kRememberedMax)
      : remembered_max_(remembered_max), senders_(sender_count) {}

  // A member who is there from the beginning: he must get everything. A guest needs no call.
  // Followers stay where they are until they leave or the order is gone.
  void add(Follower& follower);
  // Appends to completed what everybody has now who was waited for. True when the message got its
  // place in the order by this. REQUIRES: key.sender is below sender_count.
  bool deliver(Follower& follower, MessageKey key, std::vector<MessageKey>& completed);
  // A guest goes: nobody waits for him any more. What he did not get before something later is
  // lost. Appends to completed as deliver does.
  void leave(Follower& guest, std::vector<MessageKey>& completed);
  // Nothing more comes for a member who was there from the beginning: what is delivered to him is
  // complete. What was lost is for the caller to say, who knows what was sent.
  void close(Follower& follower);

  // The place that the next message will get.
  std::uint64_t end() const { return forgotten_ + entries_.size(); }
  // How many deliveries came more than once so far.
  std::uint64_t doubled() const { return doubled_; }
  // How many messages are kept in memory.
  std::size_t remembered() const { return entries_.size(); }
  // What members disagreed about first, in a sentence; empty when they agree.
  const std::string& disagreement() const { return disagreement_; }

 private:
  // What is done with leaves the vector in pieces of at least this many.
  static constexpr std::size_t kForgetAtOnce = 4096;
  // A hole in a sender's numbers is remembered up to this length.
  static constexpr std::uint64_t kSkippedMax = std::uint64_t{1} << 20;

  struct Entry {
    MessageKey key;
    std::uint32_t waited_for = 0;  // members who have not seen it
    bool out_of_turn = false;      // a later one of the same sender stands before it
    bool is_completed = false;     // once, though guests may be waited for again
  };
  struct Sender {
    std::uint64_t next_sequence = 0;     // one more than the highest placed
    std::vector<std::uint64_t> skipped;  // lower ones that have no place yet; ascending
    std::uint32_t deaf = 0;              // members who don't get his messages
  };

  std::uint64_t begin() const { return forgotten_ + head_; }
  Entry& at(std::uint64_t index) { return entries_[index - forgotten_]; }
  std::optional<std::uint64_t> find(MessageKey key, std::uint64_t from) const;

  bool is_new(MessageKey key) const;
  void append(MessageKey key);
  void place(Follower& follower, MessageKey key);
  bool enter_late(Follower& guest, MessageKey key);
  std::uint64_t move_up(std::uint64_t index, std::uint64_t from);
  void place_late(Follower& follower, MessageKey key);
  void place_early();
  void place_rest(Follower& follower);
  void take(Follower& follower, std::uint64_t index);
  bool is_out_of_turn(const Follower& follower, std::uint64_t index);
  void pass_over(Follower& follower, std::uint64_t until);
  void note_doubled(Follower& follower);
  void no_longer_waited_for(std::uint64_t index);
  void forget_done();

  const std::size_t remembered_max_;
  std::vector<Entry> entries_;
  std::size_t head_ = 0;         // the first of entries_ that is not done with
  std::uint64_t forgotten_ = 0;  // the index of entries_[0]
  std::vector<Sender> senders_;
  std::vector<Follower*> followers_;              // who are waited for
  std::vector<Follower*> early_ones_;             // who have something early
  std::vector<MessageKey>* completed_ = nullptr;  // of the call that is running
  std::uint64_t doubled_ = 0;
  std::string disagreement_;
};

}  // namespace loadgen
