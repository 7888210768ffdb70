#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/protocol/irc.h"
#include "chat/protocol/irc_codec.h"
#include "chat/protocol/irc_line.h"
#include "chat/protocol/utf8.h"
#include "reactor/check.h"

// Any bytes through the IRC codec, whole and in pieces, with a hub behind it that answers whatever
// it is asked, and what was said back through the encoder.
namespace chat {
namespace {

// Without CR and LF: "line" is what is between them.
void check_line(std::string_view line) {
  constexpr std::size_t kServerTagsBytesMax = 510;
  const std::size_t tags = irc_tags_bytes(line);
  CHECK(tags <= kServerTagsBytesMax + kIrcTagsBytesMax, "tags that are too long", line);
  CHECK(line.size() - tags <= kIrcLineBytesMax, "a line that is too long", line);
  CHECK(!line.empty(), "an empty line");
  CHECK(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
        "a line that ends within", line);
  CHECK(is_text(line), "a line that is no text", line);
  CHECK(!parse_irc_line(line).command.empty(), "a line without a command", line);
}

void check_lines(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find("\r\n");
    CHECK(end != std::string_view::npos, "a line without an end", bytes);
    check_line(bytes.substr(0, end));
    bytes.remove_prefix(end + 2);
  }
}

bool is_one_line_of_text(std::string_view text) {
  return is_text(text) && text.find('\n') == std::string_view::npos;
}

const ServerInfo& server() {
  static const ServerInfo info{.name = "irc.test",
                               .network = "Test",
                               .version = "1",
                               .started_unix_ms = 0,
                               .message_of_the_day = {},
                               .sts = "port=1",
                               .offers_irc_history = true};
  return info;
}

struct Seen {
  Verb verb = Verb::kPlain;
  std::string target;
  std::string peer;
  std::string text;
  std::string tags;
  std::string client_id;
  std::size_t wire_bytes = 0;
  bool notice = false;

  bool operator==(const Seen&) const = default;
};

// A client with its codec, and the hub behind it.
class Client final : private CommandSink {
 public:
  // Reads a piece of what the client sends.
  void read(std::string_view piece) {
    pending_.append(piece);
    const std::size_t taken = codec_.parse(pending_, *this);
    CHECK(taken <= pending_.size(), "more taken than there was", taken, pending_.size());
    pending_.erase(0, taken);
    CHECK(pending_.size() <= limits_.line_bytes_max * 2 + 2, "too much left", pending_.size());
  }

  std::vector<Seen> seen;
  std::string output;
  std::size_t left_over() const { return pending_.size(); }
  WireFormat format() const { return codec_.format(); }

 private:
  // Short, so that the fuzzer reaches what happens to long lines.
  static Limits short_lines() {
    Limits limits;
    limits.line_bytes_max = 96;
    return limits;
  }

  bool on_command(const Command& command, std::size_t wire_bytes) override {
    for (const std::string_view view : {command.target, command.peer, command.text, command.tags,
                                        command.user, command.client_id}) {
      CHECK(is_one_line_of_text(view), "what is no line", view);
    }
    CHECK((command.verb == Verb::kReject) == (command.refusal != Refusal::kNone),
          "only a refusal has a reason", static_cast<int>(command.verb));
    CHECK(command.capabilities.irc, "a command of another protocol");
    CHECK(command.tags.find(' ') == std::string_view::npos, "tags that end within", command.tags);
    seen.push_back({command.verb, std::string(command.target), std::string(command.peer),
                    std::string(command.text), std::string(command.tags),
                    std::string(command.client_id), wire_bytes, command.notice});
    answer(command);
    return true;
  }

  void answer(const Command& command) {
    Event event;
    event.to.shard = 0;
    event.unix_ms = 1;
    event.kind = kind_of_answer(command);
    event.refusal = event.kind == EventKind::kError ? refusal_of(command) : Refusal::kNone;
    event.client_id = command.client_id;
    event.subject = command.target;
    event.room = command.target;
    event.target = command.peer;
    event.text = command.text;
    event.count = command.count;
    const std::size_t before = output.size();
    codec_.answer(event, output);
    check_lines(std::string_view(output).substr(before));
  }

