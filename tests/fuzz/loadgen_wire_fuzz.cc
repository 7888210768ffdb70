// The wires of the load generator against servers that say anything. The first byte of the input
// picks the protocol and the kind of channel, the rest is what the server says.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "reactor/check.h"
#include "tools/loadgen/wire.h"

namespace loadgen {
namespace {

constexpr std::size_t kProtocols = 6;
constexpr std::array kKinds{Channel::Kind::kLobby, Channel::Kind::kRoom, Channel::Kind::kDirect};

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

// sizes: of the pieces, again and again from its beginning; a zero stands for everything. Long
// inputs come in larger pieces: what is not all there is looked at again with each.
Outcome parse_in_pieces(std::uint8_t choice, std::string_view bytes, std::string_view sizes) {
  const auto protocol = static_cast<Protocol>(choice % kProtocols);
  Channel channel{kKinds[choice / kProtocols % kKinds.size()], "dev", "Bob"};
  if (!traits_of(protocol).has_direct) {
    channel.kind = Channel::Kind::kLobby;
  }
  const auto wire = make_wire(protocol, "Anna", channel);
  const std::size_t unit = 1 + bytes.size() / 1024;
  Witness witness;
  std::string pending;
  std::string said;
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

void check(std::uint8_t choice, std::string_view bytes) {
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
