#include "tools/loadgen/wire_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <system_error>

#include "chat/client/server_line.h"
#include "reactor/check.h"

namespace loadgen {
namespace {

// What we call a message: "m17".
constexpr char kNumberPrefix = 'm';
constexpr std::size_t kTokenBytesMax = 64;
// The answer to PING comes behind everything that was said to us before.
constexpr std::string_view kFence = "caught-up";

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number);
  return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

// The number in what we have called a message.
std::optional<std::uint64_t> parse_own_id(std::string_view id) {
  return id.starts_with(kNumberPrefix) ? parse_number(id.substr(1)) : std::nullopt;
}

std::string_view take_until(std::string_view& text, char separator) {
  const std::string_view head = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), head.size() + 1));
  return head;
}

bool has_item(std::string_view items, std::string_view wanted) {
  while (!items.empty()) {
    if (take_until(items, ',') == wanted) {
      return true;
    }
  }
  return false;
}

std::string_view id_tag(std::string_view tags) {
  while (!tags.empty()) {
    std::string_view value = take_until(tags, ';');
    if (take_until(value, '=') == "id") {
      return value;
    }
  }
  return {};
}

}  // namespace

SessionWire::SessionWire(std::string_view name, const Channel& channel, const WireNeeds& needs)
    : needs_(needs), words_(name, channel) {
  hello_ = "HELLO:1:";
  hello_ += needs.resumes ? "tags," : "";
  hello_ += needs.acks ? "ack," : "";
  hello_ += needs.resumes ? "resume," : "";
  hello_.back() = '\n';
  resumed_.append("RESUMED:").append(name);
}

void SessionWire::begin(std::string& out) {
  start_over();
  has_entered_ = false;
  is_resuming_ = !session_.empty();
  out.append(hello_);
  if (is_resuming_) {
    fmt::format_to(std::back_inserter(out), "RESUME:{}:{}\n", session_, last_id_);
    fence(out);
  } else {
    out.append(words_.login);
  }
}

void SessionWire::publish(std::string_view payload, std::string& out) {
  out.append(words_.publish_prefix).append(payload).push_back('\n');
}

void SessionWire::publish_numbered(std::uint64_t number, std::string_view payload,
                                   std::string& out) {
  CHECK(needs_.acks, "a number for what is never acknowledged:", number);
  fmt::format_to(std::back_inserter(out), "@id={}{} ", kNumberPrefix, number);
  publish(payload, out);
}

void SessionWire::fence(std::string& out) { out.append("PING:").append(kFence).append("\n"); }

void SessionWire::say_goodbye(std::string& out) { out.append("QUIT\n"); }

void SessionWire::on_line(std::string_view line, std::string& /*out*/) {
  if (line.starts_with('@')) {
    on_tagged_line(line);
  } else if (line.starts_with(words_.delivery_prefix) && !needs_.resumes) {
    on_message(line, line);
  } else {
    on_answer(line);
  }
}

void SessionWire::on_tagged_line(std::string_view line) {
  std::string_view rest = line.substr(1);
  const std::string_view id = id_tag(take_until(rest, ' '));
  if (rest.starts_with(words_.delivery_prefix)) {
    const std::optional<std::uint64_t> number = parse_number(id);
    if (!number) {
      refuse("a message without a number", line);
      return;
    }
    delivery_id_ = *number;
    on_message(line, rest);
    last_id_ = std::max(last_id_, delivery_id_);
  } else if (const std::optional<std::uint64_t> number = parse_own_id(id);
             number && rest.starts_with("ERROR:")) {
    events().on_not_taken(*number, rest);
  } else {
    on_answer(rest);
  }
}

// line: with the message's tags, for whoever is to read it.
void SessionWire::on_message(std::string_view line, std::string_view message) {
  const std::size_t sender_end = message.find(':', words_.delivery_prefix.size());
  if (sender_end == std::string_view::npos) {
    refuse("a message without a sender", line);
    return;
  }
  report_delivery(message.substr(sender_end + 1));
}

void SessionWire::on_answer(std::string_view line) {
  if (line.starts_with("ACK:")) {
    on_ack(line);
    return;
  }
  if (line.starts_with("GAP:")) {
    on_gap(line);
    return;
  }
  if (line.starts_with("WELCOME:")) {
    on_welcome(line);
    return;
  }
  if (line.starts_with("SESSION:")) {
    on_session(line);
    return;
  }
  if (line == (is_resuming_ ? resumed_ : words_.entered)) {
    has_entered_ = true;
    report_entered();
    return;
  }
  std::string_view rest = line;
  if (needs_.resumes && take_until(rest, ':') == "PONG" && rest == kFence) {
    events().on_caught_up();
    return;
  }
  if (const std::string_view complaint = complaint_about(line); !complaint.empty()) {
    refuse(complaint, line);
  }
}

void SessionWire::on_welcome(std::string_view line) {
  std::string_view granted = line;
  take_until(granted, ':');
  take_until(granted, ':');
  granted = take_until(granted, ':');
  const bool has_all =
      (!needs_.acks || has_item(granted, "ack")) &&
      (!needs_.resumes || (has_item(granted, "tags") && has_item(granted, "resume")));
  if (!has_all) {
    refuse(needs_.resumes ? "a server without sessions that can be resumed"
                          : "a server that does not acknowledge",
           line);
  }
}

void SessionWire::on_session(std::string_view line) {
  const std::string_view token = line.substr(line.find(':') + 1);
  const bool is_token =
      !token.empty() && token.size() <= kTokenBytesMax &&
      std::all_of(token.begin(), token.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      });
  if (!is_token) {
    refuse("a session that can't be named", line);
    return;
  }
  session_ = token;
  report_entered();
}

// Without its token a session would be lost with the connection.
void SessionWire::report_entered() {
  if (has_entered_ && (!needs_.resumes || !session_.empty())) {
    report_ready();
  }
}

void SessionWire::on_ack(std::string_view line) {
  std::string_view rest = line.substr(line.find(':') + 1);
  const std::optional<std::uint64_t> number = parse_own_id(take_until(rest, ':'));
  const std::optional<std::uint64_t> id = parse_number(rest);
  if (!needs_.acks || !number || !id || *id == 0) {
    refuse("an acknowledgement of nothing", line);
    return;
  }
  last_id_ = std::max(last_id_, *id);
  events().on_ack(*number, *id);
}

void SessionWire::on_gap(std::string_view line) {
  std::string_view rest = line.substr(line.find(':') + 1);
  const std::optional<std::uint64_t> first = parse_number(take_until(rest, ':'));
  const std::optional<std::uint64_t> last = parse_number(rest);
  if (!needs_.resumes || !first || !last || *first > *last) {
    refuse("a gap that is none", line);
    return;
  }
  last_id_ = std::max(last_id_, *last);
  events().on_gap(*first, *last);
}

}  // namespace loadgen
