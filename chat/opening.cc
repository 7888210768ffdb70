#include "chat/opening.h"

#include <algorithm>
#include <array>

#include "chat/names.h"

namespace chat {
namespace {

using namespace std::string_view_literals;

// RFC 9112 and 9110, and what HTTP/2 begins with, so that it is told that it is not spoken here.
constexpr std::array kHttpMethods{"GET"sv,     "HEAD"sv,    "POST"sv,  "PUT"sv,   "DELETE"sv,
                                  "CONNECT"sv, "OPTIONS"sv, "TRACE"sv, "PATCH"sv, "PRI"sv};
// What an IRC client may say first.
constexpr std::array kIrcCommands{"CAP"sv, "NICK"sv, "USER"sv, "PASS"sv};

// The type and the major version of a TLS record that begins a handshake (RFC 8446, 5.1).
constexpr std::string_view kTlsHandshake = "\x16\x03"sv;

bool is_http_method(std::string_view word) {
  return std::ranges::find(kHttpMethods, word) != kHttpMethods.end();
}

bool is_irc_command(std::string_view word) {
  return std::ranges::any_of(kIrcCommands, [word](std::string_view command) {
    return compare_ignoring_case(word, command) == 0;
  });
}

// A request with a method that nobody knows still ends its line like this.
bool ends_like_http(std::string_view line) {
  const std::size_t version = line.rfind(' ');
  return version != std::string_view::npos && line.substr(version + 1).starts_with("HTTP/");
}

}  // namespace

Spoken sniff(std::string_view bytes) {
  if (bytes.starts_with(kTlsHandshake)) {
    return Spoken::kTls;
  }
  if (kTlsHandshake.starts_with(bytes)) {
    return Spoken::kNotYet;
  }
  bytes.remove_prefix(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const bool is_whole = end < bytes.size();
  const bool is_long = end > kFirstLineBytesMax;
  std::string_view line = bytes.substr(0, end);
  if (is_whole && line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  if (space != std::string_view::npos && is_http_method(word)) {
    return Spoken::kHttp;
  }
  if ((space != std::string_view::npos || is_whole) && is_irc_command(word)) {
    return Spoken::kIrc;
  }
  if (is_whole && !is_long && ends_like_http(line)) {
    return Spoken::kHttp;
  }
  return is_whole || is_long ? Spoken::kNative : Spoken::kNotYet;
}

}  // namespace chat
