// The native wire for those who want acknowledgements and sessions.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/loadgen/wire.h"

namespace loadgen {
namespace {

using Kind = Channel::Kind;
using Events = std::vector<std::string>;

const Channel kLobby{Kind::kLobby, "hall", ""};
const Channel kRoom{Kind::kRoom, "dev", ""};
const Channel kDirect{Kind::kDirect, "", "Bob"};
constexpr WireNeeds kBoth{true, true};
constexpr WireNeeds kAcks{true, false};

// A wire, what it has said, and what has come of what it was told.
class Session final : private WireEvents {
 public:
  explicit Session(const Channel& channel, const WireNeeds& needs = kBoth)
      : wire(make_wire(Protocol::kNative, "Anna", channel, needs)) {
    wire->begin(said);
  }
  // The connection is gone; another one is made.
  void begin_again() {
    said.clear();
    events.clear();
    unconsumed_.clear();
    wire->begin(said);
  }
  Session& receive(std::string_view bytes) {
    unconsumed_.append(bytes);
    unconsumed_.erase(0, wire->parse(unconsumed_, said, *this));
    return *this;
  }
  std::string take_said() { return std::exchange(said, {}); }

  std::unique_ptr<Wire> wire;
  std::string said;
  Events events;

 private:
  void on_ready() override { events.emplace_back("ready"); }
  void on_delivery(std::string_view payload) override {
    events.push_back(fmt::format("got {} {}", wire->delivery_id(), payload));
  }
  void on_refused(std::string_view why) override {
    events.push_back(fmt::format("refused {}", why));
  }
  void on_ack(std::uint64_t number, std::uint64_t id) override {
    events.push_back(fmt::format("ack {} {}", number, id));
  }
  void on_not_taken(std::uint64_t number, std::string_view why) override {
    events.push_back(fmt::format("not taken {} {}", number, why));
  }
  void on_gap(std::uint64_t first, std::uint64_t last) override {
    events.push_back(fmt::format("gap {} {}", first, last));
  }
  void on_caught_up() override { events.emplace_back("caught up"); }

