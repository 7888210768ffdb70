#include "chat/protocol/utf8.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chat {
namespace {

// One character of each kind, at the borders of what is allowed (Unicode 15, table 3-7).
const std::vector<std::string>& characters() {
  static const std::vector<std::string> all{"\x01",
                                            "\x7F",
                                            "\xC2\x80",
                                            "\xDF\xBF",
                                            "\xE0\xA0\x80",
                                            "\xE1\x80\xBF",
                                            "\xED\x9F\xBF",
                                            "\xEE\x80\x80",
                                            "\xEF\xBF\xBF",
                                            "\xF0\x90\x80\x80",
                                            "\xF3\xBF\xBF\xBF",
                                            "\xF4\x8F\xBF\xBF"};
  return all;
}

const std::vector<std::string>& broken() {
  static const std::vector<std::string> all{std::string(1, '\0'),
                                            "\x80",  // a continuation of nothing
                                            "\xBF",
                                            "\xC0\x80",  // overlong
                                            "\xC1\xBF",
                                            "\xE0\x9F\xBF",
                                            "\xF0\x8F\xBF\xBF",
                                            "\xED\xA0\x80",  // surrogates
                                            "\xED\xBF\xBF",
                                            "\xF4\x90\x80\x80",  // above U+10FFFF
                                            "\xF5\x80\x80\x80",
                                            "\xFE",
                                            "\xFF",
                                            "\xC3",  // not all there
                                            "\xE2\x82",
                                            "\xF0\x9F\x98",
                                            "\xC3(",  // something else in place of a continuation
                                            "\xE2(\xA1",
                                            "\xE2\x82(",
                                            "\xF0(\x98\x80",
                                            "\xF0\x9F(\x80",
                                            "\xF0\x9F\x98("};
  return all;
}

// Eight bytes at a time or one by one: where something stands must not matter.
TEST(Utf8, EveryKindOfCharacterAtAnyPlace_IsText) {
  for (const std::string& character : characters()) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t after = 0; after < 10; ++after) {
        EXPECT_TRUE(is_text(std::string(before, 'a') + character + std::string(after, 'z')))
            << character << " behind " << before << " before " << after;
      }
    }
  }
  EXPECT_TRUE(is_text(""));
}

TEST(Utf8, AnythingBrokenAtAnyPlace_IsNotText) {
  for (const std::string& bytes : broken()) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t after = 0; after < 10; ++after) {
        EXPECT_FALSE(is_text(std::string(before, '\x01') + bytes + std::string(after, 'z')))
            << ::testing::PrintToString(bytes) << " behind " << before << " before " << after;
      }
    }
  }
}

TEST(Utf8, Cut_NeverGoesThroughACharacter) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";  // 1 + 2 + 3 + 4 + 1 bytes
  const std::vector<std::size_t> expected{0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t bytes_max = 0; bytes_max < expected.size(); ++bytes_max) {
    EXPECT_EQ(cut_text(text, bytes_max), std::string_view(text).substr(0, expected[bytes_max]))
        << "at most " << bytes_max;
  }
}

}  // namespace
}  // namespace chat
