#include "chat/web/websocket_utf8.h"

#include <cstddef>
#include <cstring>

namespace chat {
namespace {

constexpr std::uint8_t kContinuationMin = 0x80;
constexpr std::uint8_t kContinuationMax = 0xBF;

// Nearly all of a chat is ASCII: eight bytes at a time.
std::size_t ascii_prefix(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t at = 0;
  for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    if ((word & kHighBits) != 0) {
      break;
    }
  }
  return at;
}

}  // namespace

bool Utf8Stream::take(std::string_view piece) {
  while (!bad_ && !piece.empty()) {
    if (missing_ == 0) {
      piece.remove_prefix(ascii_prefix(piece));
      if (piece.empty()) {
        break;
      }
    }
    bad_ = !take_byte(static_cast<std::uint8_t>(piece.front()));
    piece.remove_prefix(1);
  }
  return !bad_;
}

// The table of well-formed characters, Unicode 15, 3-7: what is overlong, a surrogate or above
// U+10FFFF shows in the second byte.
bool Utf8Stream::take_byte(std::uint8_t byte) {
  if (missing_ > 0) {
    if (byte < next_min_ || byte > next_max_) {
      return false;
    }
    --missing_;
    next_min_ = kContinuationMin;
    next_max_ = kContinuationMax;
    return true;
  }
  if (byte < 0x80) {
    return true;
  }
  if (byte < 0xC2 || byte > 0xF4) {
    return false;
  }
  missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  next_min_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : kContinuationMin;
  next_max_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : kContinuationMax;
  return true;
}

}  // namespace chat
