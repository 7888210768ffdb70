// The load generator's wires inside a WebSocket, against what the server is made of.

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/limits.h"
#include "chat/web/http_parser.h"
#include "chat/web/websocket_handshake.h"
#include "chat/web/websocket_parser.h"
#include "tools/loadgen/kind.h"

namespace loadgen {
namespace {

using ChannelKind = Channel::Kind;
using Lines = std::vector<std::string>;
using chat::WebSocketOpcode;

const WebSocketPlace kPlace{"chat.example:8888", "/ws"};
const Channel kRoom{ChannelKind::kRoom, "dev", ""};
constexpr loadgen::Kind kNative{Protocol::kNative, true, false};
constexpr loadgen::Kind kIrc{Protocol::kIrc, true, false};

// Takes a client's request and frames as the server does, and writes down what was said.
class Server final : private chat::WebSocketSink {
 public:
  void receive(std::string_view bytes) {
    if (!is_open) {
      request_ += bytes;
      const chat::HttpParser::Result result = http_.parse(request_);
      request_.erase(0, result.consumed);
      if (result.outcome != chat::HttpParser::Outcome::kRequest) {
        ASSERT_EQ(result.outcome, chat::HttpParser::Outcome::kIncomplete);
        return;
      }
      asked = http_.take_request();
      const chat::WebSocketHandshake handshake = chat::shake_hands(asked, {}, says);
      ASSERT_TRUE(handshake.accepted);
      subprotocol = handshake.subprotocol;
      is_open = true;
      bytes = request_;
    }
    frames_.parse(bytes, *this);
  }
  void say(std::string_view line) { chat::append_ws_frame(says, WebSocketOpcode::kText, line); }

  bool is_open = false;
  chat::HttpRequest asked;
  chat::Subprotocol subprotocol = chat::Subprotocol::kNone;
  Lines heard;
  std::string says;  // to the client, and not handed over yet

 private:
  bool on_message(WebSocketOpcode kind, std::string_view payload, std::size_t /*wire*/) override {
    heard.push_back((kind == WebSocketOpcode::kText ? "" : "binary ") + std::string(payload));
    return true;
  }
  bool on_ping(std::string_view /*payload*/, std::size_t /*wire*/) override { return true; }
  bool on_pong(std::string_view payload, std::size_t /*wire*/) override {
    heard.push_back("pong " + std::string(payload));
    return true;
  }
  void on_close(chat::CloseCode code, std::string_view /*reason*/) override {
    heard.push_back("close " + std::to_string(code));
  }
  void on_broken(chat::CloseCode code, std::string_view why) override {
    heard.push_back("broken " + std::to_string(code) + " " + std::string(why));
  }

  chat::Limits limits_;
  chat::HttpParser http_{limits_};
  std::string request_;
  chat::WebSocketReaders readers_;
  chat::WebSocketParser frames_{limits_, readers_};
};

// A wire and what has come of it.
struct Client final : private WireEvents {
  explicit Client(const loadgen::Kind& kind, const Channel& channel = kRoom,
                  const WireNeeds& needs = {})
      : wire(make_wire(kind, kPlace, "Anna", channel, needs)) {
    wire->begin(says);
  }

  void receive(std::string_view bytes) {
    unconsumed += bytes;
    const std::size_t used = wire->parse(unconsumed, says, *this);
    ASSERT_LE(used, unconsumed.size());
    unconsumed.erase(0, used);
  }

  std::unique_ptr<Wire> wire;
  std::string says;  // to the server, and not handed over yet
  std::string unconsumed;
  Lines events;

 private:
  void on_ready() override { events.emplace_back("ready"); }
  void on_delivery(std::string_view payload) override {
    events.push_back("got " + std::string(payload));
  }
  void on_refused(std::string_view why) override {
    events.push_back("refused " + std::string(why));
  }
  void on_ack(std::uint64_t number, std::uint64_t id) override {
    events.push_back("ack " + std::to_string(number) + " " + std::to_string(id));
  }
  void on_caught_up() override { events.emplace_back("caught up"); }
};

// Everything that is said on both sides arrives.
void talk(Client& client, Server& server) {
  while (!client.says.empty() || !server.says.empty()) {
    server.receive(std::exchange(client.says, {}));
    client.receive(std::exchange(server.says, {}));
  }
}

// A client that was let in, with the server it talks to.
struct Session {
  explicit Session(const Channel& channel = kRoom, const WireNeeds& needs = {})
      : client(kNative, channel, needs) {
    talk(client, server);
    server.heard.clear();
  }

