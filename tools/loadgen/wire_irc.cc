#include "tools/loadgen/wire_irc.h"

#include <algorithm>
#include <utility>

namespace loadgen {
namespace {

constexpr std::string_view kWelcome = "001";
constexpr std::string_view kEndOfNames = "366";
constexpr std::string_view kEndOfMotd = "376";
constexpr std::string_view kNoMotd = "422";

// All that is left, or one word: a parameter with a colon in front may have spaces.
std::string_view last_parameter(std::string_view rest) {
  return rest.starts_with(':') ? rest.substr(1) : take_word(rest);
}

bool is_number(std::string_view command) {
  return command.size() == 3 &&
         std::all_of(command.begin(), command.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_error(std::string_view number) {
  return (number[0] == '4' || number[0] == '5') && number != kNoMotd;
}

}  // namespace

IrcWire::IrcWire(std::string name, std::string listens, std::string_view speaks)
    : name_(std::move(name)),
      listens_(std::move(listens)),
      delivery_middle_(" PRIVMSG " + listens_ + " :") {
  publish_prefix_.append("PRIVMSG ").append(speaks).append(" :");
}

void IrcWire::begin(std::string& out) {
  out.append("NICK ").append(name_).append("\r\n");
  out.append("USER ").append(name_).append(" 0 * :").append(name_).append("\r\n");
}

void IrcWire::publish(std::string_view payload, std::string& out) {
  out.append(publish_prefix_).append(payload).append("\r\n");
}

void IrcWire::say_goodbye(std::string& out) { out.append("QUIT\r\n"); }

void IrcWire::on_line(std::string_view line, std::string& out) {
  const std::size_t sender_end = std::min(line.find(' '), line.size());
  const std::string_view rest = line.substr(sender_end);
  if (line.starts_with(':') && rest.starts_with(delivery_middle_)) {
    report_delivery(rest.substr(delivery_middle_.size()));
  } else {
    on_other_line(line, out);
  }
}

void IrcWire::on_other_line(std::string_view line, std::string& out) {
  std::string_view rest = line;
  if (rest.starts_with(':')) {
    take_word(rest);
  }
  const std::string_view command = take_word(rest);
  if (command == "PING") {
    out.append("PONG :").append(last_parameter(rest)).append("\r\n");
  } else if (command == "ERROR") {
    refuse("the server says", line);
  } else if (command == "PRIVMSG") {
    if (take_word(rest) == listens_) {
      report_delivery(last_parameter(rest));
    } else {
      refuse("a message that was not meant for here", line);
    }
  } else if (is_number(command)) {
    const std::string_view nickname = take_word(rest);
    if (is_error(command)) {
      refuse("the server says", line);
    } else if (command == kWelcome && nickname != name_) {
      refuse("the server changed the client's name", line);
    } else {
      on_answer(command, rest, out);
    }
  }
}

void IrcWire::on_answer(std::string_view number, std::string_view parameters, std::string& out) {
  if (number == kEndOfMotd || number == kNoMotd) {
    // Only now are we let into rooms.
    if (listens_ == name_) {
      report_ready();
    } else {
      out.append("JOIN ").append(listens_).append("\r\n");
    }
  } else if (number == kEndOfNames && take_word(parameters) == listens_) {
    report_ready();
  }
}

}  // namespace loadgen
