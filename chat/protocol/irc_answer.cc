#include "chat/protocol/irc_answer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "chat/protocol/irc_history.h"
#include "chat/protocol/irc_isupport.h"
#include "chat/protocol/irc_refusal.h"
#include "chat/protocol/irc_turn.h"

namespace chat {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

// 2011-10-19 16:40:51 UTC
std::string time_in_words(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / kMsPerSecond);
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(seconds));
}

}  // namespace

void IrcAnswer::line(std::string_view command, std::initializer_list<std::string_view> words,
                     std::initializer_list<std::string_view> text) {
  IrcWriter writer(out_);
  writer.server(server_.name);
  writer.command(command);
  for (const std::string_view word : words) {
    writer.word(word);
  }
  writer.text(text);
  writer.end();
}

void IrcAnswer::begin_numeric(IrcWriter& writer, std::uint32_t number) const {
  writer.server(server_.name);
  writer.numeric(number);
  writer.word(name_);
}

void IrcAnswer::numeric(std::uint32_t number, std::initializer_list<std::string_view> text) {
  IrcWriter writer(out_);
  begin_numeric(writer, number);
  writer.text(text);
  writer.end();
}

void IrcAnswer::notice(std::initializer_list<std::string_view> text) {
  line("NOTICE", {name_}, text);
}

void IrcAnswer::standard_reply(std::string_view kind, std::string_view code,
                               std::string_view context, std::string_view text) {
  if (!takes_standard_replies_) {
    notice({text});
  } else if (context.empty()) {
    line(kind, {"*", code}, {text});
  } else {
    line(kind, {"*", code, context}, {text});
  }
}

void IrcAnswer::capabilities(std::string_view granted) { line("CAP", {name_, "ACK"}, {granted}); }

void IrcAnswer::pong(std::string_view text) { line("PONG", {server_.name}, {text}); }

void IrcAnswer::bye(std::string_view reason) {
  IrcWriter writer(out_);
  writer.command("ERROR");
  writer.text({"Closing link: ", reason});
  writer.end();
}

void IrcAnswer::registered(std::string_view origin) {
  const std::string_view separator = origin.empty() ? "" : "!";
  numeric(1, {"Welcome to the ", server_.network, " Network, ", name_, separator, origin});
  numeric(2, {"Your host is ", server_.name, ", running version ", server_.version});
  numeric(3, {"This server was created ", time_in_words(server_.started_unix_ms)});
  IrcWriter writer(out_);
  begin_numeric(writer, 4);
  writer.word(server_.name);
  writer.word(server_.version);
  writer.params(kIrcModes);
  writer.end();
  for (const std::string& tokens : irc_isupport(limits_, server_)) {
    IrcWriter isupport(out_);
    begin_numeric(isupport, 5);
    isupport.params(tokens);
    isupport.end();
  }
}

void IrcAnswer::error(const Event& event) {
  if (is_about_irc_history(event)) {
    history_failed(event);
    return;
  }
  using Subject = IrcRefusal::Subject;
  const IrcRefusal refusal = irc_refusal_of(event.refusal);
  const std::string_view text = refusal.text.empty() ? event.text : refusal.text;
  if (refusal.number == 0) {
    const bool has_context = refusal.subject != Subject::kNone;
    standard_reply("FAIL", refusal.code, has_context ? event.subject : std::string_view(), text);
    return;
  }
  IrcWriter writer(out_);
  begin_numeric(writer, refusal.number);
  if (refusal.subject == Subject::kWord || refusal.subject == Subject::kWordAndRoom) {
    writer.word(event.subject);
  }
  if (refusal.subject == Subject::kRoom) {
    writer.room(event.subject);
  }
  if (refusal.subject == Subject::kWordAndRoom) {
    writer.room(event.room);
  }
  writer.text({text});
  writer.end();
}

void IrcAnswer::history_failed(const Event& event) {
  const bool is_servers_fault = event.refusal == Refusal::kInternal ||
                                event.refusal == Refusal::kTooFast ||
                                event.refusal == Refusal::kShuttingDown;
  const IrcHistoryQuestion asked = irc_history_question(event);
  // Whether there is what somebody must not see is not told either.
  line("FAIL",
       {"CHATHISTORY", is_servers_fault ? "MESSAGE_ERROR" : "INVALID_TARGET", asked.subcommand,
        is_about_irc_targets(event) ? "*" : asked.target},
       {is_servers_fault ? event.text : "Messages could not be retrieved"});
}

void IrcAnswer::numeric_or_line(const Event& event) {
  IrcWriter writer(out_);
  if (event.count > 0) {
    begin_numeric(writer, event.count);
  } else if (!event.text.starts_with(':')) {  // or it says itself who it is from
    writer.server(server_.name);
  }
  writer.params(event.text);
  if (event.count == kIrcTimeNumber) {
    writer.number(static_cast<std::uint64_t>(event.unix_ms / kMsPerSecond));
    writer.text({time_in_words(event.unix_ms)});
  }
  writer.end();
}

void IrcAnswer::topic(const Event& event) {
  IrcWriter writer(out_);
  begin_numeric(writer, event.text.empty() ? 331 : 332);
  writer.room(event.room);
  writer.text({event.text.empty() ? "No topic is set" : event.text});
  writer.end();
  if (event.text.empty()) {
    return;
  }
  IrcWriter about(out_);
  begin_numeric(about, 333);
  about.room(event.room);
  about.word(event.subject);
  about.number(static_cast<std::uint64_t>(event.unix_ms / kMsPerSecond));
  about.end();
}

void IrcAnswer::modes(const Event& event) {
  IrcWriter writer(out_);
  begin_numeric(writer, 324);
  writer.room(event.room);
  writer.params(event.text);
  writer.end();
}

void IrcAnswer::inviting(const Event& event) {
  IrcWriter writer(out_);
  begin_numeric(writer, 341);
  writer.word(event.target);
  writer.room(event.room);
  writer.end();
}

bool IrcAnswer::in_words(const Event& event) {
  const std::string_view who = event.subject;
  switch (event.kind) {
    case EventKind::kRequest:
      notice({who, " asks for a private chat; just write to them"});
      return true;
    case EventKind::kChatStarted:
      notice({"Your private chat with ", who, " has begun; just write to them"});
      return true;
    case EventKind::kChatEnded:
      notice({who, " has ended the private chat"});
      return true;
    case EventKind::kChatDeclined:
      notice({who, " does not want a private chat"});
      return true;
    case EventKind::kChatExpired:
      notice({who, " has not answered your request for a private chat"});
      return true;
    case EventKind::kGap:
      standard_reply("NOTE", "MESSAGES_GONE", {},
                     "Messages may be missing here: they are not stored any more");
      return true;
    default:
      return false;
  }
}

}  // namespace chat
