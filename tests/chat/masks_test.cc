#include "chat/masks.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

#include "chat/limits.h"

namespace chat {
namespace {

bool matches(std::string_view text, std::string_view mask) {
  MaskMatcher matcher;
  matcher.look_at({text});
  return matcher.matches(mask);
}

TEST(Masks, LeftOutParts_StandForAll) {
  EXPECT_EQ(normalized_mask("bob"), "bob!*@*");
  EXPECT_EQ(normalized_mask("bob!"), "bob!*@*");
  EXPECT_EQ(normalized_mask("bob!b"), "bob!b@*");
  EXPECT_EQ(normalized_mask("b@example"), "*!b@example");
  EXPECT_EQ(normalized_mask("@example"), "*!*@example");
  EXPECT_EQ(normalized_mask("bob!b@"), "bob!b@*");
  EXPECT_EQ(normalized_mask("!@"), "*!*@*");
  EXPECT_EQ(normalized_mask("Bob!~b@ex.client"), "Bob!~b@ex.client");
}

TEST(Masks, StarsInARow_AreOne) { EXPECT_EQ(normalized_mask("**a***!*@**"), "*a*!*@*"); }

TEST(Masks, WhatIsNoWord_IsNoMask) {
  for (const std::string& text :
       {std::string(), std::string("a b"), std::string("a,b"), std::string(":a"),
        std::string("a\x01"), std::string("\xC3\xA9"), std::string("a\0b", 3), std::string("\x7F"),
        std::string(kMaskBytesMax + 1, 'a'), std::string(kMaskBytesMax, 'a')}) {
    EXPECT_EQ(normalized_mask(text), "") << text;
  }
  const std::string longest = std::string(kMaskBytesMax - 4, 'a');
  EXPECT_EQ(normalized_mask(longest), longest + "!*@*");
}

TEST(Masks, NormalizedMask_StaysAsItIs) {
  for (const char* text : {"bob", "b@h", "a!b", "a!b@c", "*", "a@b!c", "!!@@", "a!b!c@d@e"}) {
    const std::string once = normalized_mask(text);
    EXPECT_EQ(normalized_mask(once), once) << text;
  }
}

TEST(MaskMatcher, ComparesIgnoringCase) {
  EXPECT_TRUE(matches("Alice!user@host", "aLICE!USER@Host"));
  EXPECT_FALSE(matches("Alice!user@host", "alice!user@hos"));
  EXPECT_FALSE(matches("Alice!user@host", "alice!user@hostt"));
  EXPECT_FALSE(matches("[", "{")) << "only letters have a case";
}

TEST(MaskMatcher, StarsAndQuestionMarks_StandForWhatTheyDo) {
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("", "*"));
  EXPECT_FALSE(matches("", "?"));
  EXPECT_TRUE(matches("abc", "*"));
  EXPECT_TRUE(matches("abc", "a*c"));
  EXPECT_TRUE(matches("ac", "a*c"));
  EXPECT_FALSE(matches("abd", "a*c"));
  EXPECT_TRUE(matches("abc", "???"));
  EXPECT_FALSE(matches("abc", "????"));
  EXPECT_FALSE(matches("abc", "??"));
  EXPECT_TRUE(matches("abcbcd", "*bcd"));
  EXPECT_TRUE(matches("a*c", "a*c"));
}

TEST(MaskMatcher, Parts_AreOneText) {
  MaskMatcher matcher;
  matcher.look_at({"alice", "!", "user@host"});
  EXPECT_TRUE(matcher.matches("alice!user@host"));
  matcher.look_at({"bob"});
  EXPECT_FALSE(matcher.matches("alice!user@host"));
  EXPECT_FALSE(matcher.matches("*a*")) << "what was there before is forgotten";
  EXPECT_TRUE(matcher.matches("bob"));
}

TEST(MaskMatcher, LongText_IsLookedAtUpToABound) {
  const std::string text(MaskMatcher::kTextBytesMax, 'a');
  EXPECT_TRUE(matches(text, "*a"));
  EXPECT_TRUE(matches(text + "bc", text));
  EXPECT_FALSE(matches(text + "b", "*b"));
}

// As plainly as can be, whatever it takes.
bool plainly_matches(std::string_view text, std::string_view mask) {
  if (mask.empty()) {
    return text.empty();
  }
  if (mask[0] == '*') {
    return plainly_matches(text, mask.substr(1)) ||
           (!text.empty() && plainly_matches(text.substr(1), mask));
  }
  return !text.empty() && (mask[0] == '?' || mask[0] == text[0]) &&
         plainly_matches(text.substr(1), mask.substr(1));
}

TEST(MaskMatcher, RandomMasks_MatchAsPlainReadingSays) {
  const char* const only = std::getenv("CHAT_MASK_SEED");
  std::mt19937 random(only == nullptr ? 1 : static_cast<std::uint32_t>(std::atoi(only)));
  MaskMatcher matcher;
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 12, ' ');
    for (char& c : text) {
      c = "ab"[random() % 2];
    }
    std::string mask(random() % 8, ' ');
    for (char& c : mask) {
      c = "ab?**"[random() % 5];
    }
    matcher.look_at({text});
    ASSERT_EQ(matcher.matches(mask), plainly_matches(text, mask)) << text << " and " << mask;
    matched += matcher.matches(mask) ? 1 : 0;
  }
  EXPECT_GT(matched, 1000);
}

// A reading that goes back for every star would never end.
TEST(MaskMatcher, HostileMask_IsReadOnce) {
  std::string mask;
  for (int i = 0; i < 100; ++i) {
    mask += "*a";
  }
  EXPECT_FALSE(matches(std::string(MaskMatcher::kTextBytesMax, 'a'), mask + "b"));
  EXPECT_TRUE(matches(std::string(MaskMatcher::kTextBytesMax, 'a'), mask));
}

}  // namespace
}  // namespace chat
