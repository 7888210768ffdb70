// The wires of the load generator against servers that say anything. The first byte of the input
// picks the protocol and the kind of channel, the rest is what the server says; in a WebSocket,
// what it says when it has taken the request, or in its place.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/web/websocket_accept.h"
#include "reactor/check.h"
#include "tools/loadgen/kind.h"

namespace loadgen {
namespace {

constexpr std::size_t kProtocols = 6;
constexpr std::array kPlaces{Channel::Kind::kLobby, Channel::Kind::kRoom, Channel::Kind::kDirect};
constexpr std::size_t kPlain = kProtocols * kPlaces.size();
constexpr std::array kInWebSocket{Kind{Protocol::kNative, true, false},
                                  Kind{Protocol::kIrc, true, false}};

// What the first byte of an input picks.
struct Choice {
  Kind kind;
  Channel channel{Channel::Kind::kLobby, "dev", "Bob"};
  bool is_taken = false;  // the WebSocket that was asked for
};

Choice choose(std::uint8_t byte) {
  Choice choice;
  const std::size_t number = byte % (kPlain + 2 * kInWebSocket.size() * kPlaces.size());
  if (number < kPlain) {
    choice.kind.protocol = static_cast<Protocol>(number % kProtocols);
    choice.channel.kind = kPlaces[number / kProtocols];
  } else {
    const std::size_t rest = number - kPlain;
    choice.kind = kInWebSocket[rest % 2];
    choice.channel.kind = kPlaces[rest / 2 % kPlaces.size()];
    choice.is_taken = rest < kInWebSocket.size() * kPlaces.size();
  }
  if (!traits_of(choice.kind.protocol).has_direct) {
    choice.channel.kind = Channel::Kind::kLobby;
  }
  return choice;
}

// Checks that events come in an order that makes sense, and writes them down.
class Witness final : public WireEvents {
 public:
  void on_ready() override {
    CHECK(!ready_ && !refused_, "ready twice or after a refusal", ready_, refused_);
    ready_ = true;
    seen_.append("ready\n");
  }
  void on_delivery(std::string_view payload) override {
    CHECK(ready_ && !refused_, "a delivery out of season", ready_, refused_);
    seen_.append("got ").append(payload).append("\n");
  }
  void on_refused(std::string_view why) override {
    CHECK(!refused_, "refused twice");
    refused_ = true;
    for (const char c : why) {
      CHECK(c >= ' ' && c <= '~', "a reason that is not printable", why);
    }
    seen_.append("refused ").append(why).append("\n");
  }
  bool refused() const { return refused_; }
  const std::string& seen() const { return seen_; }

 private:
  bool ready_ = false;
  bool refused_ = false;
  std::string seen_;
};

struct Outcome {
  std::string seen;
  std::string said;
  std::size_t left_over = 0;

  bool operator==(const Outcome&) const = default;
};

// The answer to the request for a WebSocket.
std::string accept(std::string_view request, const Choice& choice) {
  constexpr std::string_view kField = "Sec-WebSocket-Key: ";
  constexpr std::size_t kKeyBytes = 24;
  const std::string_view key = request.substr(request.find(kField) + kField.size(), kKeyBytes);
  const bool is_irc = choice.kind.protocol == Protocol::kIrc;
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Protocol: " +
         std::string(is_irc ? "text.ircv3.net" : "chat.v1") +
         "\r\nSec-WebSocket-Accept: " + chat::websocket_accept(key) + "\r\n\r\n";
}

// sizes: of the pieces, again and again from its beginning; a zero stands for everything. Long
// inputs come in larger pieces: what is not all there is looked at again with each.
Outcome parse_in_pieces(const Choice& choice, std::string_view bytes, std::string_view sizes) {
  const auto wire = make_wire(choice.kind, {"here", "/ws"}, "Anna", choice.channel);
  Witness witness;
  std::string pending;
  std::string said;
  wire->begin(said);
  if (choice.is_taken) {
    const std::string answer = accept(said, choice);
    const std::size_t used = wire->parse(answer, said, witness);
    CHECK(used == answer.size() && !witness.refused(), "a good answer was not taken", used);
  }
  said.clear();
  const std::size_t unit = 1 + bytes.size() / 1024;
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    const auto units = static_cast<std::uint8_t>(sizes[i % sizes.size()]);
    const std::string_view piece = bytes.substr(0, units == 0 ? bytes.size() : units * unit);
    bytes.remove_prefix(piece.size());
    pending.append(piece);
    const std::size_t used = wire->parse(pending, said, witness);
    CHECK(used <= pending.size(), "more consumed than there was", used, pending.size());
    pending.erase(0, used);
    CHECK(pending.size() < Wire::kFrameBytesMax, "too much left", pending.size());
    CHECK(!witness.refused() || pending.empty(), "something is left after a refusal");
  }
  return {witness.seen(), said, pending.size()};
}

void check(std::uint8_t byte, std::string_view bytes) {
  const Choice choice = choose(byte);
  const Outcome whole = parse_in_pieces(choice, bytes, std::string_view("\0", 1));
  CHECK(whole.said.size() <= 4 * bytes.size(), "more answered than asked", whole.said.size());
  const Outcome bit_by_bit = parse_in_pieces(choice, bytes, "\1");
  CHECK(bit_by_bit == whole, "small pieces make a difference", bit_by_bit.seen, whole.seen);
  // The input says itself how it is cut.
  const std::string backwards(bytes.rbegin(), bytes.rend());
  const Outcome in_pieces = parse_in_pieces(choice, bytes, backwards);
  CHECK(in_pieces == whole, "the split made a difference", in_pieces.seen, whole.seen);
}

}  // namespace
}  // namespace loadgen

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1) {
    loadgen::check(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  }
  return 0;
}