  static EventKind kind_of_answer(const Command& command) {
    switch (command.verb) {
      case Verb::kAnswer:
        return EventKind::kAnswer;
      case Verb::kPing:
        return EventKind::kPong;
      case Verb::kHello:
        return EventKind::kWelcome;
      case Verb::kLabelEnd:
        return EventKind::kLabelEnd;
      case Verb::kRegister:
        return command.target.starts_with('x') ? EventKind::kError : EventKind::kRegistered;
      case Verb::kJoin:
        return EventKind::kJoined;
      case Verb::kDirect:
        return EventKind::kEcho;
      case Verb::kQuit:
        return EventKind::kBye;
      case Verb::kTopic:
        return EventKind::kTopic;
      case Verb::kKick:
        return EventKind::kKicked;
      case Verb::kInvite:
        return EventKind::kInviting;
      default:
        return EventKind::kError;
    }
  }

  // Whatever is not answered otherwise: each reason comes up.
  static Refusal refusal_of(const Command& command) {
    if (command.verb == Verb::kReject) {
      return command.refusal;
    }
    if (command.verb == Verb::kRegister) {
      return Refusal::kNameTaken;
    }
    constexpr auto kReasons = static_cast<std::size_t>(Refusal::kShuttingDown);
    return static_cast<Refusal>(1 + (command.target.size() + command.text.size()) % kReasons);
  }

  const Limits limits_ = short_lines();
  IrcCodec codec_{limits_, server()};
  std::string pending_;
};

// piece_bytes: how long the pieces are, over and over.
void read_in_pieces(Client& client, std::string_view bytes, std::string_view piece_bytes) {
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    const auto wanted = static_cast<std::uint8_t>(piece_bytes[i % piece_bytes.size()]);
    const std::size_t size = std::min<std::size_t>(wanted + 1U, bytes.size());
    client.read(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

void check_same(const Client& split, const Client& whole) {
  CHECK(split.seen == whole.seen, "the split made a difference");
  CHECK(split.output == whole.output, "the split was answered otherwise");
  CHECK(split.left_over() == whole.left_over(), "the split left something else", split.left_over(),
        whole.left_over());
  CHECK(split.format() == whole.format(), "the split changed the capabilities");
}

// A message arrives as it was sent, but for line ends in it, in however many lines.
void check_message(const Seen& said, std::uint8_t features) {
  std::string text;
  while (text.size() < 700) {
    text += said.text;
  }
  Event event;
  event.kind = EventKind::kMessage;
  event.id = 1;
  event.unix_ms = 1;
  event.room_id = 1;
  event.room = "dev";
  event.subject = "alice";
  event.origin = "~al@here";
  event.text = text;
  event.tags = said.tags;
  std::string out;
  encode_irc(event, {WireFormat::Dialect::kIrc, WireFormat::Framing::kNone, features}, Limits(),
             out);
  check_lines(out);
  if (text.starts_with("\x01"
                       "ACTION ")) {
    return;
  }
  std::string joined;
  for (std::string_view rest = out; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\r'));
    rest.remove_prefix(line.size() + 2);
    joined += parse_irc_line(line).param(1);
  }
  std::ranges::replace(text, '\r', ' ');
  CHECK(joined == text, "a message was changed", joined, text);
}

void check(std::string_view bytes) {
  Client whole;
  whole.read(bytes);
  Client byte_by_byte;
  read_in_pieces(byte_by_byte, bytes, std::string_view("\0", 1));
  check_same(byte_by_byte, whole);
  // The input says itself how it is cut.
  Client in_pieces;
  read_in_pieces(in_pieces, bytes, std::string(bytes.rbegin(), bytes.rend()));
  check_same(in_pieces, whole);
  std::size_t wire_bytes = 0;
  std::uint8_t features = 0;
  for (const Seen& said : whole.seen) {
    wire_bytes += said.wire_bytes;
    if (said.verb == Verb::kSay || said.verb == Verb::kDirect) {
      check_message(said, features++);
    }
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
