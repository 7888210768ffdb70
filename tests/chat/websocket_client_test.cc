#include "chat/web/websocket_client.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/web/http_conversation.h"
#include "chat/web/websocket_parser.h"
#include "tests/chat/websocket_recorder.h"

namespace chat {
namespace {

using namespace std::string_literals;
using Outcome = UpgradeAnswer::Outcome;

constexpr std::size_t kMessageBytesMax = 1000;

WebSocketAsk ask() {
  return {
      .host = "h:8888", .path = "/ws", .subprotocol = "chat.v1", .key = "dGhlIHNhbXBsZSBub25jZQ=="};
}

std::string answer_with(std::string_view from, std::string_view to) {
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat.v1\r\n"
      "\r\n";
  if (!from.empty()) {
    answer.replace(answer.find(from), from.size(), to);
  }
  return answer;
}

std::string frame(WebSocketOpcode opcode, std::string_view payload) {
  std::string bytes;
  append_ws_frame(bytes, opcode, payload);
  return bytes;
}

std::string raw(int first_byte, std::string_view payload) {
  std::string bytes = frame(WebSocketOpcode::kText, payload);
  bytes[0] = static_cast<char>(first_byte);
  return bytes;
}

// What the parser makes of the bytes when they come in pieces of this size.
std::string parse(std::string_view bytes, std::size_t piece_bytes) {
  WebSocketClientParser parser(kMessageBytesMax);
  WebSocketRecorder recorder;
  std::string pending;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    pending.append(piece);
    pending.erase(0, parser.parse(pending, recorder));
    EXPECT_LE(pending.size(), kMessageBytesMax + 10);
  }
  return recorder.log;
}

std::string parse(std::string_view bytes) {
  std::string whole = parse(bytes, bytes.size());
  EXPECT_EQ(parse(bytes, 1), whole);
  EXPECT_EQ(parse(bytes, 3), whole);
  return whole;
}

TEST(WebSocketClient, MakesKeysOutOfSixteenBytes) {
  std::array<std::uint8_t, 16> bytes{};
  std::string("the sample nonce").copy(reinterpret_cast<char*>(bytes.data()), bytes.size());
  EXPECT_EQ(websocket_key(bytes), "dGhlIHNhbXBsZSBub25jZQ==");
  bytes.fill(0xFF);
  EXPECT_EQ(websocket_key(bytes), "/////////////////////w==");
}

TEST(WebSocketClient, OurServerTakesItsRequest) {
  HttpSite site;
  site.router.add_websocket("/ws");
  const Limits limits;
  HttpConversation conversation(site, limits, false);
  std::string request;
  append_upgrade_request(request, ask());
  std::string out;
  EXPECT_EQ(conversation.parse(request, 0, out).next, HttpConversation::Next::kUpgrade);
  const UpgradeAnswer answer = read_upgrade_answer(out, ask());
  EXPECT_EQ(answer.outcome, Outcome::kAccepted) << answer.why;
  EXPECT_EQ(answer.consumed, out.size());
}

TEST(WebSocketClient, WaitsForTheWholeAnswer) {
  const std::string answer = answer_with("", "");
  for (std::size_t size = 0; size < answer.size(); ++size) {
    EXPECT_EQ(read_upgrade_answer(answer.substr(0, size), ask()).outcome, Outcome::kIncomplete);
  }
  EXPECT_EQ(read_upgrade_answer(answer + "frames", ask()).consumed, answer.size());
}

// RFC 6455, 4.1
TEST(WebSocketClient, RefusesAnswersThatAreNotForIt) {
  for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"101", "200"},
                                 {"HTTP/1.1", "HTTP/1.0"},
                                 {"WebSocket", "h2c"},
                                 {"connection: Upgrade", "connection: close"},
                                 {"s3pP", "S3pP"},
                                 {"chat.v1", "chat.v2"},
                                 {"Sec-WebSocket-Protocol: chat.v1\r\n", ""},
                                 {"\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n"}}) {
    const UpgradeAnswer answer = read_upgrade_answer(answer_with(from, to), ask());
    EXPECT_EQ(answer.outcome, Outcome::kRefused) << from << " " << to;
    EXPECT_FALSE(answer.why.empty());
  }
  EXPECT_EQ(read_upgrade_answer("SSH-\x01\r\n\r\n", ask()).why, "no upgrade: SSH-?");
  EXPECT_EQ(read_upgrade_answer(std::string(20000, 'a'), ask()).outcome, Outcome::kRefused);
}

