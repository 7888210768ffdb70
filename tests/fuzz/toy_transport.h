#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "reactor/check.h"
#include "reactor/transport.h"

// A transport that does on a few bytes what TLS does on many: a handshake, answers of its own, last
// words, failures. Data are the bytes below kHello and are the same on the wire, so whoever leaves
// out the others reads plain and secured streams alike.
class ToyTransport final : public reactor::Transport {
 public:
  static constexpr unsigned char kHello = 251;    // the client's, which the server answers with
  static constexpr unsigned char kWelcome = 252;  // … this; later: sealing waits until an answer
  static constexpr unsigned char kLastWord = 253;
  static constexpr unsigned char kQuestion = 254;  // is answered with
  static constexpr unsigned char kAnswer = 255;

  static bool is_data(char byte) { return static_cast<unsigned char>(byte) < kHello; }

  explicit ToyTransport(bool is_client) : is_client_(is_client) {}

  void begin(reactor::RingBuffer& answer) override {
    if (is_client_) {
      put(answer, kHello);
    }
  }

  std::size_t open(std::string_view wire, std::span<char> plain,
                   reactor::RingBuffer& answer) override {
    CHECK(plain.size() >= wire.size() + kRecordBytesMax, "no room", plain.size(), wire.size());
    CHECK(!wire.empty() && (state_ == State::kHandshaking || state_ == State::kReady),
          "opened out of season");
    std::size_t count = 0;
    for (const char byte : wire) {
      if (state_ == State::kReady && is_data(byte)) {
        plain[count++] = byte;
      } else if (state_ == State::kReady || state_ == State::kHandshaking) {
        take(static_cast<unsigned char>(byte), answer);
      }
    }
    return count;
  }

  bool seal(std::string_view plain, reactor::RingBuffer& wire) override {
    CHECK(is_ready() && !ended_, "sealed out of season");
    CHECK(!plain.empty() && plain.size() <= kRecordBytesMax, "no record", plain.size());
    if (!waits_) {
      wire.append(plain);
    }
    return !waits_;
  }

  void end(reactor::RingBuffer& wire) override {
    CHECK(is_ready() && !ended_, "ended out of season");
    ended_ = true;
    put(wire, kLastWord);
  }

  Agreement agreement() const override { return {}; }

 private:
  static void put(reactor::RingBuffer& ring, unsigned char byte) {
    const char sent = static_cast<char>(byte);
    ring.append(std::string_view(&sent, 1));
  }

  void take(unsigned char byte, reactor::RingBuffer& answer) {
    if (state_ == State::kHandshaking) {
      ++handshake_steps_;
      shake_hands(byte, answer);
      return;
    }
    switch (byte) {
      case kLastWord:
        state_ = State::kPeerEnded;
        break;
      case kQuestion:
        put(answer, kAnswer);
        break;
      case kWelcome:
        waits_ = true;
        break;
      case kAnswer:
        waits_ = false;
        break;
      default:
        fail(answer);
    }
  }

  void shake_hands(unsigned char byte, reactor::RingBuffer& answer) {
    if (byte == (is_client_ ? kWelcome : kHello)) {
      state_ = State::kReady;
      if (!is_client_) {
        put(answer, kWelcome);
      }
    } else if (byte != kQuestion) {
      fail(answer);
    }
  }

  void fail(reactor::RingBuffer& answer) {
    state_ = State::kFailed;
    failure_ = "no such byte";
    put(answer, kAnswer);
  }

  const bool is_client_;
  bool waits_ = false;
  bool ended_ = false;
};