  std::string unconsumed_;
};

const std::string kWelcome = "WELCOME:1:tags,ack,resume:line=4096\n";

Session logged_in(const Channel& channel = kLobby) {
  Session session(channel);
  session.receive(kWelcome + "REGISTERED:Anna\nSESSION:s3cret\n");
  if (channel.kind == Kind::kRoom) {
    session.receive("JOINED:dev\n");
  }
  EXPECT_EQ(session.events, (Events{"ready"}));
  session.events.clear();
  session.said.clear();
  return session;
}

TEST(SessionWire, AsksForWhatIsNeeded) {
  EXPECT_EQ(Session(kLobby).said, "HELLO:1:tags,ack,resume\nREGISTER:Anna\n");
  EXPECT_EQ(Session(kLobby, kAcks).said, "HELLO:1:ack\nREGISTER:Anna\n");
  EXPECT_EQ(Session(kRoom, {false, true}).said, "HELLO:1:tags,resume\nREGISTER:Anna\nJOIN:dev\n");
}

TEST(SessionWire, IsReadyWhenItHasItsToken) {
  Session lobby(kLobby);
  lobby.receive(kWelcome + "REGISTERED:Anna\n");
  EXPECT_TRUE(lobby.events.empty()) << "without a token a session would be lost";
  lobby.receive("SESSION:s3cret\n");
  EXPECT_EQ(lobby.events, (Events{"ready"}));
  Session room(kRoom);
  room.receive(kWelcome + "REGISTERED:Anna\nSESSION:s3cret\n");
  EXPECT_TRUE(room.events.empty());
  EXPECT_EQ(room.receive("JOINED:dev\n").events, (Events{"ready"}));
  Session acks(kLobby, kAcks);
  EXPECT_EQ(acks.receive("WELCOME:1:ack:\nREGISTERED:Anna\n").events, (Events{"ready"}));
}

TEST(SessionWire, ServerThatGrantsLess_IsRefused) {
  EXPECT_EQ(Session(kLobby).receive("WELCOME:1:tags,ack:line=4096\n").events,
            (Events{"refused a server without sessions that can be resumed: "
                    "WELCOME:1:tags,ack:line=4096"}));
  EXPECT_EQ(Session(kLobby, kAcks).receive("WELCOME:1::\n").events,
            (Events{"refused a server that does not acknowledge: WELCOME:1::"}));
}

TEST(SessionWire, Deliveries_HaveTheirNumbers) {
  Session session = logged_in();
  session.receive("@id=17;ts=1;room=lobby MESSAGE:Bob:a: b\r\n@ts=1;x=y;id=18 MESSAGE:Bob:c\n");
  EXPECT_EQ(session.events, (Events{"got 17 a: b", "got 18 c"}));
  Session room = logged_in(kRoom);
  room.receive("@id=5;ts=1;room=dev ROOM_MESSAGE:dev:Bob:hi\n");
  EXPECT_EQ(room.events, (Events{"got 5 hi"}));
  Session direct = logged_in(kDirect);
  direct.receive("@id=6;ts=1;to=Anna DIRECT:Bob:hi\n");
  EXPECT_EQ(direct.events, (Events{"got 6 hi"}));
  Session untagged(kLobby, kAcks);
  untagged.receive("WELCOME:1:ack:\nREGISTERED:Anna\nMESSAGE:Bob:hi\n");
  EXPECT_EQ(untagged.events, (Events{"ready", "got 0 hi"}));
}

TEST(SessionWire, Deliveries_WithoutANumber_AreRefused) {
  for (const char* line : {"MESSAGE:Bob:hi\n", "@ts=1 MESSAGE:Bob:hi\n", "@id=x MESSAGE:Bob:hi\n",
                           "@id=-1 MESSAGE:Bob:hi\n", "@id= MESSAGE:Bob:hi\n"}) {
    Session session = logged_in();
    session.receive(line);
    ASSERT_EQ(session.events.size(), 1U) << line;
    EXPECT_TRUE(session.events[0].starts_with("refused a message")) << session.events[0];
  }
}

TEST(SessionWire, Numbered_IsAcknowledgedOrNotTaken) {
  Session session = logged_in();
  session.wire->publish_numbered(7, "hello", session.said);
  session.wire->publish_numbered(8, "again", session.said);
  EXPECT_EQ(session.take_said(), "@id=m7 BROADCAST:hello\n@id=m8 BROADCAST:again\n");
  session.receive("ACK:m7:4711\n@id=m8 ERROR:500::not now\n");
  EXPECT_EQ(session.events, (Events{"ack 7 4711", "not taken 8 ERROR:500::not now"}));
  Session room = logged_in(kRoom);
  room.wire->publish_numbered(1, "hello", room.said);
  EXPECT_EQ(room.take_said(), "@id=m1 SAY:dev:hello\n");
}

TEST(SessionWire, Resumes_BehindTheGreatestNumberItWasTold) {
  Session session = logged_in();
  session.receive("@id=17 MESSAGE:Bob:a\nACK:m1:21\n@id=19 MESSAGE:Bob:b\n");
  session.begin_again();
  EXPECT_EQ(session.said, "HELLO:1:tags,ack,resume\nRESUME:s3cret:21\nPING:caught-up\n");
  session.receive(kWelcome + "RESUMED:Anna\n@id=30 MESSAGE:Bob:c\nGAP:31:35\n" +
                  "PONG:caught-up\n@id=36 MESSAGE:Bob:d\n");
  EXPECT_EQ(session.events, (Events{"ready", "got 30 c", "gap 31 35", "caught up", "got 36 d"}));
  session.begin_again();
  EXPECT_NE(session.said.find("RESUME:s3cret:36\n"), std::string::npos);
  session.receive(kWelcome + "RESUMED:Anna\nGAP:37:40\n");
  session.begin_again();
  EXPECT_NE(session.said.find("RESUME:s3cret:40\n"), std::string::npos);
}

TEST(SessionWire, NothingSeen_ResumesFromTheBeginning) {
  Session session = logged_in();
  session.begin_again();
  EXPECT_NE(session.said.find("RESUME:s3cret:0\n"), std::string::npos);
}

TEST(SessionWire, InARoom_ResumesWithoutJoining) {
  Session session = logged_in(kRoom);
  session.begin_again();
  EXPECT_EQ(session.said.find("JOIN"), std::string::npos);
  EXPECT_EQ(session.receive(kWelcome + "RESUMED:Anna\n").events, (Events{"ready"}));
}

TEST(SessionWire, LostBeforeItHadAToken_LogsInAnew) {
  Session session(kLobby);
  session.receive(kWelcome + "REGISTERED:Anna\n");
  session.begin_again();
  EXPECT_EQ(session.said, "HELLO:1:tags,ack,resume\nREGISTER:Anna\n");
}

TEST(SessionWire, HalfALineOfTheConnectionBefore_IsForgotten) {
  Session session = logged_in();
  session.receive("@id=17 MESSAGE:Bob:ha");
  session.begin_again();
  session.receive(kWelcome + "RESUMED:Anna\n@id=17 MESSAGE:Bob:half\n");
  EXPECT_EQ(session.events, (Events{"ready", "got 17 half"}));
}

TEST(SessionWire, RefusedOnOneConnection_MayBeginOnAnother) {
  Session session = logged_in();
  session.receive("BYE:server shutting down\n");
  EXPECT_EQ(session.events, (Events{"refused the server says: BYE:server shutting down"}));
  session.begin_again();
  EXPECT_EQ(session.receive(kWelcome + "RESUMED:Anna\n").events, (Events{"ready"}));
}

TEST(SessionWire, SessionThatIsOver_IsRefused) {
  Session session = logged_in();
  session.begin_again();
  session.receive(kWelcome + "ERROR:404::this session is over\n");
  EXPECT_EQ(session.events, (Events{"refused the server says: ERROR:404::this session is over"}));
}

TEST(SessionWire, Fence_IsAnsweredByCaughtUp) {
  Session session = logged_in();
  session.wire->fence(session.said);
  EXPECT_EQ(session.take_said(), "PING:caught-up\n");
  EXPECT_EQ(session.receive("PONG:other\nPONG:caught-up\n").events, (Events{"caught up"}));
  Session acks(kLobby, kAcks);
  EXPECT_TRUE(acks.receive("WELCOME:1:ack:\nPONG:caught-up\n").events.empty())
      << "it has asked for nothing";
}

TEST(SessionWire, Nonsense_IsRefused) {
  for (const char* line : {"ACK:m1\n",
                           "ACK:m1:\n",
                           "ACK:m1:0\n",
                           "ACK:m1:x\n",
                           "ACK:7:1\n",
                           "ACK::1\n",
                           "ACK:mx:1\n",
                           "ACK:m18446744073709551616:1\n",
                           "GAP:\n",
                           "GAP:1\n",
                           "GAP:5:4\n",
                           "GAP:a:b\n",
                           "GAP:1:2:3\n",
                           "SESSION:\n",
                           "SESSION:with space\n",
                           "SESSION:a:b\n",
                           "ROOM_MESSAGE:dev:Bob:hi\n",
                           "@id=5 ROOM_MESSAGE:dev:Bob:hi\n",
                           "ERROR:500::x\n",
                           "@id=x7 ERROR:500::x\n",
                           "@id=5 MESSAGE:Bob\n",
                           "WELCOME:\n"}) {
    Session session = logged_in();
    session.receive(line);
    ASSERT_EQ(session.events.size(), 1U) << line;
    EXPECT_TRUE(session.events[0].starts_with("refused ")) << line << session.events[0];
  }
  Session long_token = logged_in();
  long_token.receive("SESSION:" + std::string(65, 'x') + "\n");
  EXPECT_EQ(long_token.events.size(), 1U);
}

TEST(SessionWire, WhatItDoesNotKnow_IsIgnored) {
  Session session = logged_in();
  session.receive("STATUS:JOINED:lobby:Bob\nNEWS:x\n@id=5 NEWS:x\nPONG:x\n@ \n@\n");
  EXPECT_TRUE(session.events.empty());
}

TEST(SessionWire, CutAnywhere_IsTheSame) {
  const std::string stream = kWelcome +
                             "REGISTERED:Anna\nSESSION:s3cret\n@id=17;ts=1 MESSAGE:Bob:a: b\r\n"
                             "ACK:m3:18\nGAP:5:6\n@id=m4 ERROR:500::x\n";
  Session whole(kLobby);
  whole.receive(stream);
  EXPECT_EQ(whole.events.size(), 5U);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Session session(kLobby);
    session.receive(std::string_view(stream).substr(0, cut));
    session.receive(std::string_view(stream).substr(cut));
    EXPECT_EQ(session.events, whole.events) << cut;
  }
}

TEST(SessionWire, OfAWireWithoutALog_IsNotToBeHad) {
  for (const Protocol protocol :
       {Protocol::kLines, Protocol::kRedis, Protocol::kNats, Protocol::kMqtt, Protocol::kIrc}) {
    EXPECT_FALSE(traits_of(protocol).has_log);
  }
  EXPECT_TRUE(traits_of(Protocol::kNative).has_log);
}

}  // namespace
}  // namespace loadgen
