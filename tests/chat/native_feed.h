// What a NativeCodec makes of bytes, in a form that tests can compare.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/protocol/native.h"

namespace chat::native_test {

inline const Limits kLimits;

// A command that outlives the call.
struct Seen {
  Verb verb = Verb::kPlain;
  ErrorCode code = ErrorCode::kNone;
  std::string target;
  std::string text;
  MessageId id = 0;
  std::uint32_t count = 0;
  bool before = false;
  std::string client_id = {};
  std::string peer = {};
  Capabilities capabilities = {};

  bool operator==(const Seen&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << "{verb " << static_cast<int>(seen.verb) << ", code "
               << static_cast<int>(seen.code) << ", target '" << seen.target << "', text '"
               << seen.text << "', id " << seen.id << ", count " << seen.count
               << (seen.before ? " before" : "") << ", client id '" << seen.client_id << "', peer '"
               << seen.peer << "', " << seen.capabilities.tags << seen.capabilities.ack
               << seen.capabilities.resume << seen.capabilities.presence << '}';
  }
};

inline Seen said(Verb verb, std::string target = "", std::string text = "") {
  return {verb, ErrorCode::kNone, std::move(target), std::move(text)};
}

inline Seen about(Verb verb, std::string target, std::string peer, std::string text = "") {
  Seen seen = said(verb, std::move(target), std::move(text));
  seen.peer = std::move(peer);
  return seen;
}

inline Seen resume(std::string token, MessageId id) {
  Seen seen = said(Verb::kResume, std::move(token));
  seen.id = id;
  return seen;
}

inline Seen history(std::string room, bool before, MessageId id, std::uint32_t count) {
  Seen seen = said(Verb::kHistory, std::move(room));
  seen.before = before;
  seen.id = id;
  seen.count = count;
  return seen;
}

inline Seen refused(ErrorCode code, std::string subject, std::string text) {
  return {Verb::kReject, code, std::move(subject), std::move(text)};
}

inline Seen malformed(std::string subject, const std::string& usage) {
  return refused(ErrorCode::kMalformed, std::move(subject), "usage: " + usage);
}

inline const Seen kTooLong = refused(ErrorCode::kTooLong, "", "the line is too long");
inline const Seen kNotText = refused(ErrorCode::kMalformed, "", "the line is not UTF-8 text");

class Recorder final : public CommandSink {
 public:
  explicit Recorder(std::size_t commands_max = SIZE_MAX) : commands_max_(commands_max) {}

  bool on_command(const Command& command, std::size_t line_bytes) override {
    seen.push_back({command.verb, command.code(), std::string(command.target),
                    std::string(command.text), command.id, command.count, command.before,
                    std::string(command.client_id), std::string(command.peer),
                    command.capabilities});
    wire_bytes.push_back(line_bytes);
    return seen.size() < commands_max_;
  }

  std::vector<Seen> seen;
  std::vector<std::size_t> wire_bytes;

 private:
  std::size_t commands_max_;
};

// A codec behind a connection: bytes come in pieces, and what was not taken comes again.
class Feed {
 public:
  void read(std::string_view piece) {
    pending.append(piece);
    const std::size_t taken = codec.parse(pending, recorder);
    ASSERT_LE(taken, pending.size());
    pending.erase(0, taken);
    ASSERT_LE(pending.size(), kLimits.line_bytes_max * 2 + 2);
  }

  NativeCodec codec{kLimits};
  Recorder recorder;
  std::string pending;
};

inline std::vector<Seen> by_hand(std::string_view bytes) {
  Feed feed;
  feed.read(bytes);
  return feed.recorder.seen;
}

// What comes of bytes after HELLO.
inline std::vector<Seen> by_program(std::string_view bytes) {
  Feed feed;
  feed.read("HELLO:1:\n");
  feed.read(bytes);
  feed.recorder.seen.erase(feed.recorder.seen.begin());
  return feed.recorder.seen;
}

}  // namespace chat::native_test
