#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/protocol/irc.h"
#include "chat/protocol/irc_line.h"
#include "chat/protocol/utf8.h"
#include "tests/chat/irc_fixture.h"

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Limits kLimits;

WireFormat with(unsigned features = 0) {
  return {WireFormat::Dialect::kIrc, WireFormat::Framing::kNone,
          static_cast<std::uint8_t>(features)};
}

std::string encoded(const Event& event, unsigned features = 0) {
  std::string out;
  encode_irc(event, with(features), kLimits, out);
  return out;
}

Event event_of(EventKind kind, std::string_view text = {}) {
  Event event;
  event.kind = kind;
  event.subject = "alice";
  event.origin = "~al@here";
  event.text = text;
  event.unix_ms = 1'700'000'000'123;
  return event;
}

Event in_room(Event event) {
  event.room_id = 5;
  event.room = "dev";
  return event;
}

Event said(std::string_view text) {
  Event event = in_room(event_of(EventKind::kMessage, text));
  event.id = 17;
  return event;
}

Event direct(std::string_view text) {
  Event event = event_of(EventKind::kDirect, text);
  event.room = "bob";
  event.id = 17;
  return event;
}

TEST(IrcEncode, Message_IsPrivmsgToTheRoomOrTheName) {
  EXPECT_EQ(encoded(said("hi: all")), ":alice!~al@here PRIVMSG #dev :hi: all\r\n");
  EXPECT_EQ(encoded(direct("hi")), ":alice!~al@here PRIVMSG bob :hi\r\n");
  Event in_lobby = said("hi");
  in_lobby.room_id = kLobby;
  in_lobby.room = kLobbyName;
  EXPECT_EQ(encoded(in_lobby), ":alice!~al@here PRIVMSG #lobby :hi\r\n");
}

// As it is for who reads slowly, or asks for what was.
TEST(IrcEncode, MessageFromTheStore_IsToTheRoomToo) {
  Event event = said("hi");
  event.room_id = kNoRoom;
  EXPECT_EQ(encoded(event), ":alice!~al@here PRIVMSG #dev :hi\r\n");
}

TEST(IrcEncode, Notice_IsANotice) {
  Event notice = said("beep");
  notice.notice = true;
  EXPECT_EQ(encoded(notice), ":alice!~al@here NOTICE #dev :beep\r\n");
}

TEST(IrcEncode, Echo_LooksAsItDoesToOthers) {
  Event echo = said("hi");
  echo.kind = EventKind::kEcho;
  EXPECT_EQ(encoded(echo), encoded(said("hi")));
  echo = direct("hi");
  echo.kind = EventKind::kEcho;
  EXPECT_EQ(encoded(echo), encoded(direct("hi")));
}

TEST(IrcEncode, SenderWhosePlaceNobodyKnows_IsNoServer) {
  Event message = said("hi");
  message.origin = {};
  EXPECT_EQ(encoded(message), ":alice!alice@unknown PRIVMSG #dev :hi\r\n");
}

TEST(IrcEncode, Tags_AreThoseThatWereAskedFor) {
  Event message = said("hi");
  message.tags = "+draft/react=x;+y";
  const std::string rest = ":alice!~al@here PRIVMSG #dev :hi\r\n";
  EXPECT_EQ(encoded(message), rest);
  EXPECT_EQ(encoded(message, WireFormat::kServerTime), "@time=2023-11-14T22:13:20.123Z " + rest);
  EXPECT_EQ(encoded(message, WireFormat::kMessageTags), "@msgid=17;+draft/react=x;+y " + rest);
  EXPECT_EQ(encoded(message, WireFormat::kServerTime | WireFormat::kMessageTags),
            "@time=2023-11-14T22:13:20.123Z;msgid=17;+draft/react=x;+y " + rest);
}

TEST(IrcEncode, WhatHasNoNumber_HasNoMsgid) {
  EXPECT_EQ(encoded(in_room(event_of(EventKind::kEntered)), WireFormat::kMessageTags),
            ":alice!~al@here JOIN #dev\r\n");
}

