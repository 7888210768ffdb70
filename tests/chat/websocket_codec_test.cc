#include "chat/web/websocket_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/protocol/native.h"

namespace chat {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kMask = 0x12345678;

std::string frame(WebSocketOpcode opcode, std::string_view payload) {
  std::string bytes;
  append_masked_ws_frame(bytes, opcode, payload, kMask);
  return bytes;
}
std::string text(std::string_view payload) { return frame(WebSocketOpcode::kText, payload); }
std::string ping(std::string_view payload) { return frame(WebSocketOpcode::kPing, payload); }

// A codec at a session that takes `patience` lines and pings, and then has to wait.
class WebSocketCodecTest : public testing::Test, private CommandSink, private Link {
 protected:
  // Bytes come, and what was not taken comes again with more behind it.
  void receive(std::string_view bytes) {
    pending_.append(bytes);
    const std::size_t done = codec_.parse(pending_, *this);
    ASSERT_LE(done, pending_.size());
    pending_.erase(0, done);
  }

  // What the client is told when the hub has let it go.
  std::string farewell(Refusal refusal) {
    Event bye;
    bye.kind = EventKind::kBye;
    bye.refusal = refusal;
    bye.text = "bye";
    std::string out;
    codec_.answer(bye, out);
    return out;
  }

  static std::string close(CloseCode code, std::string_view reason = {}) {
    std::string bytes;
    append_ws_close(bytes, code, reason);
    return bytes;
  }

  std::size_t patience_ = SIZE_MAX;
  bool ending_ = false;
  std::string pending_;
  std::vector<std::string> heard_;
  std::string sent_;

 private:
  bool on_command(const Command& command, std::size_t /*wire_bytes*/) override {
    heard_.emplace_back(command.text);
    ending_ = command.text == "enough";
    use_up();
    return !ending_ && patience_ > 0;
  }
  void send(std::string_view bytes) override { sent_ += bytes; }
  void spend(std::size_t /*wire_bytes*/) override { use_up(); }
  bool must_wait() override { return patience_ == 0; }
  void end(EndReason /*reason*/, std::string_view last_words) override { sent_ += last_words; }
  void peer_ended() override { heard_.emplace_back("closed"); }
  void hand_over(std::unique_ptr<Codec> /*next*/) override {}
  bool is_ending() const override { return ending_; }
  void restart_timeout() override {}

  void use_up() { patience_ -= patience_ > 0 ? 1 : 0; }

  Limits limits_;
  WebSocketReaders readers_;
  WebSocketCodec codec_{limits_, readers_, *this, std::make_unique<NativeCodec>(limits_),
                        WireFormat::Framing::kWebSocketText};
};

TEST_F(WebSocketCodecTest, AMessageIsALine) {
  receive(text("one") + text("two\r\n") + frame(WebSocketOpcode::kBinary, "three"));
  EXPECT_THAT(heard_, ElementsAre("one", "two", "three"));
}

TEST_F(WebSocketCodecTest, WhoHasToWaitIsReadNoFurther) {
  patience_ = 2;
  const std::string third = text("three");
  receive(text("one") + text("two") + third + ping("p").substr(0, 3));
  EXPECT_THAT(heard_, ElementsAre("one", "two"));
  EXPECT_EQ(pending_, third + ping("p").substr(0, 3));
  patience_ = SIZE_MAX;
  receive(ping("p").substr(3));
  EXPECT_THAT(heard_, ElementsAre("one", "two", "three"));
  EXPECT_EQ(sent_, "\x8A\x01p");
  EXPECT_THAT(pending_, IsEmpty());
}

TEST_F(WebSocketCodecTest, PingsAreNotFreeEither) {
  patience_ = 1;
  receive(ping("1") + ping("2"));
  EXPECT_EQ(sent_,
            "\x8A\x01"
            "1");
  EXPECT_EQ(pending_, ping("2"));
}

TEST_F(WebSocketCodecTest, NoLineOfAMessageIsLostToTheWait) {
  patience_ = 1;
  receive(text("one\r\ntwo\nthree") + text("four"));
  EXPECT_THAT(heard_, ElementsAre("one", "two", "three"));
  EXPECT_EQ(pending_, text("four"));
}

TEST_F(WebSocketCodecTest, NothingIsTakenOfWhoIsEnding) {
  receive(text("enough\nunheard") + text("unheard"));
  EXPECT_THAT(heard_, ElementsAre("enough"));
}

// RFC 6455, 5.5.1: with the code that came, and with nothing in front of it.
TEST_F(WebSocketCodecTest, ACloseIsAnsweredByTheSame) {
  std::string bytes;
  append_masked_ws_close(bytes, 4001, kMask, "I am off");
  receive(bytes + text("unheard"));
  EXPECT_THAT(heard_, ElementsAre("closed"));
  EXPECT_EQ(farewell(Refusal::kNone), close(4001));
}

TEST_F(WebSocketCodecTest, ACloseWithoutCodeIsAnsweredByTheSame) {
  receive(frame(WebSocketOpcode::kClose, ""));
  EXPECT_EQ(farewell(Refusal::kNone), "\x88\x00"s);
}

TEST_F(WebSocketCodecTest, WhoIsSentAwayIsToldWhy) {
  EXPECT_EQ(farewell(Refusal::kShuttingDown),
            "\x81\x07"
            "BYE:bye" +
                close(1001));
  EXPECT_EQ(farewell(Refusal::kForbidden),
            "\x81\x07"
            "BYE:bye" +
                close(1008));
}

TEST_F(WebSocketCodecTest, WhatIsBrokenEndsWithItsCode) {
  receive(frame(WebSocketOpcode::kText, "\xFF") + text("unheard"));
  EXPECT_EQ(sent_, close(1007, "text that is not UTF-8"));
  EXPECT_THAT(heard_, IsEmpty());
  EXPECT_THAT(pending_, IsEmpty());
}

}  // namespace
}  // namespace chat
