#include "chat/protocol/irc_codec.h"

#include <fmt/format.h>

#include <algorithm>

#include "chat/names.h"
#include "chat/protocol/irc.h"
#include "chat/protocol/irc_answer.h"
#include "chat/protocol/irc_commands.h"
#include "chat/protocol/irc_history.h"
#include "chat/protocol/utf8.h"

namespace chat {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

char to_capital(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// The label's value, or nothing if it can be none.
std::string_view label_of(std::string_view tags) {
  const std::string_view label = irc_tag_value(tags, "label");
  const bool is_label = label.size() <= kIrcLabelBytesMax && is_text(label) &&
                        label.find('\r') == std::string_view::npos;
  return is_label ? label : std::string_view();
}

}  // namespace

IrcCodec::IrcCodec(const Limits& limits, const ServerInfo& server)
    : limits_(limits),
      server_(server),
      capabilities_for_hub_(capabilities_.for_hub()),
      registration_(std::make_unique<Registration>()) {}

WireFormat IrcCodec::format() const {
  return {WireFormat::Dialect::kIrc, WireFormat::Framing::kNone, capabilities_.format_features()};
}

std::size_t IrcCodec::parse(std::string_view bytes, CommandSink& sink) {
  return lines_.split(
      bytes, [this](std::string_view line) { return is_too_long(line); },
      [this, &sink](const WireLine& line) { return take_line(line, sink); });
}

// The limit for lines is of what all protocols take: it can be lower than what IRC allows.
bool IrcCodec::is_too_long(std::string_view line) const {
  const std::size_t tags = irc_tags_bytes(line);
  return tags > std::min(kIrcTagsBytesMax, limits_.line_bytes_max) ||
         line.size() - tags > std::min(kIrcLineBytesMax, limits_.line_bytes_max);
}

bool IrcCodec::take_line(const WireLine& line, CommandSink& sink) {
  if (line.is_too_long) {
    IrcTurn turn(sink, capabilities_for_hub_, {}, line.wire_bytes);
    turn.refuse(Refusal::kTooLong, {}, "Input line was too long");
    return !turn.is_over();
  }
  const IrcLine parts = parse_irc_line(line.text);
  if (parts.command.empty()) {
    return true;
  }
  const std::string_view label =
      capabilities_.has_labels() ? label_of(parts.tags) : std::string_view();
  IrcTurn turn(sink, capabilities_for_hub_, label, line.wire_bytes);
  if (is_text(line.text)) {
    run(turn, parts);
  } else {
    refuse_as_no_text(turn, parts);
  }
  turn.end();
  if (!name_.empty()) {
    registration_.reset();  // not before, for the hub may still have been reading it
  }
  return !turn.is_over();
}

void IrcCodec::run(IrcTurn& turn, const IrcLine& line) {
  if (run_registration(turn, line)) {
    return;
  }
  const IrcCommand* const command = find_irc_command(line.command);
  if (command == nullptr) {
    return turn.refuse(Refusal::kUnknownVerb, cut_text(line.command, kIrcCommandBytesMax),
                       "Unknown command");
  }
  const bool is_early = registration_ != nullptr && !registration_->was_sent;
  if (is_early && !command->before_registration) {
    return turn.refuse(Refusal::kRegisterFirst, {}, "You have not registered");
  }
  for (std::size_t i = 0; i < command->params_min; ++i) {
    if (line.param(i).empty()) {
      return turn.refuse(Refusal::kMalformed, command->name, "Not enough parameters");
    }
  }
  command->run(turn, line, {limits_, server_, capabilities_});
}

// Whether the command was one of those that say who the client is.
bool IrcCodec::run_registration(IrcTurn& turn, const IrcLine& line) {
  const auto is = [&line](std::string_view name) {
    return compare_ignoring_case(line.command, name) == 0;
  };
  if (is("CAP")) {
    cap(turn, line);
  } else if (is("NICK")) {
    nick(turn, line);
  } else if (is("USER")) {
    user(turn, line);
  } else if (is("PASS")) {
    pass(turn, line);
  } else {
    return false;
  }
  return true;
}

void IrcCodec::refuse_as_no_text(IrcTurn& turn, const IrcLine& line) {
  std::string command(line.command.substr(0, kIrcCommandBytesMax));
  if (!std::ranges::all_of(command, is_letter_or_digit)) {
    command = '*';
  }
  std::ranges::transform(command, command.begin(), to_capital);
  turn.answer_line({"FAIL ", command, " INVALID_UTF8 :Message rejected: it is not UTF-8"});
}

bool IrcCodec::ping(std::string& out) {
  IrcWriter line(out);
  line.command("PING");
  line.text({server_.name});
  line.end();
  return true;
}

std::string_view IrcCodec::name_or_star() const {
  return name_.empty() ? std::string_view("*") : std::string_view(name_);
}

void IrcCodec::answer(const Event& event, std::string& out) {
  if (event.client_id.empty()) {
    tell(event, out);
    return;
  }
  if (labels_ == nullptr) {
    labels_ = std::make_unique<IrcLabels>();
  }
  if (event.kind == EventKind::kLabelEnd) {
    labels_->end(event.client_id, server_.name, out);
    return;
  }
  std::string lines;
  tell(event, lines);
  if (event.kind == EventKind::kHistory || event.kind == EventKind::kTargets) {
    labels_->add_batch(event.client_id, lines, server_.name, out);
  } else {
    labels_->add(event.client_id, lines, server_.name, out);
  }
}

void IrcCodec::tell(const Event& event, std::string& out) {
  if (event.kind == EventKind::kRegistered) {
    name_ = event.subject;
  }
  if (is_irc_history(event)) {
    return tell_from_history(event, out);
  }
  IrcAnswer to_client(server_, limits_, name_or_star(),
                      capabilities_.has(IrcCapability::kStandardReplies), out);
  switch (event.kind) {
    case EventKind::kHistory:
    case EventKind::kTargets:
      return begin_history(event, out);
    case EventKind::kHistoryEnd:
      return end_history(event, out);
    case EventKind::kRegistered:
      return to_client.registered(event.origin);
    case EventKind::kWelcome:
      return to_client.capabilities(event.text);
    case EventKind::kPong:
      return to_client.pong(event.text);
    case EventKind::kBye:
      return to_client.bye(event.text);
    case EventKind::kAnswer:
      return to_client.numeric_or_line(event);
    case EventKind::kError:
      note_refusal(event.refusal);
      return to_client.error(event);
    case EventKind::kTopic:
      return to_client.topic(event);
    case EventKind::kModes:
      return to_client.modes(event);
    case EventKind::kInvited:
      return tell_invitation(event, out);
    case EventKind::kInviting:
      return to_client.inviting(event);
    default:
      break;
  }
  if (to_client.in_words(event)) {
    return;
  }
  encode_irc(event, format(), limits_, out);
  if (event.kind == EventKind::kRenamed) {
    name_ = event.target;
  }
}

std::string IrcCodec::history_batch() const { return fmt::format("H{}", histories_ended_ + 1); }

// Who does not know batches is sent the bare messages.
void IrcCodec::begin_history(const Event& event, std::string& out) {
  ++histories_begun_;
  if (capabilities_.has(IrcCapability::kBatch)) {
    IrcWriter line(out);
    line.server(server_.name);
    line.command("BATCH");
    line.params(fmt::format("+H{}", histories_begun_));
    if (event.kind == EventKind::kTargets) {
      line.word("draft/chathistory-targets");
    } else {
      line.word("chathistory");
      line.word(irc_history_question(event).target);
    }
    line.end();
  }
}

void IrcCodec::tell_from_history(const Event& event, std::string& out) {
  if (is_about_irc_targets(event)) {
    return targets_.add(event);
  }
  std::string topic;
  std::string lines;
  encode_irc(irc_history_message(event, topic), format(), limits_, lines);
  add_to_batch(lines, out);
}

void IrcCodec::add_to_batch(std::string_view lines, std::string& out) const {
  if (capabilities_.has(IrcCapability::kBatch)) {
    append_irc_tagged(lines, "batch", history_batch(), out);
  } else {
    out += lines;
  }
}

void IrcCodec::end_history(const Event& event, std::string& out) {
  if (event.refusal != Refusal::kNone) {
    IrcAnswer(server_, limits_, name_or_star(), true, out).history_failed(event);
  } else if (is_about_irc_targets(event)) {
    std::string lines;
    targets_.take(irc_history_question(event).target, event.room, server_.name, lines);
    add_to_batch(lines, out);
  }
  if (capabilities_.has(IrcCapability::kBatch)) {
    IrcWriter line(out);
    line.server(server_.name);
    line.command("BATCH");
    line.params("-" + history_batch());
    line.end();
  }
  ++histories_ended_;
}

void IrcCodec::tell_invitation(Event event, std::string& out) const {
  event.target = name_;
  encode_irc(event, format(), limits_, out);
}

// The client has to choose another name to be registered.
void IrcCodec::note_refusal(Refusal refusal) {
  const bool is_about_name = refusal == Refusal::kNameTaken || refusal == Refusal::kInvalidName;
  if (registration_ != nullptr && name_.empty() && is_about_name) {
    registration_->name_refused = true;
  }
}

}  // namespace chat
