#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chat/client/backoff.h"
#include "chat/client/server_line.h"

namespace chat {
namespace {

using std::chrono::milliseconds;

TEST(ServerLine, LastField_IsTheRestOfTheLine) {
  const ServerLine line = parse_server_line("MESSAGE:Alice:at 10:30, or 11:00?");
  EXPECT_EQ(line.verb, ServerVerb::kMessage);
  EXPECT_EQ(line.verb_name, "MESSAGE");
  EXPECT_EQ(line.fields[0], "Alice");
  EXPECT_EQ(line.fields[1], "at 10:30, or 11:00?");
  EXPECT_EQ(line.fields[2], "");
}

TEST(ServerLine, EveryVerb_GetsItsFields) {
  struct Case {
    std::string line;
    ServerVerb verb;
    std::vector<std::string> fields;
  };
  const std::vector<Case> cases{
      {"WELCOME:1:tags,presence:line=4096,name=32",
       ServerVerb::kWelcome,
       {"1", "tags,presence", "line=4096,name=32"}},
      {"REGISTERED:Alice", ServerVerb::kRegistered, {"Alice"}},
      {"SESSION:abc123", ServerVerb::kSession, {"abc123"}},
      {"RESUMED:Alice", ServerVerb::kResumed, {"Alice"}},
      {"ACK:c17:42", ServerVerb::kAck, {"c17", "42"}},
      {"GAP:40:44", ServerVerb::kGap, {"40", "44"}},
      {"END:HISTORY:@Bob", ServerVerb::kEnd, {"HISTORY:@Bob"}},
      {"DIRECT:Bob:a:b", ServerVerb::kDirect, {"Bob", "a:b"}},
      {"ROOM_MESSAGE:dev:Bob:a:b", ServerVerb::kRoomMessage, {"dev", "Bob", "a:b"}},
      {"TOPIC:dev:Bob:all: about it", ServerVerb::kTopic, {"dev", "Bob", "all: about it"}},
      {"CLIENT_LIST:Alice,Bob", ServerVerb::kClientList, {"Alice,Bob"}},
      {"ROOM_LIST:lobby=2", ServerVerb::kRoomList, {"lobby=2"}},
      {"END:LIST", ServerVerb::kEnd, {"LIST"}},
      {"JOINED:dev", ServerVerb::kJoined, {"dev"}},
      {"PARTED:dev", ServerVerb::kParted, {"dev"}},
      {"REQUEST:Bob", ServerVerb::kRequest, {"Bob"}},
      {"STATUS:JOINED:lobby:Bob,Carol", ServerVerb::kStatusJoined, {"lobby", "Bob,Carol"}},
      {"STATUS:LEFT:dev:Bob", ServerVerb::kStatusLeft, {"dev", "Bob"}},
      {"STATUS:CHAT_STARTED:Bob", ServerVerb::kStatusChatStarted, {"Bob"}},
      {"STATUS:CHAT_ENDED:Bob", ServerVerb::kStatusChatEnded, {"Bob"}},
      {"STATUS:CHAT_DECLINED:Bob", ServerVerb::kStatusChatDeclined, {"Bob"}},
      {"STATUS:CHAT_EXPIRED:Bob", ServerVerb::kStatusChatExpired, {"Bob"}},
      {"PONG:x:y", ServerVerb::kPong, {"x:y"}},
      {"BYE:server shutting down", ServerVerb::kBye, {"server shutting down"}},
      {"ERROR:404:Zed:nobody: really", ServerVerb::kError, {"404", "Zed", "nobody: really"}},
  };
  for (const Case& each : cases) {
    const ServerLine line = parse_server_line(each.line);
    EXPECT_EQ(line.verb, each.verb) << each.line;
    for (std::size_t i = 0; i < ServerLine::kFieldsMax; ++i) {
      EXPECT_EQ(line.fields[i], i < each.fields.size() ? each.fields[i] : "") << each.line;
    }
  }
}

TEST(ServerLine, Tags_AreTakenOffTheFront) {
  const ServerLine line =
      parse_server_line("@id=42;ts=1700000000123;room=lobby;new=thing MESSAGE:Alice:hi");
  EXPECT_EQ(line.id, 42U);
  EXPECT_EQ(line.unix_ms, 1'700'000'000'123);
  EXPECT_EQ(line.room, "lobby");
  EXPECT_EQ(line.verb, ServerVerb::kMessage);
  EXPECT_EQ(line.fields[1], "hi");
}

TEST(ServerLine, Numbers_AreWhereTheVerbHasThem) {
  const ServerLine direct = parse_server_line("@id=7;ts=1;to=Alice DIRECT:Bob:hi");
  EXPECT_EQ(direct.id, 7U);
  EXPECT_EQ(direct.to, "Alice");
  EXPECT_EQ(direct.client_id, "");
  const ServerLine ack = parse_server_line("ACK:c17:42");
  EXPECT_EQ(ack.id, 42U);
  EXPECT_EQ(ack.client_id, "c17");
  const ServerLine gap = parse_server_line("GAP:40:44");
  EXPECT_EQ(gap.id, 44U);
  const ServerLine error = parse_server_line("@id=17 ERROR:404:Zed:nobody");
  EXPECT_EQ(error.id, std::nullopt) << "that is our number";
  EXPECT_EQ(error.client_id, "17");
  EXPECT_EQ(parse_server_line("@id=5 JOINED:dev").id, std::nullopt);
  EXPECT_EQ(parse_server_line("@id=5 NEWER:thing").client_id, "");
  for (const char* text : {"ACK:c17", "ACK:c17:", "ACK:c17:-1", "GAP:1", "GAP:1:2:3",
                           "ACK:c17:99999999999999999999"}) {
    EXPECT_EQ(parse_server_line(text).id, std::nullopt) << text;
  }
}

TEST(ServerLine, TagsThatMakeNoSense_AreIgnored) {
  const ServerLine line = parse_server_line("@id=4x;ts=;;=;room MESSAGE:Alice:hi");
  EXPECT_EQ(line.id, std::nullopt);
  EXPECT_EQ(line.unix_ms, std::nullopt);
  EXPECT_EQ(line.room, "");
  EXPECT_EQ(line.fields[1], "hi");
}

TEST(ServerLine, WhatIsNotKnown_IsUnknownWithoutFields) {
  for (const char* text : {"", ":", "@", "@id=1", "FLY:me:there", "STATUS", "STATUS:BORED:Bob",
                           "message:Alice:hi", "\xFF\xFE"}) {
    const ServerLine line = parse_server_line(text);
    EXPECT_EQ(line.verb, ServerVerb::kUnknown) << text;
    EXPECT_EQ(line.fields[0], "") << text;
  }
}

TEST(ServerLine, MissingFields_AreEmpty) {
  const ServerLine line = parse_server_line("ERROR:404");
  EXPECT_EQ(line.verb, ServerVerb::kError);
  EXPECT_EQ(line.fields[0], "404");
  EXPECT_EQ(line.fields[1], "");
  EXPECT_EQ(line.fields[2], "");
}

bool is_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// Bytes that are nothing, and lines that were right once.
std::string hostile_line(std::mt19937_64& random) {
  static constexpr const char* kLines[] = {"@id=5;ts=1700000000000;room=lobby MESSAGE:alice:hi",
                                           "@id=6;ts=-1;to=bob DIRECT:alice:hi",
                                           "@id=7;room=dev ROOM_MESSAGE:dev:alice:hi",
                                           "TOPIC:dev:alice:text",
                                           "STATUS:JOINED:lobby:a,b",
                                           "ERROR:404:Zed:nobody",
                                           "ACK:c17:42",
                                           "GAP:1:18446744073709551615",
                                           "END:HISTORY:dev",
                                           "WELCOME:1:tags:line=1"};
  std::string line;
  if (random() % 4 != 0) {
    line = kLines[random() % std::size(kLines)];
  }
  for (std::uint64_t changes = random() % 8; changes > 0; --changes) {
    static constexpr std::string_view kSpecial("@:;= ,\0\r\xFF\x1b", 10);
    const char byte =
        random() % 2 == 0 ? kSpecial[random() % kSpecial.size()] : static_cast<char>(random());
    const std::size_t at = random() % (line.size() + 1);
    if (random() % 3 == 0 && at < line.size()) {
      line.erase(at, 1 + random() % 8);
    } else {
      line.insert(at, 1 + random() % 3, byte);
    }
  }
  return line;
}

TEST(ServerLine, AnyBytes_AreALineThatHoldsNothingElse) {
  std::mt19937_64 random(1);
  int known = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = hostile_line(random);
    const ServerLine line = parse_server_line(text);
    known += line.verb == ServerVerb::kUnknown ? 0 : 1;
    for (const std::string_view part : {line.room, line.to, line.client_id, line.verb_name,
                                        line.fields[0], line.fields[1], line.fields[2]}) {
      ASSERT_TRUE(is_within(part, text)) << testing::PrintToString(text);
    }
    const bool may_have_id =
        is_delivery(line.verb) || line.verb == ServerVerb::kAck || line.verb == ServerVerb::kGap;
    ASSERT_TRUE(may_have_id || !line.id) << testing::PrintToString(text);
  }
  EXPECT_GT(known, 50'000) << "not all of it is nonsense";
  EXPECT_LT(known, 190'000);
}

// The largest of many waits that are drawn at each step, over many seeds.
std::vector<milliseconds> largest_waits(int steps) {
  std::vector<milliseconds> largest(static_cast<std::size_t>(steps));
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Backoff backoff(milliseconds{250}, milliseconds{15'000}, seed);
    for (milliseconds& each : largest) {
      each = std::max(each, backoff.next());
    }
  }
  return largest;
}

TEST(Backoff, Ceiling_DoublesUpToTheMaximum) {
  const std::vector<milliseconds> largest = largest_waits(9);
  milliseconds ceiling{250};
  for (const milliseconds each : largest) {
    EXPECT_LE(each, ceiling);
    EXPECT_GT(each, ceiling * 9 / 10) << "the whole range below the ceiling is used";
    ceiling = std::min(ceiling * 2, milliseconds{15'000});
  }
}

TEST(Backoff, Waits_AreSpreadDownToNothing) {
  std::set<milliseconds> waits;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    waits.insert(Backoff(milliseconds{250}, milliseconds{15'000}, seed).next());
  }
  EXPECT_LT(*waits.begin(), milliseconds{25});
  EXPECT_GT(waits.size(), 100U) << "clients with other seeds wait for other times";
}

TEST(Backoff, SameSeed_WaitsTheSame) {
  Backoff one(milliseconds{250}, milliseconds{15'000}, 7);
  Backoff other(milliseconds{250}, milliseconds{15'000}, 7);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(one.next(), other.next());
  }
}

TEST(Backoff, Reset_BeginsAtTheFirstCeiling) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Backoff backoff(milliseconds{250}, milliseconds{15'000}, seed);
    for (int i = 0; i < 8; ++i) {
      backoff.next();
    }
    backoff.reset();
    EXPECT_LE(backoff.next(), milliseconds{250});
  }
}

}  // namespace
}  // namespace chat
