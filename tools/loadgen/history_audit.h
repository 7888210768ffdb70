#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/loadgen/result.h"
#include "tools/loadgen/room_order.h"

namespace loadgen {

// Holds what was sent, acknowledged and heard against what the history says, over any number of
// times that the server was killed. What must hold:
//   - what was acknowledged is in the history, once, under the number that it was acknowledged as;
//   - what was delivered is there, too, or in a range that was announced as gone;
//   - what is there was sent, is there once, and has reached every other client once and in order;
//   - a number names one message, and after a kill all new ones are above all old ones.
// Everybody is in the same room. A plain state machine; keeps some 60 bytes of each message.
class HistoryAudit {
 public:
  // Of so many offending messages it is said which they are.
  static constexpr std::size_t kOffendersMax = 10;

  HistoryAudit(std::size_t clients, std::size_t senders);

  // What happens, as it happens. The key's sequence is the sender's next one.
  void sent(MessageKey key);
  void acknowledged(MessageKey key, std::uint64_t id);
  void heard(std::size_t client, MessageKey key, std::uint64_t id);
  void heard_corrupted() { ++integrity_.corrupted; }
  // Announced, while resuming or in the history.
  void gap(std::uint64_t first, std::uint64_t last);

  // What the history says, oldest first: all of it behind `after`. Meanwhile nothing happens.
  void begin_reading(std::uint64_t after);
  void kept(MessageKey key, std::uint64_t id);
  // A message that nobody can have sent.
  void kept_foreign(std::uint64_t id, std::string_view text);
  // The history ends here.
  void end_reading();
  // The last number that was read; the next reading may begin behind it.
  std::uint64_t read_to() const { return read_to_; }

  // The server was killed the kill-th time and is up again; what it has kept was read, and nothing
  // was sent meanwhile. False when something acknowledged is missing already.
  bool restarted(std::uint64_t kill);

  std::uint64_t acknowledged() const { return acknowledged_; }
  // How much was heard, by all clients together.
  std::uint64_t heard() const { return heard_; }

  struct Verdict {
    HistoryResult history;
    Integrity integrity;  // of the deliveries
  };
  // REQUIRES: everything was read, from before the first message on. Once.
  Verdict judge();

 private:
  // One number and the message that has it.
  struct Entry {
    std::uint64_t id = 0;
    std::uint64_t sequence = 0;
    std::uint32_t sender = 0;
    std::uint32_t heard_by = 0;
    bool is_acknowledged = false;
    bool is_kept = false;
    bool is_foreign = false;  // the history has something else
    bool is_told = false;     // among the offenders
  };
  // Numbers of one message; 0: none.
  struct Numbers {
    std::uint64_t acknowledged = 0;
    std::uint64_t kept = 0;
  };
  using Range = std::pair<std::uint64_t, std::uint64_t>;
  // The sender of what nobody has sent.
  static constexpr std::uint32_t kNobody = UINT32_MAX;

  Numbers* find(MessageKey key);
  std::vector<Entry>::iterator find(std::uint64_t id);
  Entry* note(MessageKey key, std::uint64_t id);
  bool is_gone(std::uint64_t id) const;
  bool is_missing(const Entry& entry);
  void judge_kept(Entry& entry);
  void judge_lost(Entry& entry);
  void offend(Entry& entry, std::string_view what);
  void offend(std::string text);

  const std::size_t clients_;
  std::vector<std::vector<Numbers>> numbers_;  // by sender and sequence
  std::vector<std::uint64_t> last_heard_;      // by client
  std::vector<Entry> entries_;                 // by number
  std::vector<Range> gaps_;                    // ascending, apart from each other
  std::uint64_t acknowledged_ = 0;
  std::uint64_t heard_ = 0;
  std::uint64_t floor_ = 0;  // numbers up to this are from before the last kill

  std::uint64_t read_from_ = 0;
  std::uint64_t read_to_ = 0;
  std::uint64_t read_before_ = 0;  // as far as was read earlier
  bool is_reading_ = false;

  HistoryResult found_;
  Integrity integrity_;
};

}  // namespace loadgen
