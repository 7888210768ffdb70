#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/protocol/native.h"

namespace chat {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Limits kLimits;
constexpr std::array kFormats{WireFormat::kByHand, WireFormat::kProgram, WireFormat::kTagged};

WireFormat with_presence(WireFormat format) {
  format.features |= WireFormat::kPresence;
  return format;
}

std::string encoded(const Event& event, WireFormat format, const Limits& limits = kLimits) {
  std::string out;
  encode_native(event, format, limits, out);
  return out;
}

// The lines without their ends.
std::vector<std::string> lines_of(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      ADD_FAILURE() << "the last line has no end: " << bytes;
      return lines;
    }
    lines.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
  return lines;
}

Event event_of(EventKind kind, std::string_view subject, std::string_view text = {}) {
  Event event;
  event.kind = kind;
  event.subject = subject;
  event.text = text;
  return event;
}

Event in_room(Event event, RoomId room_id, std::string_view room) {
  event.room_id = room_id;
  event.room = room;
  return event;
}

Event numbered(Event event) {
  event.id = 17;
  event.unix_ms = 1'700'000'000'123;
  return event;
}

Event list_of(EventKind kind, std::string_view items) { return event_of(kind, {}, items); }

void expect_in_every_format(const Event& event, const std::string& expected) {
  for (const WireFormat format : kFormats) {
    EXPECT_EQ(encoded(event, format), expected) << "format " << static_cast<int>(format.dialect);
  }
}

TEST(NativeEncode, AnswersToOneSession_LookTheSameInEveryFormat) {
  using enum EventKind;
  const RoomId dev = 5;
  expect_in_every_format(event_of(kWelcome, "", "tags,presence"),
                         "WELCOME:1:tags,presence:line=4096,name=32,room=64,rooms=32\n");
  expect_in_every_format(event_of(kWelcome, ""), "WELCOME:1::line=4096,name=32,room=64,rooms=32\n");
  expect_in_every_format(event_of(kRegistered, "Alice"), "REGISTERED:Alice\n");
  expect_in_every_format(event_of(kPong, "", "a:b"), "PONG:a:b\n");
  expect_in_every_format(event_of(kPong, ""), "PONG:\n");
  expect_in_every_format(event_of(kBye, "", "server shutting down"), "BYE:server shutting down\n");
  expect_in_every_format(in_room(event_of(kJoined, ""), dev, "dev"), "JOINED:dev\n");
  expect_in_every_format(in_room(event_of(kParted, ""), dev, "dev"), "PARTED:dev\n");
  expect_in_every_format(event_of(kRequest, "Bob"), "REQUEST:Bob\n");
  expect_in_every_format(event_of(kChatStarted, "Bob"), "STATUS:CHAT_STARTED:Bob\n");
  expect_in_every_format(event_of(kChatEnded, "Bob"), "STATUS:CHAT_ENDED:Bob\n");
  expect_in_every_format(event_of(kChatDeclined, "Bob"), "STATUS:CHAT_DECLINED:Bob\n");
  expect_in_every_format(event_of(kChatExpired, "Bob"), "STATUS:CHAT_EXPIRED:Bob\n");
  expect_in_every_format(in_room(event_of(kInvited, "Bob"), dev, "dev"),
                         "STATUS:INVITED:dev:Bob\n");
  expect_in_every_format(in_room(event_of(kModes, "", "+n"), dev, "dev"), "MODES:dev:+n\n");
  Event inviting = in_room(event_of(kInviting, "Al"), dev, "dev");
  inviting.target = "Bob";
  expect_in_every_format(inviting, "INVITED:dev:Bob\n");
}

