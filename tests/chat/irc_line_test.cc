#include "chat/protocol/irc_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> params_of(const IrcLine& line) {
  return {line.params.begin(), line.params.begin() + static_cast<std::ptrdiff_t>(line.param_count)};
}

TEST(IrcLine, Parameters_AreWordsAndAText) {
  const IrcLine line = parse_irc_line("KICK #a bob :go: away  now ");
  EXPECT_EQ(line.command, "KICK");
  EXPECT_THAT(params_of(line), ElementsAre("#a", "bob", "go: away  now "));
}

TEST(IrcLine, LastParameter_CanDoWithoutColon) {
  EXPECT_THAT(params_of(parse_irc_line("PRIVMSG #a hi")), ElementsAre("#a", "hi"));
  EXPECT_THAT(params_of(parse_irc_line("PRIVMSG #a :")), ElementsAre("#a", ""));
  EXPECT_THAT(params_of(parse_irc_line("PRIVMSG #a ::)")), ElementsAre("#a", ":)"));
  EXPECT_THAT(params_of(parse_irc_line("PRIVMSG a:b c")), ElementsAre("a:b", "c"));
}

TEST(IrcLine, SpacesBetweenParts_CanBeMany) {
  const IrcLine line = parse_irc_line("  @a=b   :alice   JOIN   #a    key   ");
  EXPECT_EQ(line.tags, "a=b");
  EXPECT_EQ(line.command, "JOIN");
  EXPECT_THAT(params_of(line), ElementsAre("#a", "key"));
}

TEST(IrcLine, Prefix_IsDropped) {
  const IrcLine line = parse_irc_line(":alice!a@b PRIVMSG bob :hi");
  EXPECT_EQ(line.command, "PRIVMSG");
  EXPECT_THAT(params_of(line), ElementsAre("bob", "hi"));
}

TEST(IrcLine, WithoutCommand_IsNone) {
  for (const std::string_view line : {"", " ", "@a=b", "@a=b ", ":alice", "@a :alice ", "@", ":"}) {
    EXPECT_THAT(parse_irc_line(line).command, IsEmpty()) << line;
    EXPECT_EQ(parse_irc_line(line).param_count, 0U) << line;
  }
}

TEST(IrcLine, ParametersBeyondTheLast_BelongToIt) {
  const IrcLine line = parse_irc_line("C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17");
  ASSERT_EQ(line.param_count, IrcLine::kParamsMax);
  EXPECT_EQ(line.params[13], "14");
  EXPECT_EQ(line.params[14], "15 16 :17");
  EXPECT_EQ(parse_irc_line("C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16").params[14], "15 16");
}

TEST(IrcLine, ParameterThatIsNotThere_IsEmpty) {
  const IrcLine line = parse_irc_line("JOIN #a");
  EXPECT_EQ(line.param(0), "#a");
  EXPECT_EQ(line.param(1), "");
}

TEST(IrcLine, Tags_EndAtTheSpace) {
  EXPECT_EQ(irc_tags_bytes("@a=b;c PRIVMSG"), 7U);
  EXPECT_EQ(irc_tags_bytes("@a=b;c"), 6U);
  EXPECT_EQ(irc_tags_bytes("PRIVMSG @a b"), 0U);
  EXPECT_EQ(irc_tags_bytes(""), 0U);
}

TEST(IrcLine, TagValue_IsTheLastOne) {
  EXPECT_EQ(irc_tag_value("a=1;label=x;b", "label"), "x");
  EXPECT_EQ(irc_tag_value("label=x;label=y", "label"), "y");
  EXPECT_EQ(irc_tag_value("label=a=b", "label"), "a=b");
  for (const std::string_view none : {"", "label", "label=", "xlabel=1", "+label=1", ";;"}) {
    EXPECT_THAT(irc_tag_value(none, "label"), IsEmpty()) << none;
  }
}

TEST(IrcLine, Items_AreTakenFromTheFront) {
  std::string_view items = "a,,b,";
  EXPECT_EQ(next_item(items, ','), "a");
  EXPECT_EQ(next_item(items, ','), "");
  EXPECT_EQ(next_item(items, ','), "b");
  EXPECT_THAT(items, IsEmpty());
  EXPECT_EQ(next_item(items, ','), "");
}

}  // namespace
}  // namespace chat
