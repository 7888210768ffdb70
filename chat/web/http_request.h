#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

// Those that have a meaning here or are refused by name; every other token is kUnknown.
enum class HttpMethod : std::uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
  kUnknown,
};
HttpMethod http_method(std::string_view name);

// As RFC 7230 compares names of headers, hosts and most tokens.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Those below the space, and DEL.
bool is_control(char c);

// What a hexadecimal digit stands for, -1 for anything else.
int hex_value(char c);

// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text);

// Takes the first element off a comma-separated list and returns it without the blanks around it;
// nothing when the list is at its end. Empty elements are left out (RFC 7230, 7).
std::optional<std::string_view> next_in_list(std::string_view& list);

// Replaces %XX by its byte; nothing where a % has no two hexadecimal digits behind it.
std::optional<std::string> percent_decoded(std::string_view text);

struct HttpField {
  std::string name;
  std::string value;  // without the blanks around it; folded lines are joined by one
};

// One request as it was parsed and checked: a plain value. Its body, if it had one, is gone.
struct HttpRequest {
  HttpMethod method = HttpMethod::kUnknown;
  int version = 11;  // 10 or 11, for HTTP/1.0 and HTTP/1.1
  // The connection may go on after the answer.
  bool keep_alive = true;
  std::string target;  // as it was sent
  // Decoded: begins with a slash, is text without control characters, and none of its segments is
  // "." or "..". "*" for OPTIONS *, empty for CONNECT.
  std::string path;
  std::string query;  // what follows the question mark, not decoded
  // Host and port as the client knows us: from an absolute target, else from Host. May be empty.
  std::string authority;
  std::vector<HttpField> fields;  // in the order they came, trailers left out

  // The value of the first field of that name, in any case; null when there is none.
  const std::string* field(std::string_view name) const;
  std::size_t count_of(std::string_view name) const;
  // All values of the fields of that name, joined by commas: what a list may be spread over.
  std::string list(std::string_view name) const;
  // Whether such a list has the token, in any case.
  bool list_has(std::string_view name, std::string_view token) const;
  // The decoded value of the first parameter of that name in the query; nothing when there is none
  // or it can't be decoded.
  std::optional<std::string> parameter(std::string_view name) const;
};

}  // namespace chat
