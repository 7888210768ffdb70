#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace chat {

// What the whole text says in decimal digits (and a minus where Number has a sign); nothing for any
// other text, and for what Number cannot hold.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  return is_number ? std::optional(number) : std::nullopt;
}

}  // namespace chat
