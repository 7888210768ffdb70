#include "chat/web/websocket_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/chat/websocket_recorder.h"

namespace chat {
namespace {

using namespace std::string_literals;

constexpr std::uint32_t kMask = 0x12345678;

Limits small_limits() {
  Limits limits;
  limits.ws_message_bytes_max = 1000;
  limits.ws_fragments_max = 5;
  return limits;
}

// Any frame at all, masked by a client: first_byte is FIN, the reserved bits and the opcode.
std::string raw(std::uint8_t first_byte, std::string_view payload) {
  std::string bytes;
  append_masked_ws_frame(bytes, WebSocketOpcode::kBinary, payload, kMask);
  bytes[0] = static_cast<char>(first_byte);
  return bytes;
}

std::string text(std::string_view payload) { return raw(0x81, payload); }
std::string ping(std::string_view payload) { return raw(0x89, payload); }
// The parts of a text message: the first, one in the middle, and the last.
std::string first(std::string_view payload) { return raw(0x01, payload); }
std::string middle(std::string_view payload) { return raw(0x00, payload); }
std::string last(std::string_view payload) { return raw(0x80, payload); }

std::string close(CloseCode code, std::string_view reason = {}) {
  std::string bytes;
  append_masked_ws_close(bytes, code, kMask, reason);
  return bytes;
}

std::string parse_cut(std::string_view bytes, const std::vector<std::size_t>& cuts,
                      const Limits& limits) {
  WebSocketReaders readers;
  WebSocketParser parser(limits, readers);
  WebSocketRecorder recorder;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    parser.parse(bytes.substr(begin, cut - begin), recorder);
    begin = cut;
  }
  parser.parse(bytes.substr(begin), recorder);
  return recorder.log;
}

// What the parser makes of the bytes, however they are cut.
std::string parse(std::string_view bytes, const Limits& limits = small_limits()) {
  std::string whole = parse_cut(bytes, {}, limits);
  std::vector<std::size_t> everywhere;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    EXPECT_EQ(parse_cut(bytes, {cut}, limits), whole) << "cut at " << cut;
    everywhere.push_back(cut);
  }
  EXPECT_EQ(parse_cut(bytes, everywhere, limits), whole) << "byte by byte";
  return whole;
}

// RFC 6455, 5.7
TEST(WebSocketParser, TakesTheExamples) {
  EXPECT_EQ(parse("\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58"), "text Hello\n");
  EXPECT_EQ(parse("\x8A\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58"), "pong Hello\n");
}

TEST(WebSocketParser, TakesMessagesOfEveryLength) {
  Limits limits;
  limits.ws_message_bytes_max = 100'000;
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 4000UL, 4096UL, 65535UL, 65536UL}) {
    const std::string payload(size, 'x');
    const std::string bytes = raw(0x82, payload) + text(payload);
    const std::string expected = fmt::format("binary {0}\ntext {0}\n", payload);
    EXPECT_EQ(parse_cut(bytes, {}, limits), expected);
    EXPECT_EQ(parse_cut(bytes, {1, 3, 5, 9, bytes.size() - 1}, limits), expected);
  }
}

// RFC 6455, 5.4
TEST(WebSocketParser, FragmentsArePutTogether) {
  EXPECT_EQ(parse(first("a") + middle("b") + last("c") + text("d")), "text abc\ntext d\n");
  EXPECT_EQ(parse(first("") + middle("") + last("")), "text \n");
  EXPECT_EQ(parse(first("") + middle("b") + last("")), "text b\n");
}

// RFC 6455, 5.5
TEST(WebSocketParser, ControlFramesComeBetweenFragments) {
  EXPECT_EQ(parse(first("a") + ping("p") + middle("b") + raw(0x8A, "q") + last("c")),
            "ping p\npong q\ntext abc\n");
  EXPECT_EQ(parse(first("a") + close(1000) + last("c")), "close 1000 \n");
}

// RFC 6455, 5.1: every frame of a client is masked.
TEST(WebSocketParser, RefusesFramesWithoutMask) {
  EXPECT_EQ(parse("\x81\x05Hello"), "broken 1002\n");
  EXPECT_EQ(parse("\x81\x00"s), "broken 1002\n");
  EXPECT_EQ(parse("\x81\x05"), "broken 1002\n") << "before its payload is here";
}

// RFC 6455, 5.2
TEST(WebSocketParser, RefusesReservedBitsAndOpcodes) {
  for (const int bits : {0xC1, 0xA1, 0x91, 0xF1, 0xC9, 0x98}) {
    EXPECT_EQ(parse(raw(static_cast<std::uint8_t>(bits), "a")), "broken 1002\n") << bits;
  }
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(parse(raw(static_cast<std::uint8_t>(0x80 | opcode), "")), "broken 1002\n") << opcode;
    EXPECT_EQ(parse(text("a") + raw(static_cast<std::uint8_t>(0x80 | opcode), "b")),
              "text a\nbroken 1002\n")
        << opcode;
  }
}

