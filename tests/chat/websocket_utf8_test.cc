#include "chat/web/websocket_utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "chat/protocol/utf8.h"

namespace chat {
namespace {

bool is_utf8(std::string_view text) {
  Utf8Stream stream;
  return stream.take(text) && stream.is_complete();
}

// The bytes of value, the most significant first, without leading zeros.
std::string bytes_of(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (!bytes.empty() || value >> shift != 0) {
      bytes.push_back(static_cast<char>(value >> shift));
    }
  }
  return bytes;
}

TEST(Utf8Stream, AgreesWithTheCheckOfWholeTexts) {
  for (std::uint32_t value = 1; value < (1U << 24U); value += value < (1U << 17U) ? 1 : 37) {
    const std::string text = bytes_of(value);
    if (text.find('\0') == std::string::npos) {
      ASSERT_EQ(is_utf8(text), is_text(text)) << std::hex << value;
    }
  }
  for (std::uint32_t value = 0xF0808080U; value < 0xF5000000U; value += 61) {
    const std::string text = bytes_of(value);
    if (text.find('\0') == std::string::npos) {
      ASSERT_EQ(is_utf8(text), is_text(text)) << std::hex << value;
    }
  }
}

TEST(Utf8Stream, TakesNul) { EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3))); }

TEST(Utf8Stream, TheSplitMakesNoDifference) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 24; ++i) {
      constexpr std::string_view kParts[] = {"abcdefgh", "\u00fc", "\u20ac", "\U0001F600"};
      text += kParts[random() % 4];
    }
    if (random() % 2 == 0) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    Utf8Stream whole;
    const bool good = whole.take(text);
    Utf8Stream pieces;
    bool still_good = true;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 10, rest.size());
      still_good = pieces.take(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    ASSERT_EQ(still_good, good) << "seed 1, round " << round;
    if (good) {
      ASSERT_EQ(pieces.is_complete(), whole.is_complete()) << "seed 1, round " << round;
    }
  }
}

TEST(Utf8Stream, SaysNoWithTheFirstByteThatCannotBeRight) {
  for (const std::string_view text :
       {"\x80", "\xC0", "\xC1", "\xF5", "\xFF", "\xC2\x41", "\xE0\x9F", "\xED\xA0", "\xF0\x8F",
        "\xF4\x90", "\xE2\x82\x41", "\xF0\x9F\x98\xC2"}) {
    Utf8Stream stream;
    EXPECT_TRUE(stream.take(text.substr(0, text.size() - 1))) << "too early";
    EXPECT_FALSE(stream.take(text.substr(text.size() - 1))) << "too late";
    EXPECT_FALSE(stream.take("a")) << "it stays wrong";
  }
}

TEST(Utf8Stream, KnowsTheMiddleOfACharacter) {
  Utf8Stream stream;
  EXPECT_TRUE(stream.take("a\xE2\x82"));
  EXPECT_FALSE(stream.is_complete());
  EXPECT_TRUE(stream.take("\xAC"));
  EXPECT_TRUE(stream.is_complete());
}

}  // namespace
}  // namespace chat
