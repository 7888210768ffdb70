#include "tools/client_display.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

namespace chat {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;  // 22:13:20 UTC

std::string shown(std::string_view line, DisplayOptions options = {}) {
  options.own_name = "Me";
  return Display(options).server_line(parse_server_line(line), kNow);
}

TEST(Sanitize, OrdinaryText_StaysAsItIs) {
  for (const char* text : {"", "Hello everyone!", "ünïcödé 日本語 🙂", "a\u200Db"}) {
    EXPECT_EQ(sanitize(text), text);
  }
}

TEST(Sanitize, ControlCharacters_BecomeTheirPictures) {
  EXPECT_EQ(sanitize("\x1b[2J"), "␛[2J");
  EXPECT_EQ(sanitize(std::string_view("\0\x01\r\n\x1f\x7f", 6)), "␀␁␍␊␟␡");
  EXPECT_EQ(sanitize("a\tb"), "a b");
}

TEST(Sanitize, C1Controls_AreReplaced) {
  EXPECT_EQ(sanitize("\u009B31m"), "\uFFFD31m");
  EXPECT_EQ(sanitize("\u0080\u009F\u00A0"), "\uFFFD\uFFFD\u00A0");
}

// U+2027 and so on: the three bytes that differ in the last one only.
std::string from_general_punctuation(int second, int last) {
  return {'\xE2', static_cast<char>(second), static_cast<char>(last)};
}

TEST(Sanitize, CharactersThatTurnTheText_AreReplaced) {
  for (int last = 0xA7; last <= 0xAF; ++last) {  // U+2027 to U+202F
    const std::string text = from_general_punctuation(0x80, last);
    EXPECT_EQ(sanitize(text), last >= 0xA8 && last <= 0xAE ? "\uFFFD" : text) << last;
  }
  for (int last = 0xA5; last <= 0xAA; ++last) {  // U+2065 to U+206A
    const std::string text = from_general_punctuation(0x81, last);
    EXPECT_EQ(sanitize(text), last >= 0xA6 && last <= 0xA9 ? "\uFFFD" : text) << last;
  }
}

TEST(Sanitize, BytesThatAreNotUtf8_AreReplacedOneByOne) {
  EXPECT_EQ(sanitize("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(sanitize("\xC0\x9B"), "\uFFFD\uFFFD") << "an overlong escape";
  EXPECT_EQ(sanitize("\xE0\x80\x9B"), "\uFFFD\uFFFD\uFFFD") << "likewise";
  EXPECT_EQ(sanitize("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
  EXPECT_EQ(sanitize("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD") << "beyond U+10FFFF";
  EXPECT_EQ(sanitize("caf\xC3"), "caf\uFFFD") << "cut off";
  EXPECT_EQ(sanitize("\x9B"
                     "31m"),
            "\uFFFD31m")
      << "an eight-bit control";
}

TEST(Display, Messages_LookAsTheyAlwaysDid) {
  EXPECT_EQ(shown("MESSAGE:Alice:Hello everyone!"), "[Alice]: Hello everyone!");
  EXPECT_EQ(shown("@id=1;ts=1;room=lobby MESSAGE:Alice:a:b"), "[Alice]: a:b");
  EXPECT_EQ(shown("DIRECT:Alice:Hi Bob"), "[Alice]: Hi Bob (private)");
  EXPECT_EQ(shown("ROOM_MESSAGE:dev:Alice:hi"), "[dev] [Alice]: hi");
}

TEST(Display, Notices_BeginWithAStar) {
  EXPECT_EQ(shown("STATUS:JOINED:lobby:Bob"), "* Bob joined");
  EXPECT_EQ(shown("STATUS:JOINED:dev:Bob,Carol"), "* Bob, Carol joined dev");
  EXPECT_EQ(shown("STATUS:LEFT:lobby:Carol"), "* Carol left");
  EXPECT_EQ(shown("STATUS:LEFT:dev:Carol"), "* Carol left dev");
  EXPECT_EQ(shown("JOINED:dev"), "* you joined dev");
  EXPECT_EQ(shown("PARTED:dev"), "* you left dev");
  EXPECT_EQ(shown("TOPIC:dev:Bob:the build: again"),
            "* Bob set the topic of dev: the build: again");
  EXPECT_EQ(shown("TOPIC:dev:Bob:"), "* Bob cleared the topic of dev");
  EXPECT_EQ(shown("REQUEST:Bob"), "* Bob asks for a private chat: accept or decline");
  EXPECT_EQ(shown("STATUS:CHAT_STARTED:Bob"),
            "* private chat with Bob: only Bob sees what you type, until you leave");
  EXPECT_EQ(shown("STATUS:CHAT_ENDED:Bob"), "* the private chat with Bob has ended");
  EXPECT_EQ(shown("STATUS:CHAT_DECLINED:Bob"), "* Bob declined");
  EXPECT_EQ(shown("STATUS:CHAT_EXPIRED:Bob"), "* Bob did not answer");
}

TEST(Display, OneOfYourOwnComings_IsNotTold) {
  EXPECT_EQ(shown("STATUS:JOINED:lobby:Me"), "");
  EXPECT_EQ(shown("STATUS:JOINED:lobby:Bob,Me"), "* Bob joined");
}

TEST(Display, Lists_AreReadable) {
  const Display display({});
  EXPECT_EQ(display.client_list("Alice,Bob", "", kNow), "Clients: Alice, Bob");
  EXPECT_EQ(display.client_list("Alice", "dev", kNow), "Clients in dev: Alice");
  EXPECT_EQ(shown("ROOM_LIST:lobby=12,dev=3"), "Rooms: lobby (12), dev (3)");
  EXPECT_EQ(shown("ROOM_LIST:odd"), "Rooms: odd");
}

TEST(Display, Errors_TellWhatTheyAreAbout) {
  EXPECT_EQ(shown("ERROR:404:Zed:nobody here has this name; LIST tells who is here"),
            "! Zed: nobody here has this name");
  EXPECT_EQ(shown("ERROR:429::too fast, retry in 10 ms"), "! too fast, retry in 10 ms");
  EXPECT_EQ(shown("ERROR:409:Bob:already asked; wait for the answer of Bob"),
            "! Bob: already asked; wait for the answer of Bob");
}

TEST(Display, Gap_IsToldInPlainWords) {
  EXPECT_EQ(shown("GAP:40:44"),
            "* messages may be missing here: the server has not kept everything");
}

TEST(Display, UndeliveredMessage_IsToldWithItsText) {
  const Display display({});
  const ServerLine refusal = parse_server_line("@id=c1 ERROR:404:Zed:nobody; LIST tells");
  EXPECT_EQ(display.undelivered({"Zed", "hi\x1b", &refusal}, kNow),
            "! Zed: nobody; not delivered to Zed: hi␛");
  EXPECT_EQ(display.undelivered({"", "hi", nullptr}, kNow),
            "! not confirmed, so perhaps not delivered: hi");
}

TEST(Display, LinesThatSayNothing_AreNotShown) {
  EXPECT_EQ(shown("PONG:1"), "");
  EXPECT_EQ(shown("END:ROOMS"), "");
  EXPECT_EQ(shown("NEWER:thing"), "");
}

TEST(Display, TextOfOthers_IsSanitizedEverywhere) {
  EXPECT_EQ(shown("MESSAGE:A\x1b:b\x1b"), "[A␛]: b␛");
  EXPECT_EQ(shown("DIRECT:A\x1b:b\x1b"), "[A␛]: b␛ (private)");
  EXPECT_EQ(shown("ROOM_MESSAGE:d\x1b:A\x1b:b\x1b"), "[d␛] [A␛]: b␛");
  EXPECT_EQ(shown("TOPIC:d\x1b:A\x1b:t\x1b"), "* A␛ set the topic of d␛: t␛");
  EXPECT_EQ(shown("STATUS:JOINED:d\x1b:A\x1b"), "* A␛ joined d␛");
  EXPECT_EQ(shown("ROOM_LIST:d\x1b=1"), "Rooms: d␛ (1)");
  EXPECT_EQ(shown("ERROR:400:x\x1b:y\x1b"), "! x␛: y␛");
  EXPECT_EQ(Display({}).client_list("A\x1b", "d\x1b", kNow), "Clients in d␛: A␛");
}

TEST(Display, WithColor_NoticesAreDimAndNamesKeepTheirs) {
  const DisplayOptions color{.own_name = {}, .color = true};
  EXPECT_EQ(shown("STATUS:JOINED:lobby:Bob", color), "\x1b[2m* Bob joined\x1b[0m");
  const std::string first = shown("MESSAGE:Alice:one", color);
  const std::string second = shown("MESSAGE:Alice:two", color);
  const std::size_t name_end = first.find("]: ");
  ASSERT_NE(name_end, std::string::npos);
  EXPECT_EQ(first.substr(0, name_end), second.substr(0, name_end));
  EXPECT_EQ(first.substr(name_end), "]: one") << "only the name is coloured";
  EXPECT_NE(first.find("\x1b["), std::string::npos);
}

class Timestamps : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC0", 1);
    tzset();
  }
  void TearDown() override {
    unsetenv("TZ");
    tzset();
  }
  DisplayOptions options{.own_name = {}, .color = false, .timestamps = true};
};

TEST_F(Timestamps, TaggedLine_ShowsTheTimeOfTheServer) {
  EXPECT_EQ(shown("@id=1;ts=1700000061000;room=lobby MESSAGE:Alice:hi", options),
            "22:14:21 [Alice]: hi");
}

TEST_F(Timestamps, OtherLines_ShowTheTimeNow) {
  EXPECT_EQ(shown("MESSAGE:Alice:hi", options), "22:13:20 [Alice]: hi");
  EXPECT_EQ(shown("STATUS:LEFT:lobby:Bob", options), "22:13:20 * Bob left");
  EXPECT_EQ(Display(options).client_list("Bob", "", kNow), "22:13:20 Clients: Bob");
}

TEST_F(Timestamps, History_AlwaysTellsWhenItWas) {
  const Display display({});
  const auto said_at = [&display](const std::string& ts) {
    return display.history_line(parse_server_line("@ts=" + ts + " MESSAGE:Alice:hi"), kNow);
  };
  EXPECT_EQ(said_at("1700000061000"), "22:14:21 [Alice]: hi");
  EXPECT_EQ(said_at("1699900000000"), "2023-11-13 18:26 [Alice]: hi") << "not today";
  EXPECT_EQ(said_at("x"), "[Alice]: hi");
  EXPECT_EQ(display.history_line(parse_server_line("@ts=1700000061000 TOPIC:dev:Bob:x"), kNow),
            "22:14:21 * Bob set the topic of dev: x");
  EXPECT_EQ(display.history_line(parse_server_line("GAP:1:2"), kNow).front(), '*');
  for (const char* ts : {"9223372036854775807", "-9223372036854775808"}) {
    EXPECT_NE(said_at(ts).find(" [Alice]: hi"), std::string::npos) << ts;
  }
}

TEST_F(Timestamps, TimeOutOfThisWorld_DoesNoHarm) {
  for (const char* ts : {"9223372036854775807", "-9223372036854775808", "99999999999999999999"}) {
    const std::string line = shown("@ts=" + std::string(ts) + " MESSAGE:Alice:hi", options);
    ASSERT_EQ(line.size(), std::string_view("00:00:00 [Alice]: hi").size()) << ts;
    EXPECT_EQ(line.substr(8), " [Alice]: hi") << ts;
  }
}

}  // namespace
}  // namespace chat
