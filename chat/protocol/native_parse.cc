#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "chat/names.h"
#include "chat/number.h"
#include "chat/protocol/native.h"
#include "chat/protocol/utf8.h"

namespace chat {
namespace {

constexpr std::size_t kEchoedVerbBytesMax = 32;
constexpr std::size_t kClientIdBytesMax = 64;

// What stands behind a verb.
enum class Fields : std::uint8_t {
  kNone,
  kOptionalTarget,
  kTarget,
  kText,     // at least one byte
  kAnyText,  // may be empty
  kTargetText,
  kTargetAnyText,
  kTargetOptionalText,  // which may be left out with its colon
  kTargetPeer,
  kTargetPeerOptionalText,
  kTargetNumber,
  kHistory,
  kHello,
};

struct VerbRule {
  std::string_view name;
  Verb verb;
  Fields fields;
  std::string_view usage;
};

constexpr VerbRule kHello{"HELLO", Verb::kHello, Fields::kHello,
                          "usage: HELLO:1:tags,ack,resume,presence"};
// Only spoken by hand.
constexpr VerbRule kHelp{"HELP", Verb::kHelp, Fields::kNone, "usage: HELP"};
// What is said often comes first.
constexpr std::array kVerbs{
    VerbRule{"BROADCAST", Verb::kBroadcast, Fields::kText, "usage: BROADCAST:text"},
    VerbRule{"SAY", Verb::kSay, Fields::kTargetText, "usage: SAY:room:text"},
    VerbRule{"CHAT", Verb::kDirect, Fields::kTargetText, "usage: CHAT:name:text"},
    VerbRule{"PING", Verb::kPing, Fields::kAnyText, "usage: PING:anything"},
    VerbRule{"REGISTER", Verb::kRegister, Fields::kTarget, "usage: REGISTER:name"},
    VerbRule{"LIST", Verb::kList, Fields::kOptionalTarget, "usage: LIST or LIST:room"},
    VerbRule{"ROOMS", Verb::kRooms, Fields::kNone, "usage: ROOMS"},
    VerbRule{"JOIN", Verb::kJoin, Fields::kTargetOptionalText, "usage: JOIN:room or JOIN:room:key"},
    VerbRule{"PART", Verb::kPart, Fields::kTarget, "usage: PART:room"},
    VerbRule{"TOPIC", Verb::kTopic, Fields::kTargetAnyText, "usage: TOPIC:room:text"},
    VerbRule{"MODE", Verb::kMode, Fields::kTargetOptionalText,
             "usage: MODE:room or MODE:room:+o name"},
    VerbRule{"KICK", Verb::kKick, Fields::kTargetPeerOptionalText,
             "usage: KICK:room:name or KICK:room:name:reason"},
    VerbRule{"INVITE", Verb::kInvite, Fields::kTargetPeer, "usage: INVITE:room:name"},
    VerbRule{"REQUEST", Verb::kRequest, Fields::kTarget, "usage: REQUEST:name"},
    VerbRule{"ACCEPT", Verb::kAccept, Fields::kTarget, "usage: ACCEPT:name"},
    VerbRule{"DECLINE", Verb::kDecline, Fields::kTarget, "usage: DECLINE:name"},
    VerbRule{"LEAVE", Verb::kLeave, Fields::kNone, "usage: LEAVE"},
    VerbRule{"HISTORY", Verb::kHistory, Fields::kHistory,
             "usage: HISTORY:room:before:id:count or HISTORY:room:after:id:count"},
    VerbRule{"RESUME", Verb::kResume, Fields::kTargetNumber, "usage: RESUME:token:last id"},
    VerbRule{"QUIT", Verb::kQuit, Fields::kNone, "usage: QUIT"},
    kHello,
};

Command accept(Verb verb, std::string_view target = {}, std::string_view text = {}) {
  Command command;
  command.verb = verb;
  command.target = target;
  command.text = text;
  return command;
}

Command reject(Refusal refusal, std::string_view subject, std::string_view text) {
  Command command;
  command.verb = Verb::kReject;
  command.refusal = refusal;
  command.target = subject;
  command.text = text;
  return command;
}

Command malformed(const VerbRule& rule) {
  return reject(Refusal::kMalformed, rule.name, rule.usage);
}

const VerbRule* find_verb(std::string_view name) {
  const auto* found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                   [name](const VerbRule& rule) { return rule.name == name; });
  return found == kVerbs.end() ? nullptr : found;
}

// A line up to its first colon and what is behind it; no rest: there was no colon.
struct Split {
  std::string_view head;
  std::optional<std::string_view> rest;
};

Split split_at_colon(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return {.head = line, .rest = {}};
  }
  return {.head = line.substr(0, colon), .rest = line.substr(colon + 1)};
}

