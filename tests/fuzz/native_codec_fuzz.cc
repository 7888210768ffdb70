#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/protocol/native.h"
#include "chat/protocol/utf8.h"
#include "reactor/check.h"

// Any bytes through the native codec, whole and in pieces, and what comes out of it back through
// the encoder.
namespace chat {
namespace {

// Short, so that the fuzzer reaches what happens to long lines.
Limits short_lines() {
  Limits limits;
  limits.line_bytes_max = 64;
  return limits;
}

struct Seen {
  Verb verb;
  ErrorCode code;
  std::string target;
  std::string text;
  std::size_t wire_bytes;

  bool operator==(const Seen&) const = default;
};

bool is_one_line_of_text(std::string_view text) {
  return is_text(text) && text.find('\n') == std::string_view::npos;
}

class Recorder final : public CommandSink {
 public:
  bool on_command(const Command& command, std::size_t wire_bytes) override {
    CHECK(is_one_line_of_text(command.target), "a target that is no line", command.target);
    CHECK(is_one_line_of_text(command.text), "a text that is no line", command.text);
    CHECK((command.verb == Verb::kReject) == (command.refusal != Refusal::kNone),
          "only a refusal has a code", static_cast<int>(command.verb));
    CHECK(command.verb != Verb::kDisconnect, "clients cannot say this");
    CHECK(wire_bytes > 0, "a command without a line");
    seen.push_back({command.verb, command.code(), std::string(command.target),
                    std::string(command.text), wire_bytes});
    return true;
  }

  std::vector<Seen> seen;
};

struct Outcome {
  std::vector<Seen> seen;
  std::size_t left_over = 0;
  WireFormat format = WireFormat::kByHand;
};

// piece_bytes: how long the pieces are, over and over.
Outcome parse_in_pieces(std::string_view bytes, std::string_view piece_bytes,
                        const Limits& limits) {
  NativeCodec codec(limits);
  Recorder recorder;
  std::string pending;
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    const auto wanted = static_cast<std::uint8_t>(piece_bytes[i % piece_bytes.size()]);
    const std::size_t size = std::min<std::size_t>(wanted + 1U, bytes.size());
    pending.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    const std::size_t taken = codec.parse(pending, recorder);
    CHECK(taken <= pending.size(), "more taken than there was", taken, pending.size());
    pending.erase(0, taken);
    CHECK(pending.size() <= limits.line_bytes_max * 2 + 2, "too much left", pending.size());
  }
  return {std::move(recorder.seen), pending.size(), codec.format()};
}

Outcome parse_whole(std::string_view bytes, const Limits& limits) {
  NativeCodec codec(limits);
  Recorder recorder;
  const std::size_t taken = codec.parse(bytes, recorder);
  CHECK(taken <= bytes.size(), "more taken than there was", taken, bytes.size());
  return {std::move(recorder.seen), bytes.size() - taken, codec.format()};
}

// Each line has an end, is text, and begins as some line of the protocol does.
void check_lines(std::string_view bytes) {
  CHECK(bytes.ends_with('\n'), "no whole lines", bytes);
  while (!bytes.empty()) {
    std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(line.size() + 1);
    CHECK(is_text(line), "a line that is not text", line);
    if (line.starts_with('@')) {
      line.remove_prefix(line.find(' ') + 1);
    }
    const std::string_view verb = line.substr(0, line.find(':'));
    const bool capitals = std::all_of(verb.begin(), verb.end(),
                                      [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
    CHECK(capitals && !verb.empty() && verb.size() < line.size(), "no verb", line);
  }
}

// A message must arrive as it was sent, whatever it looks like.
void check_message(const Seen& seen, const Limits& limits) {
  Event event;
  event.kind = EventKind::kMessage;
  event.id = 1;
  event.room_id = 1;
  event.room = "dev";
  event.subject = "Alice";
  event.text = seen.text;
  std::string out;
  encode_native(event, WireFormat::kTagged, limits, out);
  CHECK(out == "@id=1;ts=0;room=dev ROOM_MESSAGE:dev:Alice:" + seen.text + "\n",
        "a message was changed", out);
}

// A list is cut between items, and nothing of it is lost.
void check_list(const Seen& seen, const Limits& limits) {
  constexpr std::string_view kVerb = "CLIENT_LIST:";
  Event event;
  event.kind = EventKind::kClientList;
  event.text = seen.text;
  std::string out;
  encode_native(event, WireFormat::kByHand, limits, out);
  check_lines(out);
  std::string joined;
  for (std::string_view rest = out; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const std::string_view items = line.substr(kVerb.size());
    CHECK(line.size() <= limits.line_bytes_max || items.find(',') == std::string_view::npos,
          "a line that could have been shorter", line);
    joined.append(items);
    joined.append(rest.empty() ? "" : ",");
  }
  CHECK(joined == seen.text, "a list was changed", joined, seen.text);
}

void check_refusal(const Seen& seen, const Limits& limits) {
  Event event;
  event.kind = EventKind::kError;
  event.refusal = Refusal::kNoSuchName;
  event.subject = seen.target;
  event.text = seen.text;
  for (const WireFormat format : {WireFormat::kByHand, WireFormat::kProgram}) {
    std::string out;
    encode_native(event, format, limits, out);
    check_lines(out);
    // ERROR:404:subject:text
    const std::size_t subject = out.find(':', 10) - 10;
    CHECK(subject <= limits.room_name_length_max, "a subject that is too long", out);
    CHECK(out.substr(10 + subject) == ":" + seen.text + "\n", "fields that moved", out);
  }
}

void check(std::string_view bytes) {
  const Limits limits = short_lines();
  const Outcome whole = parse_whole(bytes, limits);
  const Outcome byte_by_byte = parse_in_pieces(bytes, std::string_view("\0", 1), limits);
  // The input says itself how it is cut.
  const std::string backwards(bytes.rbegin(), bytes.rend());
  const Outcome in_pieces = parse_in_pieces(bytes, backwards, limits);
  for (const Outcome* split : {&byte_by_byte, &in_pieces}) {
    CHECK(split->seen == whole.seen, "the split made a difference");
    CHECK(split->left_over == whole.left_over, "the split left something else", split->left_over,
          whole.left_over);
    CHECK(split->format == whole.format, "the split changed HELLO");
  }
  std::size_t wire_bytes = 0;
  for (const Seen& seen : whole.seen) {
    wire_bytes += seen.wire_bytes;
    check_message(seen, limits);
    check_list(seen, limits);
    check_refusal(seen, limits);
  }
  CHECK(wire_bytes <= bytes.size(), "lines longer than the input", wire_bytes, bytes.size());
}

}  // namespace
}  // namespace chat

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) {
    chat::check({reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