// RFC 6455, 5.2: "the minimal number of bytes MUST be used", and the highest bit is 0.
TEST(WebSocketParser, RefusesLengthsThatAreNotInTheirShortestForm) {
  const std::string mask = "\0\0\0\0"s;
  EXPECT_EQ(parse("\x82\xFE\x00\x05"s + mask + "Hello"), "broken 1002\n");
  EXPECT_EQ(parse("\x82\xFE\x00\x7D"s + mask), "broken 1002\n");
  EXPECT_EQ(parse("\x82\xFF\x00\x00\x00\x00\x00\x00\x00\x05"s + mask + "Hello"), "broken 1002\n");
  EXPECT_EQ(parse("\x82\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF"s + mask), "broken 1002\n");
  EXPECT_EQ(parse("\x82\xFF\x80\x00\x00\x00\x00\x01\x00\x00"s + mask), "broken 1002\n");
}

// RFC 6455, 5.5
TEST(WebSocketParser, RefusesControlFramesThatAreLongOrInParts) {
  EXPECT_EQ(parse(ping(std::string(125, 'p'))), "ping " + std::string(125, 'p') + "\n");
  EXPECT_EQ(parse(ping(std::string(126, 'p'))), "broken 1002\n");
  EXPECT_EQ(parse(raw(0x88, std::string(126, 'p'))), "broken 1002\n");
  EXPECT_EQ(parse(raw(0x09, "p")), "broken 1002\n");
  EXPECT_EQ(parse(raw(0x08, "")), "broken 1002\n");
  EXPECT_EQ(parse(raw(0x0A, "")), "broken 1002\n");
}

// RFC 6455, 5.4
TEST(WebSocketParser, RefusesFragmentsOutOfOrder) {
  EXPECT_EQ(parse(last("a")), "broken 1002\n");
  EXPECT_EQ(parse(middle("a")), "broken 1002\n");
  EXPECT_EQ(parse(text("a") + last("b")), "text a\nbroken 1002\n");
  EXPECT_EQ(parse(first("a") + text("b")), "broken 1002\n");
  EXPECT_EQ(parse(first("a") + first("b")), "broken 1002\n");
}

// RFC 6455, 5.5.1 and 7.4
TEST(WebSocketParser, TellsThatTheClientCloses) {
  EXPECT_EQ(parse(close(1000, "bye") + text("unheard")), "close 1000 bye\n");
  EXPECT_EQ(parse(close(kCloseNone)), "close 1005 \n");
  EXPECT_EQ(parse(close(4999)), "close 4999 \n");
  EXPECT_EQ(parse(close(1000, std::string(123, 'r'))),
            "close 1000 " + std::string(123, 'r') + "\n");
}

TEST(WebSocketParser, RefusesClosesThatAreNone) {
  EXPECT_EQ(parse(raw(0x88, "\x03")), "broken 1002\n");
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535}) {
    const char bytes[] = {static_cast<char>(code >> 8), static_cast<char>(code)};
    EXPECT_EQ(parse(raw(0x88, {bytes, 2})), "broken 1002\n") << code;
  }
  EXPECT_EQ(parse(raw(0x88, "\x03\xE8\xC3")), "broken 1007\n");
  EXPECT_EQ(parse(raw(0x88, "\x03\xE8\xED\xA0\x80")), "broken 1007\n");
}

// RFC 6455, 5.6 and 8.1
TEST(WebSocketParser, TextIsUtf8) {
  EXPECT_EQ(parse(text("\u00fc\u20ac\U0001F600")), "text \u00fc\u20ac\U0001F600\n");
  EXPECT_EQ(parse(text("a\0b"s)), "text a\0b\n"s);
  EXPECT_EQ(parse(first("\xE2") + ping("") + middle("\x82") + last("\xAC")),
            "ping \ntext \u20ac\n");
  EXPECT_EQ(parse(text("\xED\xA0\x80")), "broken 1007\n");
  EXPECT_EQ(parse(text("\xE2\x82")), "broken 1007\n") << "it ends within a character";
  EXPECT_EQ(parse(first("\xE2") + last("")), "broken 1007\n");
  EXPECT_EQ(parse(raw(0x82, "\xFF\xFE")), "binary \xFF\xFE\n") << "binary may be anything";
  EXPECT_EQ(parse(text("\xE2") + text("\x82\xAC")), "broken 1007\n") << "each message on its own";
}

TEST(WebSocketParser, BadTextIsFoundBeforeTheRestArrives) {
  const std::string frame = text("good \xF4\x90 and much more");
  EXPECT_EQ(parse(frame.substr(0, 6 + 7)), "broken 1007\n");
  EXPECT_EQ(parse(frame.substr(0, 6 + 6)), "");
  EXPECT_EQ(parse(first("good") + middle("\xFF")), "broken 1007\n");
}

