// How the native protocol is cut into lines, whatever the pieces that bytes come in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "chat/protocol/native.h"
#include "tests/chat/native_feed.h"

namespace chat::native_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NativeCodec, LineThatIsNotText_Is400AndTheNextOneWorks) {
  using namespace std::string_literals;
  const std::vector<std::string> lines{"a\0b"s, "\0"s, "\xFF", "BROADCAST:\xE9", "@id=\xFF LIST"};
  for (const std::string& line : lines) {
    EXPECT_THAT(by_hand(line + "\nlist\n"), ElementsAre(kNotText, said(Verb::kList)));
    EXPECT_THAT(by_program(line + "\nLIST\n"), ElementsAre(kNotText, said(Verb::kList)));
  }
}

TEST(NativeCodec, LineOfTheGreatestLength_IsTaken) {
  const std::string longest(kLimits.line_bytes_max, 'x');
  const std::string longer(kLimits.line_bytes_max + 1, 'x');
  for (const std::string end : {"\n", "\r\n"}) {
    EXPECT_THAT(by_hand(longest + end), ElementsAre(said(Verb::kPlain, "", longest)));
    EXPECT_THAT(by_hand(longer + end), ElementsAre(kTooLong));
  }
  EXPECT_THAT(by_hand(longest + "\r\r\n"), ElementsAre(kTooLong));
}

TEST(NativeCodec, Tags_HaveTheirOwnLength) {
  const std::string line = "BROADCAST:" + std::string(kLimits.line_bytes_max - 10, 'x');
  const std::string tags = "@xx=" + std::string(kLimits.line_bytes_max - 5, 'c') + " ";
  ASSERT_EQ(line.size(), kLimits.line_bytes_max);
  ASSERT_EQ(tags.size(), kLimits.line_bytes_max);
  EXPECT_THAT(by_program(tags + line + "\r\n"),
              ElementsAre(said(Verb::kBroadcast, "", line.substr(10))));
  EXPECT_THAT(by_program(tags + line + "x\n"), ElementsAre(kTooLong));
  EXPECT_THAT(by_program("@a=b;" + tags.substr(1) + "LIST\n"), ElementsAre(kTooLong));
  EXPECT_THAT(by_program(std::string(kLimits.line_bytes_max + 1, '@') + "\n"),
              ElementsAre(kTooLong));
  EXPECT_THAT(by_hand(tags + line + "\n"), ElementsAre(kTooLong)) << "no tags by hand";
}