// target:number
Command with_number(const VerbRule& rule, const Split& fields) {
  const auto id = parse_number<MessageId>(fields.rest.value_or(std::string_view{}));
  if (fields.head.empty() || !id) {
    return malformed(rule);
  }
  Command command = accept(rule.verb, fields.head);
  command.id = *id;
  return command;
}

// room:before:id:count
Command history(const VerbRule& rule, const Split& fields) {
  const Split direction = split_at_colon(fields.rest.value_or(std::string_view{}));
  const Split number = split_at_colon(direction.rest.value_or(std::string_view{}));
  const auto id = parse_number<MessageId>(number.head);
  const auto count = parse_number<std::uint32_t>(number.rest.value_or(std::string_view{}));
  const bool before = direction.head == "before";
  if (fields.head.empty() || !(before || direction.head == "after") || !id || !count ||
      *count == 0) {
    return malformed(rule);
  }
  Command command = accept(rule.verb, fields.head);
  command.id = *id;
  command.count = *count;
  command.before = before;
  return command;
}

// target:peer, target:peer:text
Command with_peer(const VerbRule& rule, const Split& fields) {
  const Split peer = split_at_colon(fields.rest.value_or(std::string_view{}));
  const bool is_too_much = peer.rest && rule.fields == Fields::kTargetPeer;
  if (fields.head.empty() || peer.head.empty() || is_too_much) {
    return malformed(rule);
  }
  Command command = accept(rule.verb, fields.head, peer.rest.value_or(std::string_view{}));
  command.peer = peer.head;
  return command;
}

bool may_stand_alone(const VerbRule& rule) {
  return rule.fields == Fields::kNone || rule.fields == Fields::kOptionalTarget;
}

// Any verb but HELLO, with what was behind its colon if it had one.
Command apply_rule(const VerbRule& rule, std::optional<std::string_view> rest) {
  if (!rest || rule.fields == Fields::kNone) {
    const bool right = !rest && may_stand_alone(rule);
    return right ? accept(rule.verb) : malformed(rule);
  }
  if (rule.fields == Fields::kText || rule.fields == Fields::kAnyText) {
    const bool right = rule.fields == Fields::kAnyText || !rest->empty();
    return right ? accept(rule.verb, {}, *rest) : malformed(rule);
  }
  if (rule.fields == Fields::kTarget || rule.fields == Fields::kOptionalTarget) {
    return rest->empty() ? malformed(rule) : accept(rule.verb, *rest);
  }
  const Split fields = split_at_colon(*rest);
  if (rule.fields == Fields::kTargetNumber) {
    return with_number(rule, fields);
  }
  if (rule.fields == Fields::kHistory) {
    return history(rule, fields);
  }
  if (rule.fields == Fields::kTargetPeer || rule.fields == Fields::kTargetPeerOptionalText) {
    return with_peer(rule, fields);
  }
  if (rule.fields == Fields::kTargetOptionalText) {
    return fields.head.empty()
               ? malformed(rule)
               : accept(rule.verb, fields.head, fields.rest.value_or(std::string_view{}));
  }
  const bool text_missing =
      !fields.rest || (fields.rest->empty() && rule.fields == Fields::kTargetText);
  if (fields.head.empty() || text_missing) {
    return malformed(rule);
  }
  return accept(rule.verb, fields.head, *fields.rest);
}

