#include "chat/protocol/irc_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>

#include "chat/protocol/irc_line.h"
#include "chat/protocol/utf8.h"

namespace chat {
namespace {

constexpr std::string_view kUnknownPlace = "@unknown";

bool ends_a_line(char c) { return c == '\r' || c == '\n' || c == '\0'; }

void append_padded(std::string& out, std::uint64_t value, std::size_t digits) {
  std::array<char, 4> padded;
  for (std::size_t i = digits; i-- > 0;) {
    padded[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(padded.data(), digits);
}

}  // namespace

// Neither several words nor a text, which would begin with a colon.
void append_irc_word(std::string& out, std::string_view text) {
  if (text.empty()) {
    out.push_back('*');
    return;
  }
  const std::size_t begin = out.size();
  out.append(text);
  if (text.starts_with(':')) {
    out[begin] = '?';
  }
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), ' ', '?');
}

void append_irc_tagged(std::string_view lines, std::string_view key, std::string_view value,
                       std::string& out) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    lines.remove_prefix(line.size());
    const bool has_tags = line.starts_with('@');
    out.push_back('@');
    out.append(key);
    out.push_back('=');
    out.append(value);
    out.push_back(has_tags ? ';' : ' ');
    out.append(line.substr(has_tags ? 1 : 0));
  }
}

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_irc_time(std::string& out, std::int64_t unix_ms) {
  using std::chrono::milliseconds;
  constexpr std::int64_t kYear10000 = 253'402'300'800'000;
  const auto time = milliseconds(std::clamp<std::int64_t>(unix_ms, 0, kYear10000 - 1));
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{std::chrono::sys_days(day)};
  const std::chrono::hh_mm_ss clock(time - day);
  append_padded(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out.push_back('T');
  append_padded(out, static_cast<std::uint64_t>(clock.hours().count()), 2);
  out.push_back(':');
  append_padded(out, static_cast<std::uint64_t>(clock.minutes().count()), 2);
  out.push_back(':');
  append_padded(out, static_cast<std::uint64_t>(clock.seconds().count()), 2);
  out.push_back('.');
  append_padded(out, static_cast<std::uint64_t>(clock.subseconds().count()), 3);
  out.push_back('Z');
}

void IrcWriter::begin_tag(std::string_view key) {
  out_.push_back(out_.size() == begin_ ? '@' : ';');
  out_.append(key);
}

void IrcWriter::tag(std::string_view key, std::string_view value) {
  begin_tag(key);
  out_.push_back('=');
  out_.append(value);
  body_ = out_.size();
}

void IrcWriter::time_tag(std::int64_t unix_ms) {
  begin_tag("time=");
  append_irc_time(out_, unix_ms);
  body_ = out_.size();
}

void IrcWriter::id_tag(std::uint64_t id) {
  begin_tag("msgid=");
  append_number(out_, id);
  body_ = out_.size();
}

void IrcWriter::id_tag(std::int64_t unix_ms, std::uint64_t count) {
  begin_tag("msgid=");
  append_number(out_, static_cast<std::uint64_t>(unix_ms));
  out_.push_back('-');
  append_number(out_, count);
  body_ = out_.size();
}

void IrcWriter::tags(std::string_view wire) {
  begin_tag(wire);
  body_ = out_.size();
}

void IrcWriter::begin_param() {
  if (out_.size() == body_ && body_ != begin_) {
    out_.push_back(' ');  // the one between the tags and the rest
    body_ = out_.size();
  } else if (out_.size() != body_) {
    out_.push_back(' ');
  }
}

void IrcWriter::server(std::string_view name) {
  if (!name.empty()) {
    begin_param();
    out_.push_back(':');
    out_.append(name);
  }
}

// Clients take who has no place for a server.
void IrcWriter::person(std::string_view name, std::string_view origin) {
  server(name);
  if (name.empty()) {
    return;
  }
  out_.push_back('!');
  if (origin.empty()) {
    out_.append(name);
    out_.append(kUnknownPlace);
  } else {
    out_.append(origin);
  }
}

void IrcWriter::command(std::string_view name) {
  begin_param();
  out_.append(name);
}

void IrcWriter::numeric(std::uint32_t number) {
  begin_param();
  append_padded(out_, number, 3);
}

void IrcWriter::word(std::string_view text) {
  begin_param();
  append_irc_word(out_, text);
}

void IrcWriter::room(std::string_view name) {
  begin_param();
  if (!name.starts_with('#')) {
    out_.push_back('#');
  }
  if (!name.empty()) {
    append_irc_word(out_, name);
  }
}

void IrcWriter::number(std::uint64_t value) {
  begin_param();
  append_number(out_, value);
}

void IrcWriter::text(std::initializer_list<std::string_view> parts) {
  begin_param();
  out_.push_back(':');
  for (const std::string_view part : parts) {
    out_.append(part);
  }
}

void IrcWriter::params(std::string_view wire) {
  if (!wire.empty()) {
    begin_param();
    out_.append(wire);
  }
}

std::size_t IrcWriter::text_bytes_left() const {
  constexpr std::size_t kSpaceAndColon = 2;
  const std::size_t used = out_.size() - body_ + kSpaceAndColon;
  return kIrcLineBytesMax - std::min(used, kIrcLineBytesMax);
}

void IrcWriter::end() {
  const std::string_view body = std::string_view(out_).substr(body_);
  out_.resize(body_ + cut_text(body, kIrcLineBytesMax).size());
  std::replace_if(out_.begin() + static_cast<std::ptrdiff_t>(begin_), out_.end(), ends_a_line, ' ');
  out_.append("\r\n");
}

}  // namespace chat
