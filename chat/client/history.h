#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "chat/client/server_line.h"

namespace chat {

// Why a part of a history was asked for.
enum class HistoryKind : std::uint8_t {
  kEntry,   // what was said in the lobby before this client came, to begin with
  kMissed,  // what was said in a room between two sessions
  kAsked,   // whoever uses the client wanted it
};

// A part of a history, for ClientHandler::on_history.
struct HistoryAnswer {
  HistoryKind kind = HistoryKind::kAsked;
  std::string_view room;  // as it was asked for: a room, or @ and a name
  // Messages, the oldest first, one's own included, and GAPs among them.
  std::span<const ServerLine> lines;
  bool is_last = true;       // of the answers for this room; kMissed can have several
  std::string_view failure;  // why there is no answer; empty: this is one
};

// A HISTORY that was sent and has not been answered.
struct HistoryQuestion {
  HistoryKind kind = HistoryKind::kAsked;
  std::string room;
  bool before = true;  // the last ones before id (0: of all), else the first ones behind it
  std::uint64_t id = 0;
  std::uint32_t count = 0;
  std::string client_id;
  bool is_probe = false;  // an empty one: is it refused, because the client is not in the room?
  // What was received before this PONG is no part of the answer; empty: nothing could be taken for
  // it.
  std::string mark;

  std::string line() const;
  bool is_ended_by(const ServerLine& line) const;
  // An ERROR says under which id it was asked, or at least what it is about.
  bool is_refused_by(const ServerLine& line) const;
};

// Of the lines received since the question was asked, the first that belongs to its answer, which
// ends behind the last of them. The lines of an answer look like live ones. But they stand one
// behind the other, they are of the room that was asked for, their numbers grow, and a live message
// in front of them is newer than the oldest of them (or else would be its part).
std::size_t begin_of_answer(const std::deque<std::string>& lines, const HistoryQuestion& question);

}  // namespace chat
