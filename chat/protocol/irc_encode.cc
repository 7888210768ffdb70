#include <algorithm>
#include <string>
#include <string_view>

#include "chat/protocol/irc.h"
#include "chat/protocol/irc_writer.h"
#include "chat/protocol/utf8.h"

namespace chat {
namespace {

constexpr std::string_view kActionBegin =
    "\x01"
    "ACTION ";
constexpr std::string_view kActionEnd = "\x01";
// However long the names are, a piece of a text has room for a character.
constexpr std::size_t kPieceBytesMin = 4;

// The tags that the format has, and who it is from. The first of several lines about one event has
// what is said once.
void begin_line(IrcWriter& line, const Event& event, const WireFormat& format, bool is_first) {
  if (format.has(WireFormat::kServerTime) && event.unix_ms > 0) {
    line.time_tag(event.unix_ms);
  }
  if (is_first && format.has(WireFormat::kMessageTags)) {
    if (event.kind == EventKind::kTagMessage) {
      line.id_tag(event.unix_ms, event.id);
    } else if (event.id != 0) {
      line.id_tag(event.id);
    }
    if (!event.tags.empty()) {
      line.tags(event.tags);
    }
  }
  line.person(event.subject, event.origin);
}

// A room, or the name of one client. What comes from the store has no room_id.
void append_target(IrcWriter& line, const Event& event) {
  if (event.room_id != kNoRoom || event.kind == EventKind::kMessage) {
    line.room(event.room);
  } else {
    line.word(event.room);
  }
}

void append_text_if_any(IrcWriter& line, const Event& event) {
  if (!event.text.empty()) {
    line.text({event.text});
  }
}

// "/me waves" of a text that is written so: each of its lines begins and ends like this.
struct Action {
  std::string_view begin;
  std::string_view end;
};

Action take_action(std::string_view& text) {
  if (!text.starts_with(kActionBegin)) {
    return {};
  }
  text.remove_prefix(kActionBegin.size());
  if (text.ends_with(kActionEnd)) {
    text.remove_suffix(kActionEnd.size());
  }
  return {.begin = kActionBegin, .end = kActionEnd};
}

std::string_view first_piece(std::string_view text, std::size_t bytes_max) {
  const std::string_view piece = cut_text(text, std::max(bytes_max, kPieceBytesMin));
  // What is no text has to end, too.
  return piece.empty() ? text.substr(0, kPieceBytesMin) : piece;
}

void append_message(const Event& event, const WireFormat& format, std::string& out) {
  std::string_view text = event.text;
  const Action action = take_action(text);
  bool is_first = true;
  do {
    IrcWriter line(out);
    begin_line(line, event, format, is_first);
    line.command(event.notice ? "NOTICE" : "PRIVMSG");
    append_target(line, event);
    const std::size_t left = line.text_bytes_left();
    const std::size_t taken = std::min(left, action.begin.size() + action.end.size());
    const std::string_view piece = first_piece(text, left - taken);
    line.text({action.begin, piece, action.end});
    line.end();
    text.remove_prefix(piece.size());
    is_first = false;
  } while (!text.empty());
}

// What is behind the source. False: IRC, or the format, does not tell of it.
bool append_rest(IrcWriter& line, const Event& event, const WireFormat& format) {
  switch (event.kind) {
    case EventKind::kTopic:
      line.command("TOPIC");
      line.room(event.room);
      line.text({event.text});
      return true;
    case EventKind::kEntered:
    case EventKind::kJoined:
      line.command("JOIN");
      line.room(event.room);
      if (format.has(WireFormat::kExtendedJoin)) {
        line.word("*");  // nobody has an account
        line.text({event.text});
      }
      return true;
    case EventKind::kLeft:
    case EventKind::kParted:
      line.command("PART");
      line.room(event.room);
      append_text_if_any(line, event);
      return true;
    case EventKind::kQuit:
      line.command("QUIT");
      append_text_if_any(line, event);
      return true;
    case EventKind::kRenamed:
      line.command("NICK");
      line.word(event.target);
      return true;
    case EventKind::kAway:
      line.command("AWAY");
      append_text_if_any(line, event);
      return format.has(WireFormat::kAwayNotify);
    case EventKind::kRealName:
      line.command("SETNAME");
      line.text({event.text});
      return format.has(WireFormat::kSetName);
    case EventKind::kKicked:
      line.command("KICK");
      line.room(event.room);
      line.word(event.target);
      line.text({event.text.empty() ? event.subject : event.text});
      return true;
    case EventKind::kModeChanged:
      line.command("MODE");
      append_target(line, event);
      line.params(event.text);
      return true;
    case EventKind::kInvited:
    case EventKind::kInviting:
      line.command("INVITE");
      line.word(event.target);
      line.room(event.room);
      return event.to || format.has(WireFormat::kInviteNotify);
    case EventKind::kTagMessage:
      line.command("TAGMSG");
      append_target(line, event);
      return format.has(WireFormat::kMessageTags);
    default:
      return false;
  }
}

}  // namespace

void encode_irc(const Event& event, const WireFormat& format, const Limits& /*limits*/,
                std::string& out) {
  switch (event.kind) {
    case EventKind::kMessage:
    case EventKind::kDirect:
    case EventKind::kEcho:
      append_message(event, format, out);
      return;
    default:
      break;
  }
  const std::size_t begin = out.size();
  IrcWriter line(out);
  begin_line(line, event, format, true);
  if (append_rest(line, event, format)) {
    line.end();
  } else {
    out.resize(begin);
  }
}

}  // namespace chat