  Client client;
  Server server;
};

TEST(WebSocketWire, AsksForItsPlaceAndProtocol) {
  for (const auto& [kind, subprotocol] : {std::pair(kNative, chat::Subprotocol::kChatV1),
                                          std::pair(kIrc, chat::Subprotocol::kIrcText)}) {
    Client client(kind);
    Server server;
    talk(client, server);
    ASSERT_TRUE(server.is_open);
    EXPECT_EQ(server.subprotocol, subprotocol);
    EXPECT_EQ(server.asked.path, "/ws");
    EXPECT_EQ(server.asked.authority, "chat.example:8888");
    EXPECT_EQ(server.asked.field("Origin"), nullptr);
  }
}

TEST(WebSocketWire, EachLineIsAMessageWithoutItsEnd_InBothDirections) {
  Client client(kNative);
  Server server;
  talk(client, server);
  EXPECT_EQ(server.heard, (Lines{"HELLO:1:", "REGISTER:Anna", "JOIN:dev"}));
  server.say("WELCOME:1::line=4096");
  server.say("REGISTERED:Anna");
  server.say("JOINED:dev");
  server.say("ROOM_MESSAGE:dev:Bob:a: b");
  server.heard.clear();
  talk(client, server);
  EXPECT_EQ(client.events, (Lines{"ready", "got a: b"}));
  client.wire->publish("hello", client.says);
  talk(client, server);
  EXPECT_EQ(server.heard, (Lines{"SAY:dev:hello"}));
}

TEST(WebSocketWire, IrcIsSpokenInside_WithWhatItAnswers) {
  Client client(kIrc);
  Server server;
  talk(client, server);
  server.say("PING :cookie");
  server.say(":irc 001 Anna :Welcome");
  server.say(":irc 422 Anna :no MOTD");
  server.say(":irc 366 Anna #lobby :End of NAMES");
  server.say(":irc 366 Anna #dev :End of NAMES");
  server.say(":Bob!b@h PRIVMSG #dev :x y");
  talk(client, server);
  EXPECT_EQ(server.heard, (Lines{"NICK Anna", "USER Anna 0 * :Anna", "PONG :cookie", "JOIN #dev"}));
  EXPECT_EQ(client.events, (Lines{"ready", "got x y"}));
}

TEST(WebSocketWire, WhatIsBelow_CanAcknowledgeAndResume) {
  Session session(kRoom, {.acks = true, .resumes = true});
  Client& client = session.client;
  Server& server = session.server;
  server.say("WELCOME:1:tags,ack,resume:line=4096");
  server.say("REGISTERED:Anna");
  server.say("SESSION:t0ken");
  server.say("JOINED:dev");
  talk(client, server);
  client.wire->publish_numbered(0, "hello", client.says);
  talk(client, server);
  EXPECT_EQ(server.heard, Lines{"@id=m0 SAY:dev:hello"});
  server.say("ACK:m0:17");
  talk(client, server);
  EXPECT_EQ(client.events, (Lines{"ready", "ack 0 17"}));

  Server second;
  client.unconsumed.clear();
  client.wire->begin(client.says);
  talk(client, second);
  EXPECT_EQ(second.heard, (Lines{"HELLO:1:tags,ack,resume", "RESUME:t0ken:17", "PING:caught-up"}));
  second.say("RESUMED:Anna");
  second.say("@id=18;ts=1;room=dev ROOM_MESSAGE:dev:Bob:missed");
  second.say("PONG:caught-up");
  talk(client, second);
  EXPECT_EQ(client.events, (Lines{"ready", "ack 0 17", "ready", "got missed", "caught up"}));
  EXPECT_EQ(client.wire->delivery_id(), 18U);
}

TEST(WebSocketWire, StreamCutAnywhere_MakesNoDifference) {
  std::string stream;
  {
    Client first(kNative);
    Server server;
    server.receive(first.says);
    for (const char* line : {"REGISTERED:Anna", "JOINED:dev", "ROOM_MESSAGE:dev:Bob:a: b"}) {
      server.say(line);
    }
    chat::append_ws_frame(server.says, WebSocketOpcode::kPing, "there?");
    server.say("ROOM_MESSAGE:dev:Bob:" + std::string(300, 'x'));
    stream = server.says;
  }
  const Lines expected{"ready", "got a: b", "got " + std::string(300, 'x')};
  std::string said;
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Client client(kNative);  // asks with the same key
    client.receive(stream.substr(0, cut));
    client.receive(stream.substr(cut));
    EXPECT_EQ(client.events, expected) << "cut at " << cut;
    EXPECT_EQ(client.unconsumed, "") << "cut at " << cut;
    said = said.empty() ? client.says : said;
    EXPECT_EQ(client.says, said) << "cut at " << cut;
  }
  Client bit_by_bit(kNative);
  for (const char byte : stream) {
    bit_by_bit.receive({&byte, 1});
  }
  EXPECT_EQ(bit_by_bit.events, expected);
  EXPECT_EQ(bit_by_bit.says, said);
}

TEST(WebSocketWire, MessageInPartsWithAPingBetween_IsOneDelivery) {
  Session session;
  Client& client = session.client;
  session.server.say("JOINED:dev");
  talk(client, session.server);
  client.receive(std::string("\x01\x11") + "ROOM_MESSAGE:dev:" + "\x89\x02hi" +
                 std::string("\x00\x04", 2) + "Bob:" +
                 "\x80\x04"
                 "a: b");
  EXPECT_EQ(client.events, (Lines{"ready", "got a: b"}));
  talk(client, session.server);
  EXPECT_EQ(session.server.heard, Lines{"pong hi"});
}

TEST(WebSocketWire, EveryFrame_HasAMaskOfItsOwn) {
  Session session;
  Client& client = session.client;
  session.server.say("JOINED:dev");
  talk(client, session.server);
  client.wire->publish("hello", client.says);
  const std::string first = std::exchange(client.says, {});
  client.wire->publish("hello", client.says);
  ASSERT_EQ(first.size(), client.says.size());
  EXPECT_NE(first.substr(2, 4), client.says.substr(2, 4));
  EXPECT_NE(first.substr(6), client.says.substr(6));
}

TEST(WebSocketWire, Goodbye_EndsTheWebSocketToo) {
  Session session;
  Client& client = session.client;
  session.server.say("JOINED:dev");
  talk(client, session.server);
  client.wire->quit(client.says);
  session.server.receive(client.says);
  EXPECT_EQ(session.server.heard, (Lines{"QUIT", "close 1000"}));
  client.receive(
      "\x81\x0c"
      "ERROR:500::x"
      "\x88\x02\x03\xe8");
  EXPECT_EQ(client.events, Lines{"ready"});
  EXPECT_EQ(client.unconsumed, "");
}

TEST(WebSocketWire, LongestPayload_Arrives) {
  const std::string payload(traits_of(Protocol::kNative).payload_bytes_max, 'x');
  Session session;
  session.server.say("JOINED:dev");
  session.server.say("ROOM_MESSAGE:dev:Bob:" + payload);
  talk(session.client, session.server);
  EXPECT_EQ(session.client.events, (Lines{"ready", "got " + payload}));
  session.client.wire->publish(payload, session.client.says);
  talk(session.client, session.server);
  EXPECT_EQ(session.server.heard, Lines{"SAY:dev:" + payload});
}

// What a client that was let in makes of bytes.
struct Refusal {
  std::string name;
  std::string bytes;
  std::string why;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.name; }

class RefusedInAWebSocket : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(
    Refusals, RefusedInAWebSocket,
    testing::Values(
        Refusal{"Error",
                "\x81\x0f"
                "ERROR:409:Anna:",
                "the server says: ERROR:409:Anna:"},
        Refusal{"Close",
                "\x88\x05\x03\xe9"
                "bye",
                "the server closes the WebSocket (1001): bye"},
        Refusal{"CloseWithoutACode", std::string("\x88\x00", 2),
                "the server closes the WebSocket (1005)"},
        Refusal{"CloseThatIsNotPrintable", "\x88\x04\x03\xe9\x1b[",
                "the server closes the WebSocket (1001): ?["},
        Refusal{"Binary",
                "\x82\x0a"
                "JOINED:dev",
                "a binary message where text is spoken"},
        Refusal{"Masked",
                "\x81\x81"
                "abcd"
                "x",
                "the server breaks the rules of WebSocket (1002): a masked frame from the server"},
        Refusal{"Huge", "\x81\x7f" + std::string(8, '\x01'),
                "the server breaks the rules of WebSocket (1009): a message that is too long"},
        Refusal{"NoFrame", "HTTP/1.1 400",
                "the server breaks the rules of WebSocket (1002): a reserved bit or opcode"}),
    [](const auto& tested) { return tested.param.name; });

TEST_P(RefusedInAWebSocket, IsSaidOnceWithTheReason) {
  Session session;
  Client& client = session.client;
  client.receive(GetParam().bytes + GetParam().bytes);
  client.receive(GetParam().bytes);
  EXPECT_EQ(client.events, Lines{"refused " + GetParam().why});
  EXPECT_EQ(client.unconsumed, "");
}

TEST(WebSocketWire, NoUpgrade_IsRefusedWithWhatTheServerSaid) {
  Client client(kNative);
  client.receive("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.events, Lines{"refused no WebSocket: no upgrade: HTTP/1.1 404 Not Found"});
  Client endless(kNative);
  endless.receive("HTTP/1.1 101 Switching Protocols\r\n" + std::string(20'000, 'x'));
  EXPECT_EQ(endless.events, Lines{"refused no WebSocket: an answer without end"});
  EXPECT_EQ(endless.unconsumed, "");
}

TEST(WebSocketWire, AnswerForSomebodyElse_IsRefused) {
  Client client(kNative);
  client.receive(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_EQ(client.events, Lines{"refused no WebSocket: a wrong Sec-WebSocket-Accept"});
}

TEST(WebSocketWire, GoodbyeBeforeTheAnswer_SaysNothing) {
  Client client(kNative);
  client.says.clear();
  client.wire->quit(client.says);
  EXPECT_EQ(client.says, "");
  client.receive("HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_EQ(client.events, Lines{});
}

}  // namespace
}  // namespace loadgen
