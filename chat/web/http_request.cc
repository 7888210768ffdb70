#include "chat/web/http_request.h"

#include <algorithm>
#include <array>
#include <utility>

namespace chat {
namespace {

constexpr std::array<std::pair<std::string_view, HttpMethod>, 9> kMethods{{
    {"GET", HttpMethod::kGet},
    {"HEAD", HttpMethod::kHead},
    {"POST", HttpMethod::kPost},
    {"PUT", HttpMethod::kPut},
    {"DELETE", HttpMethod::kDelete},
    {"CONNECT", HttpMethod::kConnect},
    {"OPTIONS", HttpMethod::kOptions},
    {"TRACE", HttpMethod::kTrace},
    {"PATCH", HttpMethod::kPatch},
}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// As in the query of a form, where a plus stands for a space.
std::optional<std::string> form_decoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decoded(spaced);
}

}  // namespace

HttpMethod http_method(std::string_view name) {
  const auto* const found =
      std::find_if(kMethods.begin(), kMethods.end(),
                   [name](const auto& method) { return method.first == name; });
  return found == kMethods.end() ? HttpMethod::kUnknown : found->second;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_control(char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::optional<std::string_view> next_in_list(std::string_view& list) {
  while (!list.empty()) {
    const std::string_view element = list.substr(0, list.find(','));
    list.remove_prefix(std::min(element.size() + 1, list.size()));
    if (const std::string_view result = trimmed(element); !result.empty()) {
      return result;
    }
  }
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const int high = text.size() - i > 2 ? hex_value(text[i + 1]) : -1;
    const int low = text.size() - i > 2 ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

const std::string* HttpRequest::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [name](const HttpField& field) {
    return equals_ignoring_case(field.name, name);
  });
  return found == fields.end() ? nullptr : &found->value;
}

std::size_t HttpRequest::count_of(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(),
      [name](const HttpField& field) { return equals_ignoring_case(field.name, name); }));
}

std::string HttpRequest::list(std::string_view name) const {
  std::string joined;
  for (const HttpField& field : fields) {
    if (equals_ignoring_case(field.name, name)) {
      joined.append(joined.empty() ? "" : ",").append(field.value);
    }
  }
  return joined;
}

bool HttpRequest::list_has(std::string_view name, std::string_view token) const {
  const std::string joined = list(name);
  std::string_view rest = joined;
  while (const std::optional<std::string_view> element = next_in_list(rest)) {
    if (equals_ignoring_case(*element, token)) {
      return true;
    }
  }
  return false;
}

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (form_decoded(key) == name) {
      return form_decoded(pair.substr(std::min(key.size() + 1, pair.size())));
    }
  }
  return std::nullopt;
}

}  // namespace chat