TEST(NativeEncode, Presence_IsToldToThoseWhoAskedForIt) {
  using enum EventKind;
  const RoomId dev = 5;
  const auto expect = [](const Event& event, const std::string& expected) {
    for (const WireFormat format : kFormats) {
      EXPECT_EQ(encoded(event, with_presence(format)), expected);
      EXPECT_EQ(encoded(event, format), "");
    }
  };
  expect(in_room(event_of(kPresenceJoined, "", "Al,Bo"), dev, "dev"), "STATUS:JOINED:dev:Al,Bo\n");
  expect(in_room(event_of(kPresenceLeft, "", "Al"), kLobby, kLobbyName), "STATUS:LEFT:lobby:Al\n");
  expect(in_room(event_of(kModeChanged, "Al", "+m"), dev, "dev"), "STATUS:MODE:dev:Al:+m\n");
  Event renamed = in_room(event_of(kRenamed, "Al"), kLobby, kLobbyName);
  renamed.target = "Bo";
  expect(renamed, "STATUS:RENAMED:Al:Bo\n");
}

TEST(NativeEncode, Kick_IsToldToTheOneWhoIsKicked) {
  Event kicked = in_room(event_of(EventKind::kKicked, "Al", "spam: again"), 5, "dev");
  kicked.target = "Bo";
  expect_in_every_format(kicked, "");
  kicked.to.shard = 0;
  expect_in_every_format(kicked, "STATUS:KICKED:dev:Al:spam: again\nPARTED:dev\n");
}

TEST(NativeEncode, WhatSessionsOutliveTheirConnectionWith_LooksTheSameInEveryFormat) {
  expect_in_every_format(event_of(EventKind::kSession, "", "t0ken"), "SESSION:t0ken\n");
  expect_in_every_format(numbered(event_of(EventKind::kResumed, "Alice")), "RESUMED:Alice\n");
  Event ack = numbered(event_of(EventKind::kAck, ""));
  ack.client_id = "c17";
  expect_in_every_format(ack, "ACK:c17:17\n");
  Event gap = event_of(EventKind::kGap, "");
  gap.from = 1;
  gap.id = std::numeric_limits<MessageId>::max();
  expect_in_every_format(gap, "GAP:1:18446744073709551615\n");
  expect_in_every_format(in_room(event_of(EventKind::kHistoryEnd, ""), kNoRoom, "@Bob"),
                         "END:HISTORY:@Bob\n");
}

TEST(NativeEncode, WhatIsForTheShardAlone_IsNothing) {
  for (const EventKind kind : {EventKind::kHeard, EventKind::kHistory}) {
    expect_in_every_format(in_room(event_of(kind, "Alice", "key"), kLobby, kLobbyName), "");
  }
}

TEST(NativeEncode, Error_NamesTheMessageThatItAnswers) {
  Event error = event_of(EventKind::kError, "Bob", "nobody");
  error.refusal = Refusal::kNoSuchName;
  error.client_id = "c17";
  expect_in_every_format(error, "@id=c17 ERROR:404:Bob:nobody\n");
}

TEST(NativeEncode, Welcome_TellsTheLimitsInForce) {
  Limits limits;
  limits.line_bytes_max = 100;
  limits.name_length_max = 8;
  limits.room_name_length_max = 9;
  limits.rooms_per_client_max = 2;
  EXPECT_EQ(encoded(event_of(EventKind::kWelcome, "", "tags"), WireFormat::kTagged, limits),
            "WELCOME:1:tags:line=100,name=8,room=9,rooms=2\n");
}

