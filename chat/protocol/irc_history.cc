#include "chat/protocol/irc_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "chat/names.h"
#include "chat/number.h"

namespace chat {
namespace {

constexpr std::string_view kTargets = "TARGETS";
constexpr std::string_view kIdReference = "msgid=";
constexpr std::string_view kTimeReference = "timestamp=";

// One end of what is asked for: a message or a time; neither: there is no end.
struct Reference {
  MessageId id = 0;
  std::int64_t unix_ms = 0;
};

std::optional<Reference> parse_reference(std::string_view text) {
  if (text.starts_with(kIdReference)) {
    const auto id = parse_number<MessageId>(text.substr(kIdReference.size()));
    return id && *id > 0 ? std::optional(Reference{.id = *id, .unix_ms = 0}) : std::nullopt;
  }
  if (text.starts_with(kTimeReference)) {
    const auto time = parse_irc_time(text.substr(kTimeReference.size()));
    return time ? std::optional(Reference{.id = 0, .unix_ms = std::max<std::int64_t>(*time, 1)})
                : std::nullopt;
  }
  return std::nullopt;
}

// The parts of a CHATHISTORY, as words.
struct Question {
  std::string_view subcommand;
  std::string_view target;
  std::string_view from;
  std::string_view to;  // of BETWEEN
  std::string_view limit;
};

// What is asked for of one room or name; nothing if it makes no sense.
std::optional<Command> parse_range(const Question& question) {
  const auto is = [&question](std::string_view name) {
    return compare_ignoring_case(question.subcommand, name) == 0;
  };
  const bool is_latest = is("LATEST");
  const bool is_all = is_latest && question.from == "*";
  const auto from = is_all ? Reference() : parse_reference(question.from);
  const auto to = is("BETWEEN") ? parse_reference(question.to) : Reference();
  const auto limit = parse_number<std::uint32_t>(question.limit);
  if (!from || !to || !limit || *limit == 0) {
    return std::nullopt;
  }
  Command command;
  command.verb = Verb::kHistory;
  command.count = *limit;
  command.id = is_latest ? 0 : from->id;
  command.id_unix_ms = is_latest ? 0 : from->unix_ms;
  command.bound = is_latest ? from->id : to->id;
  command.bound_unix_ms = is_latest ? from->unix_ms : to->unix_ms;
  command.around = is("AROUND");
  command.before = is_latest || is("BEFORE");
  if (is("BETWEEN")) {
    // Which of the two comes first is not known of a message and a time.
    if ((from->id == 0) != (to->id == 0)) {
      return std::nullopt;
    }
    command.before = from->id > to->id || from->unix_ms > to->unix_ms;
  }
  return command;
}

void fail(IrcTurn& turn, std::string_view code, const Question& question, std::string_view text) {
  turn.answer_line({"FAIL CHATHISTORY ", code, " ", as_irc_word(question.subcommand), " ",
                    as_irc_word(question.target), " :", text});
}

// CHATHISTORY TARGETS <timestamp> <timestamp> <limit>: the hub finds out where something was said
// last; when that was decides in the end (IrcTargets).
void ask_for_irc_targets(IrcTurn& turn, const IrcLine& line, const Limits& limits) {
  const Question question{.subcommand = kTargets,
                          .target = "*",
                          .from = line.param(1),
                          .to = line.param(2),
                          .limit = line.param_count == 4 ? line.param(3) : ""};
  const auto from = parse_reference(question.from);
  const auto to = parse_reference(question.to);
  const auto limit = parse_number<std::uint32_t>(question.limit);
  const bool has_times = from && to && from->id == 0 && to->id == 0;
  if (!has_times || !limit || *limit == 0) {
    return fail(turn, "INVALID_PARAMS", question, "The timestamps or the limit make no sense");
  }
  const std::string asked = fmt::format("{} {} {} {}", kTargets, from->unix_ms, to->unix_ms,
                                        std::min(*limit, limits.history_count_max));
  Command command;
  command.verb = Verb::kTargets;
  command.peer = asked;
  turn.submit(command);
}

bool is_subcommand(std::string_view text) {
  constexpr std::array<std::string_view, 5> kSubcommands{"LATEST", "BEFORE", "AFTER", "AROUND",
                                                         "BETWEEN"};
  return std::ranges::any_of(
      kSubcommands, [text](std::string_view one) { return compare_ignoring_case(text, one) == 0; });
}

}  // namespace

std::optional<std::int64_t> parse_irc_time(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  const auto has_form = [](char c, char form) {
    return form == '0' ? c >= '0' && c <= '9' : c == form;
  };
  if (!std::ranges::equal(text, kForm, has_form)) {
    return std::nullopt;
  }
  const auto number = [text](std::size_t at, std::size_t digits) {
    return *parse_number<unsigned>(text.substr(at, digits));
  };
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number(0, 4))),
                                         std::chrono::month(number(5, 2)),
                                         std::chrono::day(number(8, 2))};
  const std::chrono::hours hour(number(11, 2));
  const std::chrono::minutes minute(number(14, 2));
  const std::chrono::seconds second(number(17, 2));
  using std::chrono_literals::operator""h;
  using std::chrono_literals::operator""min;
  using std::chrono_literals::operator""s;
  if (!date.ok() || hour >= 24h || minute >= 60min || second > 60s) {
    return std::nullopt;
  }
  const std::chrono::milliseconds time = std::chrono::sys_days(date).time_since_epoch() + hour +
                                         minute + second + std::chrono::milliseconds(number(20, 3));
  return time.count();
}

