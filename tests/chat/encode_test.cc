#include "chat/protocol/encode.h"

#include <gtest/gtest.h>

#include <string>

namespace chat {
namespace {

using Framing = WireFormat::Framing;

std::string framed(Framing framing, std::string out, std::size_t start) {
  frame_lines(framing, start, out);
  return out;
}

TEST(FrameLines, WithoutFraming_NothingChanges) {
  EXPECT_EQ(framed(Framing::kNone, "before\na\r\nb\r\n", 7), "before\na\r\nb\r\n");
}

TEST(FrameLines, OneLine_IsOneMessageWithoutItsEnd) {
  EXPECT_EQ(framed(Framing::kWebSocketText, "before\nhello\r\n", 7), "before\n\x81\x05hello");
  EXPECT_EQ(framed(Framing::kWebSocketText, "hello\n", 0), "\x81\x05hello");
  EXPECT_EQ(framed(Framing::kWebSocketBinary, "hello\r\n", 0), "\x82\x05hello");
}

TEST(FrameLines, SeveralLines_AreAMessageEach) {
  EXPECT_EQ(framed(Framing::kWebSocketText, "kept\na\r\nbc\nd\r\n", 5),
            "kept\n\x81\x01"
            "a\x81\x02"
            "bc\x81\x01"
            "d");
}

TEST(FrameLines, NothingBehindTheStart_IsNoMessage) {
  EXPECT_EQ(framed(Framing::kWebSocketText, "kept\n", 5), "kept\n");
}

TEST(FrameLines, LongLine_HasALongHead) {
  const std::string text(300, 'x');
  EXPECT_EQ(framed(Framing::kWebSocketText, text + "\n", 0),
            std::string("\x81\x7E\x01\x2C", 4) + text);
}

TEST(EncodeDelivery, EveryFraming_CarriesTheSameLine) {
  Event event;
  event.kind = EventKind::kMessage;
  event.room = kLobbyName;
  event.subject = "al";
  event.text = "hi";
  const Limits limits;
  std::string plain;
  encode_delivery(event, WireFormat{}, limits, plain);
  EXPECT_EQ(plain, "ROOM_MESSAGE:lobby:al:hi\n");
  WireFormat format;
  format.framing = Framing::kWebSocketText;
  std::string message = "kept";
  encode_delivery(event, format, limits, message);
  EXPECT_EQ(message, "kept\x81\x18ROOM_MESSAGE:lobby:al:hi");
}

}  // namespace
}  // namespace chat