TEST(NativeEncode, Messages_DependOnTheFormat) {
  const Event in_lobby =
      numbered(in_room(event_of(EventKind::kMessage, "Alice", "hi: all"), kLobby, kLobbyName));
  EXPECT_EQ(encoded(in_lobby, WireFormat::kByHand), "MESSAGE:Alice:hi: all\n");
  EXPECT_EQ(encoded(in_lobby, WireFormat::kProgram), "MESSAGE:Alice:hi: all\n");
  EXPECT_EQ(encoded(in_lobby, WireFormat::kTagged),
            "@id=17;ts=1700000000123;room=lobby MESSAGE:Alice:hi: all\n");

  const Event in_dev = numbered(in_room(event_of(EventKind::kMessage, "Alice", "hi"), 5, "dev"));
  EXPECT_EQ(encoded(in_dev, WireFormat::kByHand), "ROOM_MESSAGE:dev:Alice:hi\n");
  EXPECT_EQ(encoded(in_dev, WireFormat::kProgram), "ROOM_MESSAGE:dev:Alice:hi\n");
  EXPECT_EQ(encoded(in_dev, WireFormat::kTagged),
            "@id=17;ts=1700000000123;room=dev ROOM_MESSAGE:dev:Alice:hi\n");

  const Event direct =
      numbered(in_room(event_of(EventKind::kDirect, "Alice", "hi"), kNoRoom, "Bob"));
  EXPECT_EQ(encoded(direct, WireFormat::kByHand), "MESSAGE:Alice:hi\n");
  EXPECT_EQ(encoded(direct, WireFormat::kProgram), "DIRECT:Alice:hi\n");
  EXPECT_EQ(encoded(direct, WireFormat::kTagged),
            "@id=17;ts=1700000000123;to=Bob DIRECT:Alice:hi\n");

  const Event topic = numbered(in_room(event_of(EventKind::kTopic, "Alice", "tea"), 5, "dev"));
  EXPECT_EQ(encoded(topic, WireFormat::kByHand), "TOPIC:dev:Alice:tea\n");
  EXPECT_EQ(encoded(topic, WireFormat::kProgram), "TOPIC:dev:Alice:tea\n");
  EXPECT_EQ(encoded(topic, WireFormat::kTagged),
            "@id=17;ts=1700000000123;room=dev TOPIC:dev:Alice:tea\n");
  Event cleared = topic;
  cleared.text = {};
  EXPECT_EQ(encoded(cleared, WireFormat::kProgram), "TOPIC:dev:Alice:\n");
}

TEST(NativeEncode, Numbers_AreWrittenInFull) {
  Event event = in_room(event_of(EventKind::kDirect, "A", "x"), kNoRoom, "B");
  event.id = std::numeric_limits<MessageId>::max();
  event.unix_ms = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(encoded(event, WireFormat::kTagged),
            "@id=18446744073709551615;ts=-9223372036854775808;to=B DIRECT:A:x\n");
}

TEST(NativeEncode, EveryErrorCode_HasItsNumber) {
  const std::vector<std::pair<Refusal, std::string>> codes{
      {Refusal::kMalformed, "400"},    {Refusal::kRegisterFirst, "401"},
      {Refusal::kForbidden, "403"},    {Refusal::kNotOperator, "403"},
      {Refusal::kNoSuchName, "404"},   {Refusal::kUnknownVerb, "405"},
      {Refusal::kNameTaken, "409"},    {Refusal::kTooLong, "413"},
      {Refusal::kInvalidName, "422"},  {Refusal::kTooFast, "429"},
      {Refusal::kGone, "440"},         {Refusal::kInternal, "500"},
      {Refusal::kShuttingDown, "503"},
  };
  for (const auto& [refusal, number] : codes) {
    Event event = event_of(EventKind::kError, "Bob", "why: because");
    event.refusal = refusal;
    expect_in_every_format(event, "ERROR:" + number + ":Bob:why: because\n");
    event.subject = {};
    expect_in_every_format(event, "ERROR:" + number + "::why: because\n");
  }
}

TEST(NativeEncode, SubjectOfAnError_CannotLookLikeSomethingElse) {
  Event event = event_of(EventKind::kError, "a:b\r\n\x1B[1m\x7F\xC3\xA9 c", "text");
  event.refusal = Refusal::kInvalidName;
  EXPECT_EQ(encoded(event, WireFormat::kByHand), "ERROR:422:a?b???[1m?\xC3\xA9 c:text\n");
}

TEST(NativeEncode, SubjectOfAnError_IsCutToTheLongestName) {
  const std::string subject = std::string(63, 'x') + "\xC3\xA9 and more";
  Event event = event_of(EventKind::kError, subject, "text");
  event.refusal = Refusal::kInvalidName;
  EXPECT_EQ(encoded(event, WireFormat::kByHand), "ERROR:422:" + std::string(63, 'x') + ":text\n");
  Limits limits;
  limits.room_name_length_max = 4;
  limits.name_length_max = 6;
  EXPECT_EQ(encoded(event, WireFormat::kByHand, limits), "ERROR:422:xxxxxx:text\n");
}