TEST(NativeCodec, TooLongLine_IsAnswered413OnceAndSkipped) {
  const std::string bytes = "list\n" + std::string(100'000, 'x') + "\nquit\n";
  EXPECT_THAT(by_hand(bytes), ElementsAre(said(Verb::kList), kTooLong, said(Verb::kQuit)));
}

TEST(NativeCodec, TooLongLineInOneBytePieces_IsNotKept) {
  Feed feed;
  const std::string line(20'000, '\xFF');
  for (const char c : line) {
    feed.read({&c, 1});
    ASSERT_LE(feed.pending.size(), kLimits.line_bytes_max + 1);
  }
  EXPECT_THAT(feed.recorder.seen, IsEmpty()) << "answered before its end";
  EXPECT_THAT(feed.pending, IsEmpty()) << "kept although it will be thrown away";
  feed.read("\nlist\n");
  EXPECT_THAT(feed.recorder.seen, ElementsAre(kTooLong, said(Verb::kList)));
  EXPECT_THAT(feed.recorder.wire_bytes, ElementsAre(20'001U, 5U));
}

TEST(NativeCodec, TooLongTaggedLineInOneBytePieces_IsNotKept) {
  Feed feed;
  feed.read("HELLO:1:tags\n");
  for (const char c : "@id=1 BROADCAST:" + std::string(20'000, 'x') + "\n") {
    feed.read({&c, 1});
  }
  ASSERT_EQ(feed.recorder.seen.size(), 2U);
  EXPECT_EQ(feed.recorder.seen[1].code, ErrorCode::kTooLong);
  EXPECT_THAT(feed.recorder.wire_bytes, ElementsAre(13U, 20'017U));
}

TEST(NativeCodec, WireBytes_CountTagsAndLineEnd) {
  Feed feed;
  feed.read("HELLO:1:\r\n@id=1 LIST\r\n\n\xFF\nPING:\n");
  EXPECT_THAT(feed.recorder.wire_bytes, ElementsAre(10U, 12U, 2U, 6U));
}

TEST(NativeCodec, SinkThatWantsNoMore_StopsBehindThatLine) {
  NativeCodec codec(kLimits);
  Recorder recorder(2);
  const std::string_view bytes = "list\nquit\r\nlist\n";
  EXPECT_EQ(codec.parse(bytes, recorder), 11U);
  EXPECT_THAT(recorder.seen, ElementsAre(said(Verb::kList), said(Verb::kQuit)));
  Recorder rest;
  EXPECT_EQ(codec.parse(bytes.substr(11), rest), 5U);
  EXPECT_THAT(rest.seen, ElementsAre(said(Verb::kList)));
}

TEST(NativeCodec, SinkThatWantsNoMore_StopsBehindRefusedLinesToo) {
  const std::vector<std::string> lines{"\xFF\n", std::string(5'000, 'x') + "\n"};
  for (const std::string& line : lines) {
    NativeCodec codec(kLimits);
    Recorder recorder(1);
    EXPECT_EQ(codec.parse(line + "list\n", recorder), line.size());
    EXPECT_EQ(recorder.seen.size(), 1U);
  }
}

TEST(NativeCodec, IncompleteLine_WaitsForItsRest) {
  NativeCodec codec(kLimits);
  Recorder recorder;
  EXPECT_EQ(codec.parse("", recorder), 0U);
  EXPECT_EQ(codec.parse("list\nqui", recorder), 5U);
  EXPECT_EQ(codec.parse("qui", recorder), 0U);
  EXPECT_EQ(codec.parse("quit\r", recorder), 0U);
  EXPECT_EQ(codec.parse("quit\r\n", recorder), 6U);
  EXPECT_THAT(recorder.seen, ElementsAre(said(Verb::kList), said(Verb::kQuit)));
}

std::vector<std::string> conversations() {
  const std::string longest(kLimits.line_bytes_max, 'y');
  return {
      "REGISTER:Alice\nHello everyone!\r\nsend Bob Hi\n\nlist\r\nquit\n",
      "HELLO:1:tags,presence\nREGISTER:A\n@id=c1;x=y BROADCAST:\xE2\x82\xAC: hi\nNOPE:1\nLIST\n",
      "a\r\r\n\r\n\n\xFF\xFE\n@x=1 LIST\nHELLO:1:tags\r\n@x=1 LIST\r\n@ LIST\nHELLO:1:\nquit\n",
      "HELLO:1:\n@x=" + longest + " LIST\nLIST\n@x=1 SAY:dev:" + longest + "\nPING:1\n",
      longest + "\n" + longest + "\r\n" + longest + "z\n" + longest + "z\r\n" + longest +
          "\rz\nHELLO:1:\n@" + longest + "\nPING:2\n",
  };
}

void expect_same(const Feed& split, const Feed& whole, const std::string& how) {
  ASSERT_EQ(split.recorder.seen, whole.recorder.seen) << how;
  ASSERT_EQ(split.recorder.wire_bytes, whole.recorder.wire_bytes) << how;
  ASSERT_EQ(split.codec.format(), whole.codec.format()) << how;
}

TEST(NativeCodec, EverySplitInTwo_GivesTheSame) {
  for (const std::string& bytes : conversations()) {
    Feed whole;
    whole.read(bytes);
    ASSERT_FALSE(whole.recorder.seen.empty());
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      Feed split;
      split.read(std::string_view(bytes).substr(0, at));
      split.read(std::string_view(bytes).substr(at));
      ASSERT_NO_FATAL_FAILURE(expect_same(split, whole, "split at " + std::to_string(at)));
    }
  }
}

TEST(NativeCodec, AnySplitInMany_GivesTheSame) {
  for (const std::string& bytes : conversations()) {
    Feed whole;
    whole.read(bytes);
    for (std::uint32_t seed = 1; seed <= 100; ++seed) {
      std::mt19937 random(seed);
      const std::size_t piece_bytes_max = seed % 2 == 0 ? 3 : 1500;
      std::uniform_int_distribution<std::size_t> piece_bytes(0, piece_bytes_max);
      Feed split;
      for (std::string_view rest = bytes; !rest.empty();) {
        const std::size_t size = std::min(piece_bytes(random), rest.size());
        split.read(rest.substr(0, size));
        rest.remove_prefix(size);
      }
      ASSERT_NO_FATAL_FAILURE(expect_same(split, whole, "seed " + std::to_string(seed)));
    }
  }
}

}  // namespace
}  // namespace chat::native_test