void ask_for_irc_history(IrcTurn& turn, const IrcLine& line, const IrcContext& context) {
  if (!context.capabilities.has(IrcCapability::kChatHistory)) {
    return turn.refuse(Refusal::kUnknownVerb, "CHATHISTORY",
                       "Ask for the capability draft/chathistory first");
  }
  if (compare_ignoring_case(line.param(0), kTargets) == 0) {
    return ask_for_irc_targets(turn, line, context.limits);
  }
  const bool has_two_ends = compare_ignoring_case(line.param(0), "BETWEEN") == 0;
  const std::size_t last = has_two_ends ? 4 : 3;
  const Question question{.subcommand = line.param(0),
                          .target = line.param(1),
                          .from = line.param(2),
                          .to = line.param(3),
                          .limit = line.param_count == last + 1 ? line.param(last) : ""};
  if (!is_subcommand(question.subcommand)) {
    return fail(turn, "INVALID_PARAMS", question, "Unknown command");
  }
  auto command = parse_range(question);
  if (!command) {
    return fail(turn, "INVALID_PARAMS", question, "The references or the limit make no sense");
  }
  const bool is_room = question.target.starts_with('#');
  std::string target(question.target.substr(is_room ? 1 : 0));
  target.insert(0, is_room ? "" : "@");
  const std::string asked = as_irc_word(question.subcommand) + " " + as_irc_word(question.target);
  command->target = target;
  command->peer = asked;
  turn.submit(*command);
}

IrcHistoryQuestion irc_history_question(const Event& event) {
  std::string_view words = event.target;
  const std::string_view subcommand = next_item(words, ' ');
  return {.subcommand = subcommand, .target = words};
}

bool is_about_irc_history(const Event& event) {
  return event.target.find(' ') != std::string_view::npos;
}

bool is_about_irc_targets(const Event& event) {
  return is_about_irc_history(event) && irc_history_question(event).subcommand == kTargets;
}

Event irc_history_message(Event event, std::string& topic) {
  if (event.kind == EventKind::kTopic) {
    topic = event.text.empty() ? "has cleared the topic" : "has set the topic: ";
    topic += event.text;
    event.kind = EventKind::kMessage;
    event.notice = true;
    event.text = topic;
  }
  return event;
}

bool is_irc_history(const Event& event) {
  const bool is_message = event.kind == EventKind::kMessage || event.kind == EventKind::kDirect ||
                          event.kind == EventKind::kTopic;
  return is_message && is_about_irc_history(event);
}

}  // namespace chat