TEST(NativeEncode, Help_ExplainsEveryCommandThatPeopleNeed) {
  const std::string help = encoded(event_of(EventKind::kHelp, ""), WireFormat::kByHand);
  EXPECT_THAT(lines_of(help), Each(StartsWith("HELP:")));
  for (const std::string command :
       {"REGISTER:name", "send name text", "say text", "list", "LIST:room", "ROOMS", "JOIN:room",
        "PART:room", "SAY:room:text", "TOPIC:room:text", "REQUEST:name", "MODE:room",
        "KICK:room:name", "INVITE:room:name", "JOIN:room:key", "ACCEPT:", "DECLINE:", "LEAVE",
        "quit"}) {
    EXPECT_THAT(help, HasSubstr(command));
  }
}

TEST(NativeEncode, Lists_EndWithALineForPrograms) {
  const Event clients = list_of(EventKind::kClientList, "Alice,Bob");
  EXPECT_EQ(encoded(clients, WireFormat::kByHand), "CLIENT_LIST:Alice,Bob\n");
  EXPECT_EQ(encoded(clients, WireFormat::kProgram), "CLIENT_LIST:Alice,Bob\nEND:LIST\n");
  EXPECT_EQ(encoded(clients, WireFormat::kTagged), "CLIENT_LIST:Alice,Bob\nEND:LIST\n");

  const Event rooms = list_of(EventKind::kRoomList, "lobby=12,dev=3");
  EXPECT_EQ(encoded(rooms, WireFormat::kByHand), "ROOM_LIST:lobby=12,dev=3\n");
  EXPECT_EQ(encoded(rooms, WireFormat::kProgram), "ROOM_LIST:lobby=12,dev=3\nEND:ROOMS\n");

  const Event nobody = list_of(EventKind::kClientList, "");
  EXPECT_EQ(encoded(nobody, WireFormat::kByHand), "CLIENT_LIST:\n");
  EXPECT_EQ(encoded(nobody, WireFormat::kProgram), "CLIENT_LIST:\nEND:LIST\n");
}

Event masks(std::string_view items) {
  Event list = in_room(list_of(EventKind::kModeList, items), 5, "dev");
  list.target = "b";
  return list;
}

TEST(NativeEncode, ListsOfMasks_NameTheirRoomAndLetter) {
  EXPECT_EQ(encoded(masks("a!*@*,b!*@*"), WireFormat::kByHand), "MODE_LIST:dev:b:a!*@*,b!*@*\n");
  EXPECT_EQ(encoded(masks(""), WireFormat::kProgram), "MODE_LIST:dev:b:\nEND:MODE_LIST\n");
}

Limits lines_of_at_most(std::size_t bytes) {
  Limits limits;
  limits.line_bytes_max = bytes;
  return limits;
}

TEST(NativeEncode, LongList_IsContinuedBetweenNames) {
  const Event list = list_of(EventKind::kClientList, "Alice,Bob,Carol");
  const auto by_hand = [&list](std::size_t line_bytes_max) {
    return lines_of(encoded(list, WireFormat::kByHand, lines_of_at_most(line_bytes_max)));
  };
  EXPECT_THAT(by_hand(27), ElementsAre("CLIENT_LIST:Alice,Bob,Carol"));
  EXPECT_THAT(by_hand(26), ElementsAre("CLIENT_LIST:Alice,Bob", "CLIENT_LIST:Carol"));
  EXPECT_THAT(by_hand(21), ElementsAre("CLIENT_LIST:Alice,Bob", "CLIENT_LIST:Carol"));
  EXPECT_THAT(by_hand(20),
              ElementsAre("CLIENT_LIST:Alice", "CLIENT_LIST:Bob", "CLIENT_LIST:Carol"));
  // Too narrow for any name: one each, none cut.
  EXPECT_THAT(by_hand(5), ElementsAre("CLIENT_LIST:Alice", "CLIENT_LIST:Bob", "CLIENT_LIST:Carol"));
}

