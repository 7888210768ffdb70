#include "tools/loadgen/wire_nats.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>

namespace loadgen {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

// The server greets first, but nothing in its greeting changes what we say.
NatsWire::NatsWire(std::string_view name, std::string_view listens, std::string_view speaks)
    : login_(fmt::format(R"(CONNECT {{"verbose":false,"pedantic":false,"echo":false,)"
                         R"("lang":"c++","version":"1","name":"{}"}})"
                         "\r\nSUB {} 1\r\nPING\r\n",
                         name, listens)),
      delivery_prefix_(fmt::format("MSG {} 1 ", listens)),
      publish_prefix_(fmt::format("PUB {} ", speaks)) {}

void NatsWire::begin(std::string& out) { out.append(login_); }

void NatsWire::publish(std::string_view payload, std::string& out) {
  out.append(publish_prefix_);
  fmt::format_to(std::back_inserter(out), "{}\r\n", payload.size());
  out.append(payload).append(kLineEnd);
}

std::size_t NatsWire::parse_frame(std::string_view bytes, std::string& out) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    return 0;
  }
  const std::string_view line = without_cr(bytes.substr(0, end));
  if (!line.starts_with(delivery_prefix_)) {
    on_other_line(line, out);
    return end + 1;
  }
  const std::optional<std::size_t> length = parse_length(line.substr(delivery_prefix_.size()));
  if (!length) {
    refuse("a message without a length", line);
    return 0;
  }
  const std::size_t frame = end + 1 + *length + kLineEnd.size();
  if (bytes.size() < frame) {
    return 0;
  }
  if (!bytes.substr(0, frame).ends_with(kLineEnd)) {
    refuse("a message longer than it says", line);
    return 0;
  }
  report_delivery(bytes.substr(end + 1, *length));
  return frame;
}

void NatsWire::on_other_line(std::string_view line, std::string& out) {
  std::string_view rest = line;
  const std::string_view verb = take_word(rest);
  if (verb == "PING") {
    out.append("PONG\r\n");
  } else if (verb == "PONG") {
    report_ready();
  } else if (verb == "-ERR") {
    refuse("the server says", line);
  } else if (verb == "MSG") {
    refuse("a message that was not meant for here", line);
  } else if (verb != "INFO" && verb != "+OK") {
    refuse("this is not NATS's protocol", line);
  }
}

}  // namespace loadgen
