// websocket_echo as a conformance suite meets it: a real process and a real socket. What it makes
// of every kind of frame is tested without either in tests/chat.

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/web/websocket_client.h"
#include "tests/integration/process.h"

namespace integration {
namespace {

constexpr std::string_view kListening = "listening on ";

class WebSocketEcho : public testing::Test {
 protected:
  WebSocketEcho() : echo_(WEBSOCKET_ECHO_PATH, {"--port", "0", "--message-bytes-max", "1000000"}) {}

  std::uint16_t port() {
    EXPECT_TRUE(echo_.wait_for_output("\n"));
    const std::string output = echo_.output();
    EXPECT_TRUE(output.starts_with(kListening)) << output;
    return static_cast<std::uint16_t>(std::stoi(output.substr(kListening.size())));
  }

  // Sends the opening, with what comes right behind it, and reads the answer to it.
  static void open(LineClient& client, std::string_view frames) {
    std::string bytes;
    chat::append_upgrade_request(bytes, {.host = "localhost",
                                         .path = "/echo",
                                         .subprotocol = "",
                                         .key = chat::websocket_key({1, 2, 3})});
    ASSERT_TRUE(client.send_bytes(bytes.append(frames)));
    ASSERT_TRUE(client.expect_line("HTTP/1.1 101 Switching Protocols\r"));
    std::optional<std::string> line;
    do {
      line = client.read_line();
      ASSERT_TRUE(line.has_value());
    } while (*line != "\r");
  }

  static std::string masked(chat::WebSocketOpcode opcode, std::string_view payload) {
    std::string bytes;
    chat::append_masked_ws_frame(bytes, opcode, payload, 0x01020304);
    return bytes;
  }

  Process echo_;
};

TEST_F(WebSocketEcho, SaysBackWhatItHears) {
  LineClient client(port());
  open(client, masked(chat::WebSocketOpcode::kText, "early\n"));
  EXPECT_TRUE(
      client.expect_line("\x81\x06"
                         "early"));
  const std::string large = std::string(500'000, 'x') + "\n";
  ASSERT_TRUE(client.send_bytes(masked(chat::WebSocketOpcode::kBinary, large)));
  std::string expected;
  chat::append_ws_frame(expected, chat::WebSocketOpcode::kBinary, large);
  expected.pop_back();  // the line end
  EXPECT_TRUE(client.read_line() == expected) << "a large message was changed";
  ASSERT_TRUE(client.send_bytes(masked(chat::WebSocketOpcode::kPing, "ping\n")));
  EXPECT_TRUE(client.expect_line("\x8A\x05ping"));
}

TEST_F(WebSocketEcho, EndsWhatIsNotWebSocketAndServesTheRest) {
  const std::uint16_t where = port();
  LineClient good(where);
  open(good, {});
  LineClient bad(where);
  open(bad,
       "\x81\x03"
       "not masked\n");
  EXPECT_EQ(bad.read_line(), std::nullopt) << "the close frame has no line end";
  ASSERT_TRUE(good.send_bytes(masked(chat::WebSocketOpcode::kText, "still\n")));
  EXPECT_TRUE(good.expect_line("\x81\x06still"));
}

}  // namespace
}  // namespace integration
