#include "chat/client/history.h"

#include <fmt/format.h>

#include "chat/client/same_name.h"

namespace chat {
namespace {

constexpr std::string_view kEndOfHistory = "HISTORY:";

bool is_about(const ServerLine& line, std::string_view room) {
  if (room.starts_with('@')) {
    const std::string_view peer = room.substr(1);
    return line.verb == ServerVerb::kDirect &&
           (same_name(line.fields[0], peer) || same_name(line.to, peer));
  }
  return is_delivery(line.verb) && line.verb != ServerVerb::kDirect && same_name(line.room, room);
}

}  // namespace

std::string HistoryQuestion::line() const {
  return fmt::format("HISTORY:{}:{}:{}:{}", room, before ? "before" : "after", id, count);
}

bool HistoryQuestion::is_ended_by(const ServerLine& line) const {
  return line.verb == ServerVerb::kEnd && line.fields[0].starts_with(kEndOfHistory) &&
         same_name(line.fields[0].substr(kEndOfHistory.size()), room);
}

bool HistoryQuestion::is_refused_by(const ServerLine& line) const {
  if (line.verb != ServerVerb::kError) {
    return false;
  }
  return line.client_id.empty() ? same_name(line.fields[1], room) || line.fields[1] == "HISTORY"
                                : line.client_id == client_id;
}

std::size_t begin_of_answer(const std::deque<std::string>& lines, const HistoryQuestion& question) {
  std::size_t begin = lines.size();
  std::uint64_t next_id = UINT64_MAX;
  std::uint32_t messages = 0;
  while (begin > 0) {
    const ServerLine line = parse_server_line(lines[begin - 1]);
    const bool is_gap = line.verb == ServerVerb::kGap;
    if (!line.id || *line.id >= next_id || !(is_gap || is_about(line, question.room))) {
      break;
    }
    messages += is_gap ? 0 : 1;
    const bool in_front = !question.before && *line.id <= question.id;
    if (messages > question.count || in_front) {
      break;
    }
    next_id = line.from.value_or(*line.id);
    --begin;
  }
  return begin;
}

}  // namespace chat