TEST(IrcEncode, Time_IsWithinTheYearsThatHaveFourDigits) {
  Event message = said("hi");
  const std::vector<std::pair<std::int64_t, std::string>> times{
      {1, "1970-01-01T00:00:00.001Z"},
      {951'782'399'999, "2000-02-28T23:59:59.999Z"},
      {951'782'400'000, "2000-02-29T00:00:00.000Z"},
      {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
      {INT64_MAX, "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& [unix_ms, shown] : times) {
    message.unix_ms = unix_ms;
    EXPECT_THAT(encoded(message, WireFormat::kServerTime), StartsWith("@time=" + shown + " :"));
  }
}

TEST(IrcEncode, Presence_IsToldOfEach) {
  using enum EventKind;
  EXPECT_EQ(encoded(in_room(event_of(kEntered, "Alice A."))), ":alice!~al@here JOIN #dev\r\n");
  EXPECT_EQ(encoded(in_room(event_of(kEntered, "Alice A.")), WireFormat::kExtendedJoin),
            ":alice!~al@here JOIN #dev * :Alice A.\r\n");
  EXPECT_EQ(encoded(in_room(event_of(kLeft))), ":alice!~al@here PART #dev\r\n");
  EXPECT_EQ(encoded(in_room(event_of(kLeft, "tea time"))),
            ":alice!~al@here PART #dev :tea time\r\n");
  EXPECT_EQ(encoded(in_room(event_of(kQuit, "Quit: bye"))), ":alice!~al@here QUIT :Quit: bye\r\n");
  Event renamed = in_room(event_of(kRenamed));
  renamed.target = "alison";
  EXPECT_EQ(encoded(renamed), ":alice!~al@here NICK alison\r\n");
}

TEST(IrcEncode, AwayAndRealName_AreToldToWhoAskedForThem) {
  using enum EventKind;
  EXPECT_THAT(encoded(event_of(kAway, "tea")), IsEmpty());
  EXPECT_EQ(encoded(event_of(kAway, "tea"), WireFormat::kAwayNotify),
            ":alice!~al@here AWAY :tea\r\n");
  EXPECT_EQ(encoded(event_of(kAway), WireFormat::kAwayNotify), ":alice!~al@here AWAY\r\n");
  EXPECT_THAT(encoded(event_of(kRealName, "Al")), IsEmpty());
  EXPECT_EQ(encoded(event_of(kRealName, "Al B."), WireFormat::kSetName),
            ":alice!~al@here SETNAME :Al B.\r\n");
}

TEST(IrcEncode, Moderation_IsToldToTheRoom) {
  using enum EventKind;
  EXPECT_EQ(encoded(in_room(event_of(kTopic, "tea: at 5"))),
            ":alice!~al@here TOPIC #dev :tea: at 5\r\n");
  EXPECT_EQ(encoded(in_room(event_of(kTopic))), ":alice!~al@here TOPIC #dev :\r\n");
  EXPECT_EQ(encoded(in_room(event_of(kModeChanged, "+o-k bob *"))),
            ":alice!~al@here MODE #dev +o-k bob *\r\n");
  Event kicked = in_room(event_of(kKicked, "spam"));
  kicked.target = "bob";
  EXPECT_EQ(encoded(kicked), ":alice!~al@here KICK #dev bob :spam\r\n");
  kicked.text = {};
  EXPECT_EQ(encoded(kicked), ":alice!~al@here KICK #dev bob :alice\r\n");
  Event invited = in_room(event_of(kInvited));
  invited.target = "bob";
  EXPECT_THAT(encoded(invited), IsEmpty());
  EXPECT_EQ(encoded(invited, WireFormat::kInviteNotify), ":alice!~al@here INVITE bob #dev\r\n");
}

TEST(IrcEncode, ModesThatTheServerSets_HaveNoSource) {
  Event event = in_room(event_of(EventKind::kModeChanged, "+o bob"));
  event.subject = {};
  EXPECT_EQ(encoded(event), "MODE #dev +o bob\r\n");
  EXPECT_EQ(encoded(event, WireFormat::kServerTime),
            "@time=2023-11-14T22:13:20.123Z MODE #dev +o bob\r\n");
}

TEST(IrcEncode, TagMessage_IsToldToWhoKnowsTags) {
  Event event = in_room(event_of(EventKind::kTagMessage));
  event.id = 7;
  event.tags = "+typing=active";
  EXPECT_THAT(encoded(event, WireFormat::kServerTime), IsEmpty());
  EXPECT_EQ(encoded(event, WireFormat::kMessageTags),
            "@msgid=1700000000123-7;+typing=active :alice!~al@here TAGMSG #dev\r\n");
  event.room_id = kNoRoom;
  event.room = "bob";
  EXPECT_EQ(encoded(event, WireFormat::kMessageTags),
            "@msgid=1700000000123-7;+typing=active :alice!~al@here TAGMSG bob\r\n");
}

TEST(IrcEncode, WhatIrcTellsOtherwise_IsNothing) {
  using enum EventKind;
  for (const EventKind kind : {kPresenceJoined, kPresenceLeft, kAck, kSession, kHelp, kClientList,
                               kRoomList, kHeard, kHistory, kHistoryEnd, kWelcome, kError}) {
    EXPECT_THAT(encoded(in_room(event_of(kind, "bob")), 0xFF), IsEmpty()) << static_cast<int>(kind);
  }
}

TEST(IrcEncode, Encoding_AppendsToWhatIsThere) {
  std::string out = "before\r\n";
  encode_irc(event_of(EventKind::kAway), with(), kLimits, out);
  encode_irc(said("a"), with(), kLimits, out);
  EXPECT_EQ(out, "before\r\n:alice!~al@here PRIVMSG #dev :a\r\n");
}

// What the lines of a message say, put together.
std::string joined_text(const std::vector<std::string>& lines) {
  std::string joined;
  for (const std::string& line : lines) {
    joined += line.substr(line.find(" :") + 2);
  }
  return joined;
}

std::size_t body_bytes(std::string_view line) { return line.size() - irc_tags_bytes(line); }

TEST(IrcEncode, LongMessage_IsContinuedInLinesThatAreFull) {
  const std::string text(2'000, 'x');
  const std::vector<std::string> lines = irc_lines(encoded(said(text)));
  ASSERT_THAT(lines, SizeIs(5));
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), 510U);
    EXPECT_THAT(line, StartsWith(":alice!~al@here PRIVMSG #dev :x"));
  }
  EXPECT_EQ(lines[0].size(), 510U);
  EXPECT_EQ(joined_text(lines), text);
}

TEST(IrcEncode, LongMessage_IsCutBetweenCharacters) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(shift, 'x');
    for (int i = 0; i < 300; ++i) {
      text += "\xF0\x9F\x98\x80";
    }
    const std::vector<std::string> lines = irc_lines(encoded(said(text)));
    EXPECT_THAT(lines, SizeIs(3));
    for (const std::string& line : lines) {
      EXPECT_LE(line.size(), 510U);
      EXPECT_TRUE(is_text(line));
    }
    EXPECT_EQ(joined_text(lines), text);
  }
}