// word: in any case.
bool is_word(std::string_view text, std::string_view word) {
  return compare_ignoring_case(text, word) == 0;
}

// send NAME TEXT
Command send_by_hand(std::string_view arguments) {
  const std::size_t start = arguments.find_first_not_of(' ');
  if (start != std::string_view::npos) {
    const std::string_view name_and_text = arguments.substr(start);
    const std::size_t space = name_and_text.find(' ');
    if (space != std::string_view::npos && space + 1 < name_and_text.size()) {
      return accept(Verb::kDirect, name_and_text.substr(0, space), name_and_text.substr(space + 1));
    }
  }
  return reject(Refusal::kMalformed, "send", "usage: send name text");
}

// The words that people type; nothing if the line begins with none of them.
std::optional<Command> words_by_hand(std::string_view line) {
  if (is_word(line, "list")) {
    return accept(Verb::kList);
  }
  if (is_word(line, "help")) {
    return accept(Verb::kHelp);
  }
  if (is_word(line, "quit")) {
    return accept(Verb::kQuit);
  }
  const std::string_view word = line.substr(0, line.find(' '));
  const std::string_view arguments = line.substr(std::min(word.size() + 1, line.size()));
  if (is_word(word, "send")) {
    return send_by_hand(arguments);
  }
  if (is_word(word, "say")) {
    return arguments.empty() ? reject(Refusal::kMalformed, "say", "usage: say text")
                             : accept(Verb::kPlain, {}, arguments);
  }
  return std::nullopt;
}

constexpr bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// tags: what is between the @ and the space.
bool are_tags(std::string_view tags) {
  while (true) {
    const std::string_view tag = tags.substr(0, tags.find(';'));
    const std::size_t equals = tag.find('=');
    if (equals == 0 || equals == std::string_view::npos ||
        !std::all_of(tag.begin(), tag.begin() + equals, is_key_character)) {
      return false;
    }
    if (tag.size() == tags.size()) {
      return true;
    }
    tags.remove_prefix(tag.size() + 1);
  }
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

bool has_item(std::string_view comma_separated, std::string_view wanted) {
  while (true) {
    const std::string_view item = comma_separated.substr(0, comma_separated.find(','));
    if (item == wanted) {
      return true;
    }
    if (item.size() == comma_separated.size()) {
      return false;
    }
    comma_separated.remove_prefix(item.size() + 1);
  }
}

// The value of a tag; empty when there is none. REQUIRES: are_tags.
std::string_view tag_value(std::string_view tags, std::string_view key) {
  while (true) {
    const std::string_view tag = tags.substr(0, tags.find(';'));
    const std::size_t equals = tag.find('=');
    if (tag.substr(0, equals) == key) {
      return tag.substr(equals + 1);
    }
    if (tag.size() == tags.size()) {
      return {};
    }
    tags.remove_prefix(tag.size() + 1);
  }
}

bool is_client_id(std::string_view text) {
  return text.size() <= kClientIdBytesMax &&
         std::all_of(text.begin(), text.end(), is_key_character);
}

// How many bytes the tags at the front of a program's line take, the space behind them included.
std::size_t tag_bytes(std::string_view line) {
  if (!line.starts_with('@')) {
    return 0;
  }
  const std::size_t space = line.find(' ');
  return space == std::string_view::npos ? line.size() : space + 1;
}

}  // namespace

WireFormat NativeCodec::format() const {
  WireFormat format = WireFormat::kByHand;
  if (program_) {
    format = capabilities_.tags ? WireFormat::kTagged : WireFormat::kProgram;
  }
  format.features = capabilities_.presence ? WireFormat::kPresence : 0;
  return format;
}

