#include "tools/loadgen/wire_redis.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <utility>

namespace loadgen {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

// The first line of a value, by which the rest is known.
struct Header {
  char type = '\0';
  std::string_view text;
  std::size_t bytes = 0;  // with the line end; 0: not all there
};

// Nothing: no header.
std::optional<Header> read_header(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    return Header{};
  }
  if (end < 2 || bytes[end - 1] != '\r') {
    return std::nullopt;
  }
  return Header{bytes[0], bytes.substr(1, end - 2), end + 1};
}

// What follows the header of a value: bytes of its own, and further values.
struct Body {
  std::size_t bytes = 0;
  std::size_t values = 0;
};

// Nothing: no value of RESP3.
std::optional<Body> body_of(const Header& header) {
  switch (header.type) {
    case '+':
    case '-':
    case ':':
    case '_':
    case '#':
    case ',':
    case '(':
      return Body{};
    default:
      break;
  }
  const std::optional<std::size_t> length = parse_length(header.text);
  if (!length) {
    return std::nullopt;
  }
  switch (header.type) {
    case '$':
    case '=':
    case '!':
      return Body{*length + kLineEnd.size(), 0};
    case '*':
    case '~':
    case '>':
      return Body{0, *length};
    case '%':
      return Body{0, 2 * *length};
    case '|':
      return Body{0, 2 * *length + 1};  // attributes, and the value that has them
    default:
      return std::nullopt;
  }
}

// The length of the first value with all that is in it; 0 while it is not all there; nothing if it
// is none.
std::optional<std::size_t> value_length(std::string_view bytes) {
  std::size_t at = 0;
  for (std::size_t values = 1; values > 0; --values) {
    const std::string_view rest = bytes.substr(at);
    const std::optional<Header> header = read_header(rest);
    if (!header) {
      return std::nullopt;
    }
    if (header->bytes == 0) {
      return 0;
    }
    const std::optional<Body> body = body_of(*header);
    if (!body) {
      return std::nullopt;
    }
    if (rest.size() - header->bytes < body->bytes) {
      return 0;
    }
    at += header->bytes + body->bytes;
    values += body->values;
  }
  return at;
}

// Takes a value off the front of well-formed values; its text if it is a bulk string, else empty.
std::string_view take_bulk(std::string_view& values) {
  const std::optional<Header> header = read_header(values);
  if (!header || header->type != '$') {
    return {};
  }
  const std::string_view text =
      values.substr(header->bytes, parse_length(header->text).value_or(0));
  values.remove_prefix(header->bytes + text.size() + kLineEnd.size());
  return text;
}

std::string bulk(std::string_view text) { return fmt::format("${}\r\n{}\r\n", text.size(), text); }

}  // namespace

RedisWire::RedisWire(std::string listens, std::string_view speaks)
    : listens_(std::move(listens)),
      delivery_prefix_(">3\r\n" + bulk("message") + bulk(listens_) + "$"),
      publish_prefix_("*3\r\n" + bulk("PUBLISH") + bulk(speaks) + "$") {}

void RedisWire::begin(std::string& out) {
  out.append("*2\r\n" + bulk("HELLO") + bulk("3"));
  out.append("*2\r\n" + bulk("SUBSCRIBE") + bulk(listens_));
}

void RedisWire::publish(std::string_view payload, std::string& out) {
  out.append(publish_prefix_);
  fmt::format_to(std::back_inserter(out), "{}\r\n", payload.size());
  out.append(payload).append(kLineEnd);
}

void RedisWire::say_goodbye(std::string& out) { out.append("*1\r\n" + bulk("QUIT")); }

std::size_t RedisWire::parse_frame(std::string_view bytes, std::string& /*out*/) {
  if (bytes.starts_with(delivery_prefix_)) {
    return parse_delivery(bytes);
  }
  const std::optional<std::size_t> length = value_length(bytes);
  if (!length) {
    refuse("this is not Redis's protocol");
    return 0;
  }
  if (*length > 0 && (bytes[0] == '-' || bytes[0] == '!')) {
    refuse("the server says", without_cr(bytes.substr(0, *length - 1)));
  } else if (*length > 0 && bytes[0] == '>') {
    on_push(bytes.substr(0, *length));
  }
  return *length;
}

std::size_t RedisWire::parse_delivery(std::string_view bytes) {
  const std::size_t at = delivery_prefix_.size();
  const std::size_t end = bytes.find('\n', at);
  if (end == std::string_view::npos) {
    return 0;
  }
  const auto length = parse_length(without_cr(bytes.substr(at, end - at)));
  if (!length) {
    refuse("a message without a length");
    return 0;
  }
  const std::size_t frame = end + 1 + *length + kLineEnd.size();
  if (bytes.size() < frame) {
    return 0;
  }
  if (!bytes.substr(0, frame).ends_with(kLineEnd)) {
    refuse("a message longer than it says");
    return 0;
  }
  report_delivery(bytes.substr(end + 1, *length));
  return frame;
}

void RedisWire::on_push(std::string_view frame) {
  std::string_view values = frame.substr(frame.find('\n') + 1);
  const std::string_view kind = take_bulk(values);
  const std::string_view channel = take_bulk(values);
  if (kind == "subscribe" && channel == listens_) {
    report_ready();
  } else if (kind == "message") {
    refuse("a message that was not meant for here", channel);
  }
}

}  // namespace loadgen
