#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
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
