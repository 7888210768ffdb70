#include "chat/protocol/utf8.h"

#include <cstdint>
#include <cstring>

namespace chat {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0U) == 0x80U; }

// Long runs of plain ASCII are what chat is mostly made of: skips them eight bytes at a time and
// stops in front of the first eight that have anything else, NUL included. Subtracting one from
// each byte sets a high bit where there was a zero.
std::size_t skip_ascii(std::string_view bytes, std::size_t at) {
  while (bytes.size() - at >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    if (((word | (word - kOnes)) & kHighBits) != 0) {
      break;
    }
    at += sizeof(word);
  }
  return at;
}

// What may follow a leading byte: how long the character is and the range of its second byte,
// which is where the overlong forms, the surrogates and what is above U+10FFFF are ruled out
// (Unicode 15, table 3-7).
struct Lead {
  std::uint8_t length = 0;  // 0: no character begins like this
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
};

constexpr Lead lead_of(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) {
    return {.length = 2};
  }
  if (byte >= 0xE0 && byte <= 0xEF) {
    return {.length = 3,
            .second_min = static_cast<std::uint8_t>(byte == 0xE0 ? 0xA0 : 0x80),
            .second_max = static_cast<std::uint8_t>(byte == 0xED ? 0x9F : 0xBF)};
  }
  if (byte >= 0xF0 && byte <= 0xF4) {
    return {.length = 4,
            .second_min = static_cast<std::uint8_t>(byte == 0xF0 ? 0x90 : 0x80),
            .second_max = static_cast<std::uint8_t>(byte == 0xF4 ? 0x8F : 0xBF)};
  }
  return {};
}

// The length of the character of several bytes that begins at `at`, 0 if there is none.
std::size_t long_character(std::string_view bytes, std::size_t at) {
  const Lead lead = lead_of(byte_at(bytes, at));
  if (lead.length == 0 || bytes.size() - at < lead.length) {
    return 0;
  }
  const std::uint8_t second = byte_at(bytes, at + 1);
  if (second < lead.second_min || second > lead.second_max) {
    return 0;
  }
  for (std::size_t i = 2; i < lead.length; ++i) {
    if (!is_continuation(byte_at(bytes, at + i))) {
      return 0;
    }
  }
  return lead.length;
}

}  // namespace

bool is_text(std::string_view bytes) {
  std::size_t at = 0;
  while (true) {
    at = skip_ascii(bytes, at);
    if (at == bytes.size()) {
      return true;
    }
    const std::uint8_t byte = byte_at(bytes, at);
    if (byte == 0) {
      return false;
    }
    const std::size_t length = byte < 0x80 ? 1 : long_character(bytes, at);
    if (length == 0) {
      return false;
    }
    at += length;
  }
}

std::string_view cut_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return text;
  }
  std::size_t size = bytes_max;
  while (size > 0 && is_continuation(byte_at(text, size))) {
    --size;
  }
  return text.substr(0, size);
}

}  // namespace chat
