#include "chat/names.h"

#include <algorithm>

namespace chat {
namespace {

// The locale must have no say in who is who, so <cctype> is out.
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr int fold(char c) {
  return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

}  // namespace

bool is_valid_name(std::string_view text, std::size_t length_max) {
  if (text.empty() || text.size() > length_max || !(is_alpha(text[0]) || text[0] == '_')) {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-'; });
}

int compare_ignoring_case(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    const int difference = fold(a[i]) - fold(b[i]);
    if (difference != 0) {
      return difference;
    }
  }
  return static_cast<int>(a.size() > common) - static_cast<int>(b.size() > common);
}

}  // namespace chat
