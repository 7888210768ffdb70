#include "chat/web/websocket_frame.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace chat {
namespace {

using namespace std::string_literals;

std::string frame(WebSocketOpcode opcode, std::string_view payload) {
  std::string out = "kept";
  append_ws_frame(out, opcode, payload);
  return out.substr(4);
}

// The examples of RFC 6455, 5.7.
TEST(WebSocketFrame, LooksAsInTheExamples) {
  EXPECT_EQ(frame(WebSocketOpcode::kText, "Hello"), "\x81\x05Hello");
  EXPECT_EQ(frame(WebSocketOpcode::kPing, "Hello"), "\x89\x05Hello");
  EXPECT_EQ(frame(WebSocketOpcode::kBinary, std::string(256, 'b')),
            "\x82\x7E\x01\x00"s + std::string(256, 'b'));
  EXPECT_EQ(frame(WebSocketOpcode::kBinary, std::string(65536, 'b')),
            "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s + std::string(65536, 'b'));
  std::string masked;
  append_masked_ws_frame(masked, WebSocketOpcode::kText, "Hello", 0x3D21FA37);
  EXPECT_EQ(masked, "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58");
}

// RFC 6455, 5.2: "the minimal number of bytes MUST be used".
TEST(WebSocketFrame, LengthsTakeTheShortestForm) {
  for (const auto& [payload, head] :
       {std::pair<std::size_t, std::size_t>{0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}}) {
    const std::string bytes = frame(WebSocketOpcode::kText, std::string(payload, 'a'));
    EXPECT_EQ(bytes.size(), head + payload);
    EXPECT_EQ(ws_frame_bytes(payload, false), bytes.size());
    EXPECT_EQ(ws_frame_bytes(payload, true), bytes.size() + 4);
  }
}

TEST(WebSocketFrame, HeadsAreReadAsTheyWereWritten) {
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65535UL, 65536UL, 100000UL}) {
    const std::string payload(size, 'a');
    std::string masked;
    append_masked_ws_frame(masked, WebSocketOpcode::kBinary, payload, 7);
    for (const std::string& bytes : {frame(WebSocketOpcode::kBinary, payload), masked}) {
      const std::size_t head_bytes = bytes.size() - size;
      for (std::size_t cut = 0; cut < head_bytes; ++cut) {
        EXPECT_FALSE(read_frame_head(std::string_view(bytes).substr(0, cut)).has_value());
      }
      const auto head = read_frame_head(std::string_view(bytes).substr(0, head_bytes));
      ASSERT_TRUE(head.has_value());
      EXPECT_TRUE(head->final);
      EXPECT_EQ(head->opcode, 2);
      EXPECT_EQ(head->reserved_bits, 0);
      EXPECT_EQ(head->masked, bytes == masked);
      EXPECT_EQ(head->payload_bytes, size);
      EXPECT_EQ(head->head_bytes, head_bytes);
    }
  }
}

TEST(WebSocketFrame, EveryBitOfAHeadIsTold) {
  const auto head = read_frame_head("\x5A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x02\x03\x04");
  ASSERT_TRUE(head.has_value());
  EXPECT_FALSE(head->final);
  EXPECT_EQ(head->reserved_bits, 5);
  EXPECT_EQ(head->opcode, 10);
  EXPECT_EQ(head->payload_bytes, UINT64_MAX);
}

TEST(WebSocketFrame, ClosesSayWhy) {
  std::string out;
  append_ws_close(out, kCloseProtocolError, "why");
  EXPECT_EQ(out, "\x88\x05\x03\xEAwhy");
  out.clear();
  append_ws_close(out, kCloseNone, "not sent");
  EXPECT_EQ(out, "\x88\x00"s);
  out.clear();
  append_masked_ws_close(out, kCloseNormal, 0);
  EXPECT_EQ(out, "\x88\x82\x00\x00\x00\x00\x03\xE8"s);
}

TEST(WebSocketFrame, AReasonThatIsTooLongIsCutBetweenCharacters) {
  std::string reason;
  while (reason.size() <= kControlPayloadMax) {
    reason += "\u00fc";
  }
  std::string out;
  append_ws_close(out, kCloseNormal, reason);
  EXPECT_EQ(out.size(), 2U + 2U + 122U) << "123 bytes would end in the middle of one";
}

// RFC 6455, 7.4.2
TEST(WebSocketFrame, KnowsWhichCodesMayBeSent) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3999, 4000, 4999}) {
    EXPECT_TRUE(is_close_code(static_cast<CloseCode>(code))) << code;
  }
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_FALSE(is_close_code(static_cast<CloseCode>(code))) << code;
  }
}

}  // namespace
}  // namespace chat