void NativeCodec::answer(const Event& event, std::string& out) {
  encode_native(event, format(), limits_, out);
}

std::size_t NativeCodec::parse(std::string_view bytes, CommandSink& sink) {
  return lines_.split(
      bytes, [this](std::string_view line) { return is_too_long(line); },
      [this, &sink](const WireLine& line) { return take_line(line, sink); });
}

bool NativeCodec::is_too_long(std::string_view line) const {
  const std::size_t tags = program_ ? tag_bytes(line) : 0;
  return tags > limits_.line_bytes_max || line.size() - tags > limits_.line_bytes_max;
}

bool NativeCodec::take_line(const WireLine& line, CommandSink& sink) {
  if (line.is_too_long) {
    return sink.on_command(reject(Refusal::kTooLong, {}, "the line is too long"), line.wire_bytes);
  }
  if (is_blank(line.text)) {
    return true;
  }
  if (!is_text(line.text)) {
    return sink.on_command(reject(Refusal::kMalformed, {}, "the line is not UTF-8 text"),
                           line.wire_bytes);
  }
  Command command = program_ ? by_program(line.text) : by_hand(line.text);
  command.capabilities = capabilities_;
  return sink.on_command(command, line.wire_bytes);
}

Command NativeCodec::by_hand(std::string_view line) {
  const Split parts = split_at_colon(line);
  const VerbRule* const rule = parts.head == kHelp.name ? &kHelp : find_verb(parts.head);
  if (rule != nullptr && (parts.rest || may_stand_alone(*rule))) {
    return rule->fields == Fields::kHello ? hello(parts.rest) : apply_rule(*rule, parts.rest);
  }
  return words_by_hand(line).value_or(accept(Verb::kPlain, {}, line));
}

Command NativeCodec::by_program(std::string_view line) {
  const std::size_t bytes = tag_bytes(line);
  if (bytes == 0) {
    return by_program_without_tags(line);
  }
  const std::string_view tags = line.substr(1, bytes - std::min<std::size_t>(bytes, 2));
  if (bytes == line.size() || !are_tags(tags)) {
    return reject(Refusal::kMalformed, {}, "usage: @key=value;key=value VERB...");
  }
  const std::string_view client_id = tag_value(tags, "id");
  if (!is_client_id(client_id)) {
    return reject(Refusal::kMalformed, {},
                  "an id has letters, digits, _ and - only, at most 64 in all");
  }
  Command command = by_program_without_tags(line.substr(bytes));
  command.client_id = client_id;
  return command;
}

Command NativeCodec::by_program_without_tags(std::string_view line) {
  const Split parts = split_at_colon(line);
  const VerbRule* const rule = find_verb(parts.head);
  if (rule == nullptr) {
    return reject(Refusal::kUnknownVerb, cut_text(parts.head, kEchoedVerbBytesMax),
                  "there is no such verb");
  }
  return rule->fields == Fields::kHello ? hello(parts.rest) : apply_rule(*rule, parts.rest);
}

Command NativeCodec::hello(std::optional<std::string_view> fields) {
  const Split parts = split_at_colon(fields.value_or(std::string_view{}));
  if (!parts.rest) {
    return malformed(kHello);
  }
  if (program_) {
    return reject(Refusal::kMalformed, kHello.name, "HELLO was said before");
  }
  if (parts.head != "1") {
    return reject(Refusal::kMalformed, kHello.name, "version 1 is the only one spoken here");
  }
  program_ = true;
  const auto grant = [&](std::string_view name) {
    const bool is_wanted = has_item(*parts.rest, name);
    if (is_wanted) {
      granted_ += granted_.empty() ? "" : ",";
      granted_ += name;
    }
    return is_wanted;
  };
  capabilities_.tags = grant("tags");
  capabilities_.ack = grant("ack");
  capabilities_.resume = grant("resume");
  capabilities_.presence = grant("presence");
  return accept(Verb::kHello, {}, granted_);
}

}  // namespace chat