TEST(WebSocketClient, TakesFrames) {
  EXPECT_EQ(
      parse(frame(WebSocketOpcode::kText, "a") + frame(WebSocketOpcode::kBinary, "") +
            frame(WebSocketOpcode::kPing, "p") + frame(WebSocketOpcode::kPong, "q") +
            frame(WebSocketOpcode::kText, std::string(300, 'b')) + raw(0x88, "\x03\xE8why") +
            frame(WebSocketOpcode::kText, "unheard")),
      "text a\nbinary \nping p\npong q\ntext " + std::string(300, 'b') + "\nclose 1000 why\n");
  EXPECT_EQ(parse(raw(0x88, "")), "close 1005 \n");
}

TEST(WebSocketClient, DoesNotCopyWhatIsComplete) {
  class Witness final : public WebSocketSink {
   public:
    bool on_message(WebSocketOpcode, std::string_view payload, std::size_t) override {
      at = payload.data();
      return true;
    }
    bool on_ping(std::string_view, std::size_t) override { return true; }
    bool on_pong(std::string_view, std::size_t) override { return true; }
    void on_close(CloseCode, std::string_view) override {}
    void on_broken(CloseCode, std::string_view) override {}
    const char* at = nullptr;
  } witness;
  const std::string bytes = frame(WebSocketOpcode::kText, "where is it");
  WebSocketClientParser(kMessageBytesMax).parse(bytes, witness);
  EXPECT_EQ(witness.at, bytes.data() + 2);
}

TEST(WebSocketClient, FragmentsArePutTogether) {
  EXPECT_EQ(
      parse(raw(0x01, "a") + raw(0x89, "p") + raw(0x00, "b") + raw(0x80, "c") + raw(0x81, "d")),
      "ping p\ntext abc\ntext d\n");
}

TEST(WebSocketClient, AccountsForEveryByte) {
  const std::string bytes = raw(0x01, "a") + raw(0x80, "b") + raw(0x89, "p") + raw(0x01, "c") +
                            raw(0x80, std::string(200, 'd')) + raw(0x82, "");
  WebSocketClientParser parser(kMessageBytesMax);
  WebSocketRecorder recorder;
  EXPECT_EQ(parser.parse(bytes, recorder), bytes.size());
  EXPECT_EQ(recorder.wire_bytes_in_all, bytes.size());
}

TEST(WebSocketClient, RefusesWhatAServerMustNotSend) {
  std::string masked;
  append_masked_ws_frame(masked, WebSocketOpcode::kText, "a", 1);
  for (const std::string& bytes :
       {masked, raw(0xC1, "a"), raw(0x83, "a"), raw(0x8B, "a"), raw(0x09, "a"),
        raw(0x89, std::string(126, 'a')), raw(0x80, "a"), raw(0x01, "a") + raw(0x81, "b"),
        raw(0x88, "\x03"), raw(0x88, "\x03\xED")}) {
    EXPECT_EQ(parse(bytes), "broken 1002\n");
  }
}

TEST(WebSocketClient, BoundsAMessage) {
  const std::string most(kMessageBytesMax, 'm');
  EXPECT_EQ(parse(raw(0x81, most)), "text " + most + "\n");
  EXPECT_EQ(parse(raw(0x01, most) + raw(0x89, "p") + raw(0x80, "")), "ping p\ntext " + most + "\n");
  EXPECT_EQ(parse(raw(0x81, most + "m").substr(0, 4)), "broken 1009\n") << "from its head";
  EXPECT_EQ(parse(raw(0x01, most) + raw(0x80, "m")), "broken 1009\n");
  EXPECT_EQ(parse("\x82\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), "broken 1009\n");
}

TEST(WebSocketClient, TheServerHearsWhatItSays) {
  std::mt19937 random(1);
  Limits limits;
  limits.ws_message_bytes_max = 70'000;
  WebSocketReaders readers;
  WebSocketParser server(limits, readers);
  WebSocketRecorder heard;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::size_t size = i % 100 == 0 ? 65536 : random() % 300;
    const std::string payload(size, static_cast<char>('a' + random() % 26));
    std::string bytes;
    append_masked_ws_frame(bytes, WebSocketOpcode::kText, payload,
                           static_cast<std::uint32_t>(random()));
    server.parse(bytes, heard);
    expected += "text " + payload + "\n";
  }
  EXPECT_TRUE(heard.log == expected) << "seed 1";
}

}  // namespace
}  // namespace chat
