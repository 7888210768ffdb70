#pragma once

#include <cstdint>
#include <string_view>

namespace chat {

// Checks that text which comes in pieces is UTF-8, and says no with the first byte that can't be
// right (RFC 6455, 8.1, as browsers and test suites expect it). Unlike is_text it takes NUL.
// A plain value.
class Utf8Stream {
 public:
  // False when the pieces so far are not the beginning of any UTF-8 text; then it stays false.
  bool take(std::string_view piece);
  // Whether the text could end here: not in the middle of a character.
  bool is_complete() const { return missing_ == 0; }

 private:
  bool take_byte(std::uint8_t byte);

  // Of the character that has begun: how many bytes are missing, and the range of the next one.
  std::uint8_t missing_ = 0;
  std::uint8_t next_min_ = 0;
  std::uint8_t next_max_ = 0;
  bool bad_ = false;
};

}  // namespace chat