TEST(IrcEncode, LongMessage_HasItsMsgidAndTagsOnce) {
  const std::string text(1'000, 'x');
  Event message = said(text);
  message.tags = "+a=b";
  const std::vector<std::string> lines =
      irc_lines(encoded(message, WireFormat::kMessageTags | WireFormat::kServerTime));
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[0], StartsWith("@time=2023-11-14T22:13:20.123Z;msgid=17;+a=b :alice"));
  EXPECT_THAT(lines[1], StartsWith("@time=2023-11-14T22:13:20.123Z :alice"));
  EXPECT_THAT(lines[2], StartsWith("@time=2023-11-14T22:13:20.123Z :alice"));
  EXPECT_EQ(body_bytes(lines[0]), 510U);
}

TEST(IrcEncode, Action_StaysOneInEachLine) {
  EXPECT_EQ(encoded(said("\x01"
                         "ACTION waves\x01")),
            ":alice!~al@here PRIVMSG #dev :\x01"
            "ACTION waves\x01\r\n");
  const std::string waves(1'000, 'w');
  const std::string text =
      "\x01"
      "ACTION " +
      waves + "\x01";
  const std::vector<std::string> lines = irc_lines(encoded(said(text)));
  ASSERT_THAT(lines, SizeIs(3));
  std::string joined;
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), 510U);
    const std::string said_here = line.substr(line.find(" :") + 2);
    ASSERT_THAT(said_here, StartsWith("\x01"
                                      "ACTION w"));
    ASSERT_THAT(said_here, EndsWith("\x01"));
    joined += said_here.substr(8, said_here.size() - 9);
  }
  EXPECT_EQ(joined, waves);
}

TEST(IrcEncode, ActionThatDoesNotEnd_IsEnded) {
  EXPECT_EQ(encoded(said("\x01"
                         "ACTION waves")),
            ":alice!~al@here PRIVMSG #dev :\x01"
            "ACTION waves\x01\r\n");
}

TEST(IrcEncode, EmptyMessage_IsALine) {
  EXPECT_EQ(encoded(said("")), ":alice!~al@here PRIVMSG #dev :\r\n");
}

TEST(IrcEncode, LineEndsInAText_NeverLeaveTheLine) {
  using namespace std::string_literals;
  const std::string text = "a\rQUIT\nb\0c\r\nd"s;
  EXPECT_EQ(encoded(said(text)), ":alice!~al@here PRIVMSG #dev :a QUIT b c  d\r\n");
  Event kicked = in_room(event_of(EventKind::kKicked, text));
  kicked.target = "bob";
  EXPECT_THAT(irc_lines(encoded(kicked)), ElementsAre(HasSubstr(" KICK #dev bob :a QUIT b c  d")));
}

TEST(IrcEncode, TextThatIsNoUtf8_Ends) {
  const std::string text(2'000, '\x80');
  EXPECT_LE(irc_lines(encoded(said(text))).size(), 500U);
}

TEST(IrcEncode, OverlongTopic_IsCutBetweenCharacters) {
  std::string text = "xx";
  for (int i = 0; i < 300; ++i) {
    text += "\xE2\x82\xAC";
  }
  const std::vector<std::string> lines =
      irc_lines(encoded(in_room(event_of(EventKind::kTopic, text))));
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_LE(lines[0].size(), 510U);
  EXPECT_GT(lines[0].size(), 506U);
  EXPECT_TRUE(is_text(lines[0]));
}

}  // namespace
}  // namespace chat
