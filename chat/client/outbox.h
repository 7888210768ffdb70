#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "reactor/net.h"

namespace chat {

// What a client has sent and the server has not answered yet: messages, which it acknowledges, and
// JOIN and PART, without which messages behind them would not be taken. Each carries an id of ours
// under which it can be sent again when nobody knows whether it has arrived: the server takes one
// id of a session only once. Kept in the order sent, bounded. A plain container of the Client.
class Outbox {
 public:
  enum class Kind : std::uint8_t { kMessage, kJoin, kPart };

  static constexpr std::string_view kBroadcast = "BROADCAST";  // the verb that has no target

  struct Line {
    Kind kind = Kind::kMessage;
    std::string client_id;
    std::string_view verb;  // a constant
    std::string target;     // a room or a name; empty: everybody
    std::string text;
    reactor::TimePoint since;  // when it was sent first

    std::string text_on_the_wire() const;  // without id and line end
  };

  // More are not taken: whoever sends waits until some are answered. All of them at their longest
  // are less than a connection may have queued, so that they can be sent again at once.
  static constexpr std::size_t kLinesMax = 512;

  bool is_empty() const { return lines_.empty(); }
  bool is_full() const { return lines_.size() >= kLinesMax; }
  const std::deque<Line>& lines() const { return lines_; }
  std::size_t message_count() const { return message_count_; }

  // Fit for one thing that is sent; never the same twice.
  std::string next_client_id() { return "c" + std::to_string(++last_client_id_); }

  // REQUIRES: !is_full().
  const Line& add(Line line);
  // An answer to what has this id. The line, if it was there.
  std::optional<Line> take(std::string_view client_id);
  // JOINED or PARTED was said of the room: that is no answer to an id.
  void settle(Kind kind, std::string_view room);
  // Whether a JOIN or PART of the room is not answered.
  bool holds(Kind kind, std::string_view room) const;
  // Everything, in order: nobody will answer any more.
  std::deque<Line> take_all();

 private:
  std::deque<Line> lines_;
  std::size_t message_count_ = 0;
  std::uint64_t last_client_id_ = 0;
};

}  // namespace chat