TEST(NativeEncode, LongListOfMasks_RepeatsItsRoomAndLetter) {
  EXPECT_THAT(lines_of(encoded(masks("a!*@*,b!*@*"), WireFormat::kByHand, lines_of_at_most(25))),
              ElementsAre("MODE_LIST:dev:b:a!*@*", "MODE_LIST:dev:b:b!*@*"));
}

TEST(NativeEncode, LongPresenceNotice_RepeatsItsRoom) {
  const Event joined =
      in_room(list_of(EventKind::kPresenceJoined, "Alice,Bob,Carol"), 5, "development");
  EXPECT_THAT(
      lines_of(encoded(joined, with_presence(WireFormat::kTagged), lines_of_at_most(36))),
      ElementsAre("STATUS:JOINED:development:Alice,Bob", "STATUS:JOINED:development:Carol"));
}

TEST(NativeEncode, ListOfThousands_LosesNothingAndKeepsItsLinesShort) {
  std::string names;
  for (int i = 0; i < 5'000; ++i) {
    names += (i == 0 ? "" : ",") + ("client_" + std::to_string(i * 7919));
  }
  std::vector<std::string> lines =
      lines_of(encoded(list_of(EventKind::kClientList, names), WireFormat::kProgram));
  ASSERT_GT(lines.size(), 2U);
  EXPECT_EQ(lines.back(), "END:LIST");
  lines.pop_back();
  std::string joined;
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), kLimits.line_bytes_max);
    ASSERT_THAT(line, StartsWith("CLIENT_LIST:client_"));
    joined += (joined.empty() ? "" : ",") + line.substr(12);
  }
  EXPECT_EQ(joined, names);
}

// The longest thing a peer can say, and what the one who gets it must have room for: PROTOCOL.md
// promises line + name + 10 bytes behind at most 55 + room bytes of tags.
TEST(NativeEncode, LongestMessage_IsWholeAndWithinItsBound) {
  const std::string name(kLimits.name_length_max, 'n');
  const std::string room(kLimits.room_name_length_max, 'r');
  const std::string said(kLimits.line_bytes_max - (room.size() + 5), 'x');  // SAY:room:said
  const std::string typed(kLimits.line_bytes_max, 'x');
  std::vector<Event> events{in_room(event_of(EventKind::kMessage, name, said), 5, room),
                            in_room(event_of(EventKind::kMessage, name, typed), kLobby, kLobbyName),
                            in_room(event_of(EventKind::kDirect, name, typed), kNoRoom, name)};
  std::size_t longest = 0;
  for (Event& event : events) {
    event.id = std::numeric_limits<MessageId>::max();
    event.unix_ms = std::numeric_limits<std::int64_t>::max();
    const std::string line = encoded(event, WireFormat::kTagged);
    ASSERT_EQ(lines_of(line).size(), 1U);
    const std::size_t tags = line.find(' ') + 1;
    EXPECT_LE(tags, 55 + kLimits.room_name_length_max);
    EXPECT_THAT(line, HasSubstr(std::string(event.text)));
    longest = std::max(longest, line.size() - tags - 1);
  }
  EXPECT_EQ(longest, kLimits.line_bytes_max + kLimits.name_length_max + 10);
}

TEST(NativeEncode, Encoding_AppendsToWhatIsThere) {
  std::string out = "before\n";
  encode_native(event_of(EventKind::kRegistered, "Alice"), WireFormat::kProgram, kLimits, out);
  encode_native(event_of(EventKind::kPong, "", "1"), WireFormat::kProgram, kLimits, out);
  EXPECT_EQ(out, "before\nREGISTERED:Alice\nPONG:1\n");
}

}  // namespace
}  // namespace chat
