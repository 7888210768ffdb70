#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "chat/protocol/native.h"

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kLineBytesMax = 4096;

// A command that outlives the call, and how long its line was.
struct Seen {
  Verb verb = Verb::kPlain;
  std::string target;
  std::string text;
  ErrorCode code = ErrorCode::kNone;
  std::size_t wire_bytes = 0;

  bool operator==(const Seen&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << "{verb " << static_cast<int>(seen.verb) << ", target '" << seen.target
               << "', text '" << seen.text << "', code " << static_cast<int>(seen.code)
               << ", wire bytes " << seen.wire_bytes << "}";
  }
};

class Recorder final : public CommandSink {
 public:
  explicit Recorder(std::size_t commands_max = SIZE_MAX) : commands_max_(commands_max) {}

  bool on_command(const Command& command, std::size_t wire_bytes) override {
    seen.push_back({.verb = command.verb,
                    .target = std::string(command.target),
                    .text = std::string(command.text),
                    .code = command.code,
                    .wire_bytes = wire_bytes});
    return seen.size() < commands_max_;
  }

  std::vector<Seen> seen;

 private:
  std::size_t commands_max_;
};

// A codec behind a connection: bytes come in pieces, what was not taken comes again.
class Feed {
 public:
  explicit Feed(const Limits& limits = {}) : codec(limits), limits_(limits) {}

  void read(std::string_view piece) {
    pending.append(piece);
    const std::size_t taken = codec.parse(pending, recorder.seen_by_codec());
    ASSERT_LE(taken, pending.size());
    pending.erase(0, taken);
    ASSERT_LE(pending.size(), limits_.line_bytes_max * 2 + 2);
  }

  struct Sink {
    Recorder recorder;
    CommandSink& seen_by_codec() { return recorder; }
  };

  NativeCodec codec;
  std::string pending;
  Sink recorder;

 private:
  const Limits& limits_;
};

}  // namespace
}  // namespace chat
