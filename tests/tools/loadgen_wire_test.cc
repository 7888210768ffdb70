#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tools/loadgen/kind.h"
#include "tools/loadgen/wire.h"

namespace loadgen {
namespace {

using Kind = Channel::Kind;
using namespace std::string_literals;

// Writes events down as lines of text.
class Recorder final : public WireEvents {
 public:
  std::vector<std::string> events;

  void on_ready() override { events.emplace_back("ready"); }
  void on_delivery(std::string_view payload) override { events.push_back("got " + s(payload)); }
  void on_refused(std::string_view why) override { events.push_back("refused " + s(why)); }

 private:
  static std::string s(std::string_view text) { return std::string(text); }
};

// A wire that has said hello, and what has come of it.
struct Client {
  Client(Protocol protocol, const Channel& channel) : wire(make_wire(protocol, "Anna", channel)) {
    wire->begin(said);
  }

  // Hands over what is not yet consumed with bytes behind it, as a connection does.
  void receive(std::string_view bytes) {
    unconsumed.append(bytes);
    const std::size_t used = wire->parse(unconsumed, said, recorder);
    ASSERT_LE(used, unconsumed.size());
    unconsumed.erase(0, used);
  }
  const std::vector<std::string>& events() const { return recorder.events; }

  std::unique_ptr<Wire> wire;
  std::string said;
  std::string unconsumed;
  Recorder recorder;
};

using Events = std::vector<std::string>;

// What client and server say to each other, from the connection to the goodbye.
struct Dialogue {
  std::string name;
  Protocol protocol;
  Channel channel;
  std::string begin;     // said when the connection is made
  std::string login;     // what the server says up to ready
  std::string answers;   // said meanwhile
  std::string delivery;  // of "a: b"
  std::string publish;   // of "hello"
  std::string quit;
};

std::ostream& operator<<(std::ostream& out, const Dialogue& dialogue) {
  return out << dialogue.name;
}

const Channel kLobby{Kind::kLobby, "hall", ""};
const Channel kRoom{Kind::kRoom, "dev", ""};
const Channel kDirect{Kind::kDirect, "", "Bob"};

std::vector<Dialogue> native_dialogues() {
  const std::string hello = "HELLO:1:\nREGISTER:Anna\n";
  const std::string welcome = "WELCOME:1::line=4096,name=32,room=64,rooms=32\nREGISTERED:Anna\n";
  return {
      {"NativeLobby", Protocol::kNative, kLobby, hello, welcome, "", "MESSAGE:Bob:a: b\n",
       "BROADCAST:hello\n", "QUIT\n"},
      {"NativeRoom", Protocol::kNative, kRoom, hello + "JOIN:dev\n",
       welcome + "STATUS:JOINED:lobby:Bob\nJOINED:dev\n", "", "ROOM_MESSAGE:dev:Bob:a: b\r\n",
       "SAY:dev:hello\n", "QUIT\n"},
      {"NativeDirect", Protocol::kNative, kDirect, hello, welcome, "", "DIRECT:Bob:a: b\n",
       "CHAT:Bob:hello\n", "QUIT\n"},
  };
}

Dialogue lines_dialogue() {
  return {"Lines", Protocol::kLines, kLobby, "", "whatever: hello\n", "", "a: b\n", "hello\n", ""};
}

std::vector<Dialogue> redis_dialogues() {
  const std::string hello = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*2\r\n$9\r\nSUBSCRIBE\r\n";
  const std::string welcome =
      "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nmodules\r\n*1\r\n*2\r\n+a\r\n:1\r\n"
      ">3\r\n$9\r\nsubscribe\r\n";
  const std::string push = ">3\r\n$7\r\nmessage\r\n";
  const std::string publish = "*3\r\n$7\r\nPUBLISH\r\n";
  const std::string quit = "*1\r\n$4\r\nQUIT\r\n";
  return {
      {"RedisRoom", Protocol::kRedis, kRoom, hello + "$3\r\ndev\r\n",
       welcome + "$3\r\ndev\r\n:1\r\n", "", push + "$3\r\ndev\r\n$4\r\na: b\r\n",
       publish + "$3\r\ndev\r\n$5\r\nhello\r\n", quit},
      {"RedisDirect", Protocol::kRedis, kDirect, hello + "$4\r\nAnna\r\n",
       welcome + "$4\r\nAnna\r\n:1\r\n", "", push + "$4\r\nAnna\r\n$4\r\na: b\r\n",
       publish + "$3\r\nBob\r\n$5\r\nhello\r\n", quit},
  };
}

std::vector<Dialogue> nats_dialogues() {
  const std::string connect = R"(CONNECT {"verbose":false,"pedantic":false,"echo":false,)"
                              R"("lang":"c++","version":"1","name":"Anna"})"
                              "\r\n";
  const std::string welcome = "INFO {\"max_payload\":1048576}\r\nPING\r\nPONG\r\n";
  return {
      {"NatsRoom", Protocol::kNats, kRoom, connect + "SUB dev 1\r\nPING\r\n", welcome, "PONG\r\n",
       "MSG dev 1 4\r\na: b\r\n", "PUB dev 5\r\nhello\r\n", ""},
      {"NatsDirect", Protocol::kNats, kDirect, connect + "SUB Anna 1\r\nPING\r\n", welcome,
       "PONG\r\n", "MSG Anna 1 4\r\na: b\r\n", "PUB Bob 5\r\nhello\r\n", ""},
  };
}

std::vector<Dialogue> mqtt_dialogues() {
  const std::string connect = "\x10\x10\0\4MQTT\4\2\0\0\0\4Anna"s;
  const std::string welcome = "\x20\2\0\0\x90\3\0\1\0"s;
  return {
      {"MqttRoom", Protocol::kMqtt, kRoom, connect + "\x82\x08\0\1\0\3dev\0"s, welcome, "",
       "\x30\x09\0\3deva: b"s, "\x30\x0a\0\3devhello"s, "\xe0\0"s},
      {"MqttDirect", Protocol::kMqtt, kDirect, connect + "\x82\x09\0\1\0\4Anna\0"s, welcome, "",
       "\x30\x0a\0\4Annaa: b"s, "\x30\x0a\0\3Bobhello"s, "\xe0\0"s},
  };
}

std::vector<Dialogue> irc_dialogues() {
  const std::string hello = "NICK Anna\r\nUSER Anna 0 * :Anna\r\n";
  const std::string welcome =
      "PING :cookie 1\r\n:irc.example NOTICE * :*** looking you up\r\n"
      ":irc.example 001 Anna :Welcome\r\n:irc.example 376 Anna :End of MOTD\r\n";
  return {
      {"IrcRoom", Protocol::kIrc, kRoom, hello,
       welcome + ":Anna!a@host JOIN :#dev\r\n:irc.example 353 Anna = #dev :Anna Bob\r\n"
                 ":irc.example 366 Anna #dev :End of NAMES\r\n",
       "PONG :cookie 1\r\nJOIN #dev\r\n", ":Bob!b@host PRIVMSG #dev :a: b\r\n",
       "PRIVMSG #dev :hello\r\n", "QUIT\r\n"},
      {"IrcDirect", Protocol::kIrc, kDirect, hello, welcome, "PONG :cookie 1\r\n",
       ":Bob!b@host PRIVMSG Anna :a: b\r\n", "PRIVMSG Bob :hello\r\n", "QUIT\r\n"},
  };
}

std::vector<Dialogue> all_dialogues() {
  std::vector<Dialogue> all = native_dialogues();
  all.push_back(lines_dialogue());
  for (const auto& more :
       {redis_dialogues(), nats_dialogues(), mqtt_dialogues(), irc_dialogues()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

class EveryWire : public testing::TestWithParam<Dialogue> {
 protected:
  Client client{GetParam().protocol, GetParam().channel};
};
INSTANTIATE_TEST_SUITE_P(Dialogues, EveryWire, testing::ValuesIn(all_dialogues()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(EveryWire, SpeaksAndHears_FromHelloToGoodbye) {
  const Dialogue& expected = GetParam();
  EXPECT_EQ(client.said, expected.begin);
  client.said.clear();
  client.receive(expected.login);
  EXPECT_EQ(client.events(), Events{"ready"});
  EXPECT_EQ(client.said, expected.answers);
  client.said.clear();
  client.wire->publish("hello", client.said);
  EXPECT_EQ(client.said, expected.publish);
  client.receive(expected.delivery + expected.delivery);
  EXPECT_EQ(client.events(), (Events{"ready", "got a: b", "got a: b"}));
  client.said.clear();
  client.wire->quit(client.said);
  EXPECT_EQ(client.said, expected.quit);
}

TEST_P(EveryWire, StreamCutAnywhere_MakesNoDifference) {
  const std::string stream = GetParam().login + GetParam().delivery + GetParam().delivery;
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Client two(GetParam().protocol, GetParam().channel);
    two.receive(stream.substr(0, cut));
    two.receive(stream.substr(cut));
    EXPECT_EQ(two.events(), (Events{"ready", "got a: b", "got a: b"})) << "cut at " << cut;
    EXPECT_EQ(two.said, GetParam().begin + GetParam().answers) << "cut at " << cut;
  }
  for (const char byte : stream) {
    client.receive({&byte, 1});
  }
  EXPECT_EQ(client.events(), (Events{"ready", "got a: b", "got a: b"}));
}

TEST_P(EveryWire, AfterGoodbye_NothingIsReportedAndEverythingConsumed) {
  client.receive(GetParam().login);
  client.wire->quit(client.said);
  client.receive(GetParam().delivery + "ERROR :bye");
  EXPECT_EQ(client.events(), Events{"ready"});
  EXPECT_EQ(client.unconsumed, "");
}

TEST_P(EveryWire, FrameThatNeverEnds_IsRefused) {
  client.receive(GetParam().login);
  // The beginning of a delivery, with a long length where the protocol has one.
  std::string endless = GetParam().protocol == Protocol::kMqtt    ? "\x30\x80\x80\x03"s
                        : GetParam().protocol == Protocol::kRedis ? "$49152\r\n"
                        : GetParam().protocol == Protocol::kNats  ? "MSG "
                                                                  : ":Bob";
  endless.resize(Wire::kFrameBytesMax - 1, 'x');
  client.receive(endless);
  EXPECT_EQ(client.events(), Events{"ready"});
  client.receive("x");
  ASSERT_EQ(client.events().size(), 2U);
  EXPECT_EQ(client.events()[1].rfind("refused the server says more at once", 0), 0U)
      << client.events()[1];
  EXPECT_EQ(client.unconsumed, "");
}

TEST_P(EveryWire, LongestPayload_Arrives) {
  const std::string payload(traits_of(GetParam().protocol).payload_bytes_max, 'x');
  client.receive(GetParam().login);
  std::string delivery = GetParam().delivery;
  if (GetParam().protocol == Protocol::kMqtt) {
    // A new length, of three bytes, in front of the topic.
    const std::size_t length = delivery.size() - 2 - 4 + payload.size();
    delivery.replace(
        1, 1,
        {static_cast<char>(0x80 | (length & 0x7f)), static_cast<char>(0x80 | (length >> 7 & 0x7f)),
         static_cast<char>(length >> 14)});
  }
  delivery.replace(delivery.find("a: b"), 4, payload);
  if (const auto length = delivery.find("4\r\n" + payload); length != std::string::npos) {
    delivery.replace(length, 1, std::to_string(payload.size()));
  }
  client.receive(delivery);
  EXPECT_EQ(client.events(), (Events{"ready", "got " + payload}));
}

// What a client in kRoom, not ready yet, makes of bytes.
struct Refusal {
  std::string name;
  Protocol protocol;
  std::string bytes;
  std::string why;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.name; }

class Refused : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(
    Refusals, Refused,
    testing::Values(
        Refusal{"NativeError", Protocol::kNative, "ERROR:409:Anna:the name is taken\n",
                "the server says: ERROR:409:Anna:the name is taken"},
        Refusal{"NativeBye", Protocol::kNative, "BYE:server shutting down\n",
                "the server says: BYE:server shutting down"},
        Refusal{"NativeOtherRoom", Protocol::kNative, "ROOM_MESSAGE:den:Bob:x\n",
                "a message that was not meant for here: ROOM_MESSAGE:den:Bob:x"},
        Refusal{"NativeOtherKind", Protocol::kNative, "MESSAGE:Bob:x\n",
                "a message that was not meant for here: MESSAGE:Bob:x"},
        Refusal{"NativeNoSender", Protocol::kNative, "ROOM_MESSAGE:dev:x\n",
                "a message without a sender: ROOM_MESSAGE:dev:x"},
        Refusal{"RedisTooOld", Protocol::kRedis, "-ERR unknown command 'HELLO'\r\n",
                "the server says: -ERR unknown command 'HELLO'"},
        Refusal{"RedisBulkError", Protocol::kRedis, "!5\r\nSORRY\r\n",
                "the server says: !5??SORRY"},
        Refusal{"RedisOtherChannel", Protocol::kRedis,
                ">3\r\n$7\r\nmessage\r\n$3\r\nden\r\n$1\r\nx\r\n",
                "a message that was not meant for here: den"},
        Refusal{"RedisPayloadTooLong", Protocol::kRedis,
                ">3\r\n$7\r\nmessage\r\n$3\r\ndev\r\n$1\r\nxyz\r\n",
                "a message longer than it says"},
        Refusal{"RedisNoLength", Protocol::kRedis, ">3\r\n$7\r\nmessage\r\n$3\r\ndev\r\n$-1\r\n",
                "a message without a length"},
        Refusal{"RedisHugeLength", Protocol::kRedis, "$99999999999999999999\r\n",
                "this is not Redis's protocol"},
        Refusal{"RedisOtherProtocol", Protocol::kRedis, "HTTP/1.1 400 Bad Request\r\n",
                "this is not Redis's protocol"},
        Refusal{"NatsError", Protocol::kNats, "-ERR 'Authorization Violation'\r\n",
                "the server says: -ERR 'Authorization Violation'"},
        Refusal{"NatsOtherSubject", Protocol::kNats, "MSG den 1 1\r\nx\r\n",
                "a message that was not meant for here: MSG den 1 1"},
        Refusal{"NatsNoLength", Protocol::kNats, "MSG dev 1 -4\r\nx\r\n",
                "a message without a length: MSG dev 1 -4"},
        Refusal{"NatsPayloadTooLong", Protocol::kNats, "MSG dev 1 1\r\nxyz\r\n",
                "a message longer than it says: MSG dev 1 1"},
        Refusal{"NatsOtherProtocol", Protocol::kNats, "220 mail.example\r\n",
                "this is not NATS's protocol: 220 mail.example"},
        Refusal{"MqttVersion", Protocol::kMqtt, "\x20\2\0\1"s,
                "the server does not speak MQTT 3.1.1"},
        Refusal{"MqttLogin", Protocol::kMqtt, "\x20\2\0\5"s, "the server wants a login"},
        Refusal{"MqttSubscription", Protocol::kMqtt, "\x90\3\0\1\x80"s,
                "the server refuses the subscription"},
        Refusal{"MqttOtherTopic", Protocol::kMqtt, "\x30\6\0\3denx"s,
                "a message that was not meant for here: ??denx"},
        Refusal{"MqttQosNotAskedFor", Protocol::kMqtt, "\x32\5\0\3dev"s,
                "a packet that makes no sense here, of type 0x32"},
        Refusal{"MqttEndlessLength", Protocol::kMqtt, "\x30\xff\xff\xff\xff\x01"s,
                "this is not MQTT"},
        Refusal{"MqttHugePacket", Protocol::kMqtt, "\x30\xff\xff\xff\x7f"s,
                "the server says more at once than any message is long"},
        Refusal{"IrcNameInUse", Protocol::kIrc, ":irc 433 * Anna :Nickname already in use\r\n",
                "the server says: :irc 433 * Anna :Nickname already in use"},
        Refusal{"IrcError", Protocol::kIrc, "ERROR :Closing link: too many connections\r\n",
                "the server says: ERROR :Closing link: too many connections"},
        Refusal{"IrcRoomClosed", Protocol::kIrc, ":irc 473 Anna #dev :Cannot join (+i)\r\n",
                "the server says: :irc 473 Anna #dev :Cannot join (+i)"},
        Refusal{"IrcNameCut", Protocol::kIrc, ":irc 001 Ann :Welcome\r\n",
                "the server changed the client's name: :irc 001 Ann :Welcome"},
        Refusal{"IrcOtherRoom", Protocol::kIrc, ":Bob!b@h PRIVMSG #devs :x\r\n",
                "a message that was not meant for here: :Bob!b@h PRIVMSG #devs :x"}),
    [](const auto& tested) { return tested.param.name; });

TEST_P(Refused, IsSaidOnceWithTheReason) {
  Client client(GetParam().protocol, kRoom);
  client.receive(GetParam().bytes + GetParam().bytes);
  client.receive(GetParam().bytes);
  EXPECT_EQ(client.events(), Events{"refused " + GetParam().why});
  EXPECT_EQ(client.unconsumed, "");
}

TEST(Wire, WhatTheServerSaid_IsShownHarmlessAndNotInFull) {
  Client client(Protocol::kNative, kLobby);
  client.receive("ERROR:500::\x1b[2J" + std::string(1000, 'x') + "\n");
  ASSERT_EQ(client.events().size(), 1U);
  const std::string& why = client.events().front();
  EXPECT_EQ(why.find('\x1b'), std::string::npos);
  EXPECT_NE(why.find("ERROR:500::?[2Jxxx"), std::string::npos) << why;
  EXPECT_LT(why.size(), 300U);
}

TEST(Wire, DeliveryBeforeReady_IsNotReported) {
  for (const Dialogue& dialogue : all_dialogues()) {
    if (dialogue.protocol != Protocol::kLines) {  // whose first line is the greeting in any case
      Client client(dialogue.protocol, dialogue.channel);
      client.receive(dialogue.delivery + dialogue.login);
      EXPECT_EQ(client.events(), Events{"ready"}) << dialogue.name;
    }
  }
}

TEST(NativeWire, PresenceAndUnknownVerbs_AreIgnored) {
  Client client(Protocol::kNative, kLobby);
  client.receive(
      "REGISTERED:Anna\nSTATUS:JOINED:lobby:Bob\nFUTURE:x\n\n@a=b PONG:1\nREGISTERED:Anna\n"
      "TOPIC:lobby:Bob:x\nMESSAGE:Bob:y\n");
  EXPECT_EQ(client.events(), (Events{"ready", "got y"}));
}

TEST(NativeWire, RegisteredButNotInItsRoom_IsNotReady) {
  Client client(Protocol::kNative, kRoom);
  client.receive("REGISTERED:Anna\nJOINED:den\n");
  EXPECT_EQ(client.events(), Events{});
  client.receive("JOINED:dev\n");
  EXPECT_EQ(client.events(), Events{"ready"});
}

TEST(RedisWire, AnswersToPublish_AreSkipped) {
  Client client(Protocol::kRedis, kRoom);
  client.receive(">3\r\n$9\r\nsubscribe\r\n$3\r\ndev\r\n:1\r\n");
  client.receive(":1\r\n:200\r\n+OK\r\n_\r\n|1\r\n+ttl\r\n:3\r\n:1\r\n");
  client.receive(">3\r\n$7\r\nmessage\r\n$3\r\ndev\r\n$1\r\nx\r\n");
  EXPECT_EQ(client.events(), (Events{"ready", "got x"}));
}

TEST(RedisWire, OtherPushes_AreIgnored) {
  Client client(Protocol::kRedis, kRoom);
  client.receive(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n>0\r\n>1\r\n:5\r\n");
  client.receive(">3\r\n$9\r\nsubscribe\r\n$3\r\nden\r\n:1\r\n");
  EXPECT_EQ(client.events(), Events{});
}

TEST(NatsWire, PingLater_IsAnswered) {
  Client client(Protocol::kNats, kRoom);
  client.receive("PONG\r\n");
  client.said.clear();
  client.receive("PING\r\nINFO {}\r\n+OK\r\n");
  EXPECT_EQ(client.said, "PONG\r\n");
  EXPECT_EQ(client.events(), Events{"ready"});
}

TEST(MqttWire, MessageFromBeforeWeCame_IsIgnored) {
  Client client(Protocol::kMqtt, kRoom);
  client.receive("\x20\2\0\0\x90\3\0\1\0\x31\6\0\3devx\x30\6\0\3devy"s);
  EXPECT_EQ(client.events(), (Events{"ready", "got y"}));
}

TEST(MqttWire, PublishedLength_TakesAsManyBytesAsItNeeds) {
  Client client(Protocol::kMqtt, kRoom);
  client.said.clear();
  client.wire->publish(std::string(122, 'x'), client.said);
  EXPECT_EQ(client.said.substr(0, 4), "\x30\x7f\0\3"s);
  client.said.clear();
  client.wire->publish(std::string(123, 'x'), client.said);
  EXPECT_EQ(client.said.substr(0, 5), "\x30\x80\x01\0\3"s);
}

TEST(IrcWire, ServerWithoutMotd_LetsUsIn) {
  Client client(Protocol::kIrc, kRoom);
  client.said.clear();
  client.receive(":irc 001 Anna :Welcome\r\n:irc 422 Anna :MOTD File is missing\r\n");
  EXPECT_EQ(client.said, "JOIN #dev\r\n");
  client.receive(":irc 366 Anna #den :End\r\n");
  EXPECT_EQ(client.events(), Events{});
  client.receive(":irc 366 Anna #dev :End\r\n");
  EXPECT_EQ(client.events(), Events{"ready"});
}

TEST(IrcWire, PayloadWithoutAColonInFront_IsOneWord) {
  Client client(Protocol::kIrc, kRoom);
  client.receive(":irc 366 Anna #dev :End\n:Bob!b@h PRIVMSG #dev x\n:Bob!b@h PRIVMSG #dev :y z\n");
  EXPECT_EQ(client.events(), (Events{"ready", "got x", "got y z"}));
}

TEST(Wire, EveryKind_IsFoundByItsScheme) {
  const std::vector<std::pair<const char*, loadgen::Kind>> kinds{
      {"native", {Protocol::kNative, false, false}}, {"tls", {Protocol::kNative, false, true}},
      {"ws", {Protocol::kNative, true, false}},      {"wss", {Protocol::kNative, true, true}},
      {"irc", {Protocol::kIrc, false, false}},       {"ircs", {Protocol::kIrc, false, true}},
      {"irc+ws", {Protocol::kIrc, true, false}},     {"irc+wss", {Protocol::kIrc, true, true}},
      {"lines", {Protocol::kLines, false, false}},   {"redis", {Protocol::kRedis, false, false}},
      {"nats", {Protocol::kNats, false, false}},     {"mqtt", {Protocol::kMqtt, false, false}}};
  for (const auto& [scheme, kind] : kinds) {
    EXPECT_EQ(kind_of_scheme(scheme), kind) << scheme;
    EXPECT_EQ(scheme_of(kind), scheme);
  }
  EXPECT_EQ(kind_of_scheme("gopher"), std::nullopt);
  EXPECT_EQ(kind_of_scheme("WS"), std::nullopt);
  EXPECT_EQ(kind_of_scheme(""), std::nullopt);
}

TEST(Wire, LongestPayloadOfLineProtocols_FitsTheirLines) {
  constexpr std::size_t kNativeLineBytesMax = 4096;
  constexpr std::size_t kIrcLineBytesMax = 512;
  constexpr std::size_t kHostBytesMax = 63;
  const std::string name(9, 'n');
  const std::string room(12, 'r');
  std::string line;
  const auto native = make_wire(Protocol::kNative, name, {Kind::kRoom, room, ""});
  native->publish(std::string(traits_of(Protocol::kNative).payload_bytes_max, 'x'), line);
  EXPECT_LE(line.size(), kNativeLineBytesMax);
  line.clear();
  const auto irc = make_wire(Protocol::kIrc, name, {Kind::kRoom, room, ""});
  irc->publish(std::string(traits_of(Protocol::kIrc).payload_bytes_max, 'x'), line);
  // The server puts :name!~name@host and a space in front.
  EXPECT_LE(line.size() + name.size() * 2 + kHostBytesMax + 5, kIrcLineBytesMax);
}

}  // namespace
}  // namespace loadgen
