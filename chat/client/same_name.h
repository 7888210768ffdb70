#pragma once

#include <algorithm>
#include <string_view>

namespace chat {

// Names of clients and rooms are the same in small and in capital letters: those of ASCII,
// whatever the locale says.
struct NameLess {
  using is_transparent = void;

  bool operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return static_cast<unsigned char>(small(x)) < static_cast<unsigned char>(small(y));
    });
  }

 private:
  static char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
};

inline bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && !NameLess()(a, b) && !NameLess()(b, a);
}

}  // namespace chat
