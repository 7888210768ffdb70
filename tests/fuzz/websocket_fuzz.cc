#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/limits.h"
#include "chat/protocol/utf8.h"
#include "chat/web/websocket_client.h"
#include "chat/web/websocket_parser.h"
#include "reactor/check.h"

// Any frames of a client, whole and in pieces. What the server understands is what a second
// parser, the client's own, finds in the same frames without their masks; and framed again, by
// either side, it is understood the same.
namespace chat {
namespace {

// Small, so that the fuzzer reaches what happens at each of them.
Limits small_limits() {
  Limits limits;
  limits.ws_message_bytes_max = 300;
  limits.ws_fragments_max = 6;
  return limits;
}

struct Report {
  WebSocketOpcode opcode;
  std::string payload;  // of a close: the reason
  CloseCode code = 0;

  bool operator==(const Report&) const = default;
};

class Witness final : public WebSocketSink {
 public:
  bool on_message(WebSocketOpcode kind, std::string_view payload, std::size_t wire) override {
    CHECK(payload.size() <= small_limits().ws_message_bytes_max, "too long", payload.size());
    return note(kind, payload, wire);
  }
  bool on_ping(std::string_view payload, std::size_t wire) override {
    return note(WebSocketOpcode::kPing, payload, wire);
  }
  bool on_pong(std::string_view payload, std::size_t wire) override {
    return note(WebSocketOpcode::kPong, payload, wire);
  }
  void on_close(CloseCode code, std::string_view reason) override {
    CHECK(!ended, "the end twice");
    CHECK(is_close_code(code) || (code == kCloseNone && reason.empty()), "no close code", code);
    reports.push_back({WebSocketOpcode::kClose, std::string(reason), code});
    ended = true;
  }
  void on_broken(CloseCode code, std::string_view why) override {
    CHECK(!ended, "the end twice");
    CHECK(!why.empty(), "no reason");
    broken = code;
    ended = true;
  }

  std::vector<Report> reports;
  std::size_t wire_bytes = 0;
  CloseCode broken = kCloseNone;
  bool ended = false;

 private:
  bool note(WebSocketOpcode opcode, std::string_view payload, std::size_t wire) {
    CHECK(!ended, "something after the end");
    reports.push_back({opcode, std::string(payload), 0});
    wire_bytes += wire;
    return true;
  }
};

// sizes: of the pieces, again and again from its beginning; a zero stands for everything.
Witness parse_in_pieces(std::string_view bytes, std::string_view sizes) {
  const Limits limits = small_limits();
  WebSocketReaders readers;
  WebSocketParser parser(limits, readers);
  Witness witness;
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    const auto size = static_cast<std::uint8_t>(sizes[i % sizes.size()]);
    const std::string_view piece = bytes.substr(0, size == 0 ? bytes.size() : size);
    bytes.remove_prefix(piece.size());
    parser.parse(piece, witness);
  }
  return witness;
}

Witness parse_as_client(std::string_view bytes) {
  WebSocketClientParser parser(small_limits().ws_message_bytes_max);
  Witness witness;
  CHECK(parser.parse(bytes, witness) <= bytes.size(), "more consumed than there was");
  return witness;
}

// The frames that are whole, as a server would send them.
std::string without_masks(std::string_view bytes) {
  std::string out;
  while (const std::optional<FrameHead> head = read_frame_head(bytes)) {
    if (!head->masked || bytes.size() - head->head_bytes < head->payload_bytes) {
      break;
    }
    const auto size = static_cast<std::size_t>(head->payload_bytes);
    const std::string_view mask = bytes.substr(head->head_bytes - 4, 4);
    std::string payload(bytes.substr(head->head_bytes, size));
    for (std::size_t i = 0; i < size; ++i) {
      payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    }
    const std::size_t at = out.size();
    append_ws_frame(out, WebSocketOpcode::kBinary, payload);
    out[at] = bytes[0];
    bytes.remove_prefix(head->head_bytes + size);
  }
  return out;
}

// UTF-8 as the check of whole texts sees it, which does not take NUL.
void check_text(const Report& report) {
  if (report.opcode == WebSocketOpcode::kText || report.opcode == WebSocketOpcode::kClose) {
    std::string text = report.payload;
    std::replace(text.begin(), text.end(), '\0', ' ');
    CHECK(is_text(text), "text that is not UTF-8");
  }
}

void check_framed_again(const std::vector<Report>& reports) {
  std::string from_client;
  std::string from_server;
  std::uint32_t mask = 1;
  for (const Report& report : reports) {
    check_text(report);
    mask = mask * 1664525 + 1013904223;
    if (report.opcode == WebSocketOpcode::kClose) {
      append_masked_ws_close(from_client, report.code, mask, report.payload);
      append_ws_close(from_server, report.code, report.payload);
    } else {
      append_masked_ws_frame(from_client, report.opcode, report.payload, mask);
      append_ws_frame(from_server, report.opcode, report.payload);
    }
  }
  CHECK(parse_in_pieces(from_client, std::string_view("\0", 1)).reports == reports,
        "a client's frames were understood otherwise");
  CHECK(parse_as_client(from_server).reports == reports,
        "a server's frames were understood otherwise");
}

void check(std::string_view bytes) {
  const Witness whole = parse_in_pieces(bytes, std::string_view("\0", 1));
  CHECK(whole.wire_bytes <= bytes.size(), "longer than the input", whole.wire_bytes);
  // The input says itself how it is cut.
  const std::string backwards(bytes.rbegin(), bytes.rend());
  for (const std::string_view sizes : {std::string_view("\1"), std::string_view(backwards)}) {
    const Witness split = parse_in_pieces(bytes, sizes);
    CHECK(split.reports == whole.reports && split.broken == whole.broken &&
              split.wire_bytes == whole.wire_bytes,
          "the split made a difference", split.reports.size(), split.broken, whole.reports.size(),
          whole.broken);
  }
  // The second parser does not look at everything that the first refuses.
  const Witness second = parse_as_client(without_masks(bytes));
  CHECK(second.reports.size() >= whole.reports.size() &&
            std::equal(whole.reports.begin(), whole.reports.end(), second.reports.begin()),
        "understood otherwise", whole.reports.size(), second.reports.size());
  CHECK(whole.ended || second.reports.size() == whole.reports.size(), "something was not seen");
  check_framed_again(whole.reports);
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