TEST(WebSocketParser, BoundsAMessage) {
  const Limits limits = small_limits();
  const std::string most(limits.ws_message_bytes_max, 'm');
  EXPECT_EQ(parse(text(most)), "text " + most + "\n");
  EXPECT_EQ(parse(text(most + "m")), "broken 1009\n");
  const std::string half = most.substr(most.size() / 2);
  EXPECT_EQ(parse(first(half) + last(half)), "text " + most + "\n");
  EXPECT_EQ(parse(first(half) + middle(half) + last("m")), "broken 1009\n");
  EXPECT_EQ(parse(first(most) + last("")), "text " + most + "\n");
}

TEST(WebSocketParser, WhatWillBeTooLongIsRefusedFromItsHead) {
  EXPECT_EQ(parse(text(std::string(1001, 'm')).substr(0, 8)), "broken 1009\n");
  EXPECT_EQ(parse("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x02\x03\x04"), "broken 1009\n");
  EXPECT_EQ(parse(first("a") + raw(0x80, std::string(1000, 'm')).substr(0, 8)), "broken 1009\n");
  EXPECT_EQ(parse(text(std::string(1001, 'm')).substr(0, 7)), "") << "its mask is not here yet";
}

TEST(WebSocketParser, BoundsTheFragments) {
  EXPECT_EQ(parse(first("1") + middle("2") + middle("") + middle("") + last("5")), "text 125\n");
  EXPECT_EQ(parse(first("1") + middle("") + middle("") + middle("") + middle("") + last("6")),
            "broken 1008\n");
}

TEST(WebSocketParser, AccountsForEveryByte) {
  const std::string bytes = first("ab") + ping("p") + last(std::string(200, 'c')) + text("");
  const Limits limits = small_limits();
  WebSocketReaders readers;
  WebSocketParser parser(limits, readers);
  WebSocketRecorder recorder;
  parser.parse(bytes, recorder);
  EXPECT_EQ(recorder.wire_bytes_in_all, bytes.size());
}

TEST(WebSocketParser, StopsWhenNothingFurtherIsWanted) {
  const Limits limits = small_limits();
  WebSocketReaders readers;
  WebSocketParser parser(limits, readers);
  WebSocketRecorder recorder;
  recorder.reports_wanted = 2;
  const std::string wanted = text("1") + ping("2");
  EXPECT_EQ(parser.parse(wanted + text("3"), recorder), wanted.size());
  EXPECT_EQ(recorder.log, "text 1\nping 2\n");
}

// However the bytes are cut, and whatever comes behind: nothing is lost and nothing comes twice.
TEST(WebSocketParser, GoesOnWithWhatItHasLeft) {
  const Limits limits = small_limits();
  const std::string bytes = text("1") + first("2") + ping("3") + last("4") + text("") + first("5") +
                            middle("") + last(std::string(300, 'x')) + ping("") +
                            close(1001, "bye");
  const std::string whole = parse(bytes);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    WebSocketReaders readers;
    WebSocketParser parser(limits, readers);
    WebSocketRecorder recorder;
    std::string pending;
    for (std::size_t begin = 0; begin < bytes.size() || !pending.empty();) {
      const std::size_t more = std::min(piece, bytes.size() - begin);
      pending.append(bytes, begin, more);
      begin += more;
      recorder.reports_wanted = 1;
      pending.erase(0, parser.parse(pending, recorder));
    }
    EXPECT_EQ(recorder.log, whole) << "in pieces of " << piece;
    EXPECT_EQ(parser.parse("more", recorder), 4U) << "after the last report everything is taken";
  }
}

TEST(WebSocketParser, HoldsMemoryOnlyWhileSomethingIsIncomplete) {
  const Limits limits = small_limits();
  WebSocketReaders readers;
  WebSocketParser parser(limits, readers);
  WebSocketRecorder recorder;
  EXPECT_TRUE(parser.is_idle());
  for (const std::string& bytes : {text("a"), first("a") + last("b"), ping("")}) {
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
      parser.parse(bytes.substr(i, 1), recorder);
      EXPECT_FALSE(parser.is_idle());
    }
    parser.parse(bytes.substr(bytes.size() - 1), recorder);
    EXPECT_TRUE(parser.is_idle());
  }
  parser.parse(first("a"), recorder);
  EXPECT_FALSE(parser.is_idle()) << "between fragments";
  EXPECT_LE(sizeof(WebSocketParser), 32U);
}

TEST(WebSocketParser, SessionsThatShareAReaderDoNotMixTheirBytes) {
  const Limits limits = small_limits();
  WebSocketReaders readers;
  WebSocketParser one(limits, readers);
  WebSocketParser two(limits, readers);
  WebSocketRecorder heard_one;
  WebSocketRecorder heard_two;
  const std::string message = first("1") + last("2");
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < message.size(); ++i) {
      one.parse(message.substr(i, 1), heard_one);
      two.parse(text("x"), heard_two);
    }
  }
  EXPECT_EQ(heard_one.log, "text 12\ntext 12\ntext 12\n");
  std::string expected;
  for (std::size_t i = 0; i < 3 * message.size(); ++i) {
    expected += "text x\n";
  }
  EXPECT_EQ(heard_two.log, expected);
}

}  // namespace
}  // namespace chat
