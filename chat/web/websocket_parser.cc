#include "chat/web/websocket_parser.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "chat/web/websocket_utf8.h"

namespace chat {
namespace {

// The reader that is kept for the next session keeps no more than this of its last message.
constexpr std::size_t kSpareBytesMax = std::size_t{64} << 10;

struct Failure {
  CloseCode code = kCloseNone;  // none: it is well
  std::string_view why;

  explicit operator bool() const { return code != kCloseNone; }
};

Failure protocol_error(std::string_view why) { return {kCloseProtocolError, why}; }

bool is_control(std::uint8_t opcode) { return wslay_is_ctrl_frame(opcode) != 0; }

bool is_known(std::uint8_t opcode) {
  return opcode <= WSLAY_BINARY_FRAME || (opcode >= WSLAY_CONNECTION_CLOSE && opcode <= WSLAY_PONG);
}

bool is_utf8(std::string_view text) {
  Utf8Stream utf8;
  return utf8.take(text) && utf8.is_complete();
}

}  // namespace

// What is known of an incomplete frame and an incomplete message. wslay finds the frames and takes
// the masks off; its 4 KiB of buffer are why an idle session must not hold one.
class WebSocketReader {
 public:
  WebSocketReader() { begin_afresh(); }
  WebSocketReader(const WebSocketReader&) = delete;
  WebSocketReader& operator=(const WebSocketReader&) = delete;
  ~WebSocketReader() { wslay_frame_context_free(frames_); }

  // How many bytes are done with.
  std::size_t parse(std::string_view bytes, const Limits& limits, WebSocketSink& sink);

  // After the last report.
  bool is_over() const { return over_; }
  bool is_idle() const {
    return !frame_begun_ && head_.empty() && message_kind_ == WebSocketOpcode::kContinuation;
  }
  void trim() {
    if (message_.capacity() > kSpareBytesMax) {
      message_ = std::string();
    }
  }

 private:
  // How wslay asks for bytes: everything is in input_.
  static ssize_t feed(std::uint8_t* into, std::size_t size, int /*flags*/, void* self) {
    std::string_view& input = static_cast<WebSocketReader*>(self)->input_;
    const std::size_t taken = input.copy(reinterpret_cast<char*>(into), size);
    input.remove_prefix(taken);
    return taken > 0 ? static_cast<ssize_t>(taken) : -1;
  }

  void begin_afresh();
  std::size_t leave_what_is_open(std::size_t input_bytes);
  // False when the sink wants no more.
  bool take(const wslay_frame_iocb& part, const Limits& limits, WebSocketSink& sink);
  Failure begin_frame(const FrameHead& head, const Limits& limits);
  Failure begin_data_frame(const FrameHead& head, const Limits& limits);
  void look_at_head(std::string_view bytes, const Limits& limits, WebSocketSink& sink);
  bool end_control(std::string_view payload, WebSocketSink& sink);
  bool end_close(std::string_view payload, WebSocketSink& sink);
  bool end_message(std::string_view payload, WebSocketSink& sink);
  bool fail(const Failure& failure, WebSocketSink& sink) {
    over_ = true;
    sink.on_broken(failure.code, failure.why);
    return false;
  }

  wslay_frame_context_ptr frames_ = nullptr;
  std::string_view input_;
  std::uint64_t bytes_open_ = 0;  // fed to wslay and not yet come back as a frame
  std::string head_;              // of the next frame, as far as it is here and wslay keeps it

  bool over_ = false;
  bool frame_begun_ = false;
  FrameHead frame_;
  std::string control_;  // of a control frame that comes in parts

  WebSocketOpcode message_kind_ = WebSocketOpcode::kContinuation;  // no message has begun
  std::string message_;  // what has come of one that is not all in one part
  std::uint64_t message_bytes_ = 0;
  std::size_t message_wire_bytes_ = 0;
  std::size_t fragments_ = 0;
  Utf8Stream utf8_;
};

std::size_t WebSocketReader::parse(std::string_view bytes, const Limits& limits,
                                   WebSocketSink& sink) {
  input_ = bytes;
  bytes_open_ += bytes.size();
  while (true) {
    wslay_frame_iocb part{};
    const ssize_t result = wslay_frame_recv(frames_, &part);
    if (result == WSLAY_ERR_WANT_READ) {
      look_at_head(bytes, limits, sink);
      return bytes.size();
    }
    if (result < 0) {
      fail(protocol_error("a frame that cannot be"), sink);
      return bytes.size();
    }
    if (!take(part, limits, sink)) {
      return over_ ? bytes.size() : leave_what_is_open(bytes.size());
    }
  }
}

void WebSocketReader::begin_afresh() {
  wslay_frame_context_free(frames_);
  frames_ = nullptr;
  wslay_frame_callbacks callbacks{};
  callbacks.recv_callback = &WebSocketReader::feed;
  if (wslay_frame_context_init(&frames_, &callbacks, this) != 0) {
    throw std::bad_alloc();
  }
}

// wslay has read ahead, and what it has can't be had back: it is forgotten, to come again. A frame
// has just ended, so all of it is from this input.
std::size_t WebSocketReader::leave_what_is_open(std::size_t input_bytes) {
  const auto left = static_cast<std::size_t>(std::exchange(bytes_open_, 0));
  if (left > 0) {
    begin_afresh();
  }
  return input_bytes - left;
}

// wslay tells of a frame when the first byte of its payload is there, but what its head announces
// is refused without waiting for it.
void WebSocketReader::look_at_head(std::string_view bytes, const Limits& limits,
                                   WebSocketSink& sink) {
  const std::size_t more = static_cast<std::size_t>(bytes_open_) - head_.size();
  head_.append(bytes.substr(bytes.size() - more));
  const std::optional<FrameHead> head = read_frame_head(head_);
  if (!head) {
    return;
  }
  if (const Failure failure = begin_frame(*head, limits)) {
    fail(failure, sink);
  }
}

// Takes what there is of a frame's payload: all or a part of it.
bool WebSocketReader::take(const wslay_frame_iocb& part, const Limits& limits,
                           WebSocketSink& sink) {
  if (!frame_begun_) {
    FrameHead head;
    head.opcode = part.opcode;
    head.reserved_bits = part.rsv;
    head.final = part.fin != 0;
    head.masked = part.mask != 0;
    head.payload_bytes = part.payload_length;
    // wslay takes the shortest form of a length only.
    head.head_bytes = ws_frame_bytes(part.payload_length, head.masked) - part.payload_length;
    if (const Failure failure = begin_frame(head, limits)) {
      return fail(failure, sink);
    }
  }
  const std::string_view payload(reinterpret_cast<const char*>(part.data), part.data_length);
  bytes_open_ -= payload.size();
  frame_.payload_bytes -= payload.size();  // what is missing
  const bool frame_is_over = frame_.payload_bytes == 0;
  frame_begun_ = !frame_is_over;

  const bool control = is_control(frame_.opcode);
  if (!control && message_kind_ == WebSocketOpcode::kText && !utf8_.take(payload)) {
    return fail({kCloseBadData, "text that is not UTF-8"}, sink);
  }
  const bool is_over = frame_is_over && frame_.final;
  std::string& gathered = control ? control_ : message_;
  if (!is_over || !gathered.empty()) {
    gathered.append(payload);
  }
  if (!is_over) {
    return true;
  }
  const std::string_view whole = gathered.empty() ? payload : std::string_view(gathered);
  const bool goes_on = control ? end_control(whole, sink) : end_message(whole, sink);
  gathered.clear();
  return goes_on;
}

Failure WebSocketReader::begin_frame(const FrameHead& head, const Limits& limits) {
  if (head.reserved_bits != 0) {
    return protocol_error("a reserved bit is set");
  }
  if (!is_known(head.opcode)) {
    return protocol_error("a reserved opcode");
  }
  if (!head.masked) {
    return protocol_error("a frame that is not masked");
  }
  if (!is_control(head.opcode)) {
    if (const Failure failure = begin_data_frame(head, limits)) {
      return failure;
    }
  }
  frame_ = head;
  frame_begun_ = true;
  head_.clear();
  bytes_open_ -= head.head_bytes;
  return {};
}

Failure WebSocketReader::begin_data_frame(const FrameHead& head, const Limits& limits) {
  const auto opcode = static_cast<WebSocketOpcode>(head.opcode);
  const bool continues = opcode == WebSocketOpcode::kContinuation;
  const bool has_begun = message_kind_ != WebSocketOpcode::kContinuation;
  if (continues && !has_begun) {
    return protocol_error("nothing is there to be continued");
  }
  if (!continues && has_begun) {
    return protocol_error("a message in the middle of another");
  }
  if (!continues) {
    message_kind_ = opcode;
    message_bytes_ = 0;
    message_wire_bytes_ = 0;
    fragments_ = 0;
  }
  if (head.payload_bytes > limits.ws_message_bytes_max - message_bytes_) {
    return {kCloseTooBig, "a message that is too long"};
  }
  if (++fragments_ > limits.ws_fragments_max) {
    return {kClosePolicy, "a message of too many frames"};
  }
  message_bytes_ += head.payload_bytes;
  message_wire_bytes_ += head.head_bytes + static_cast<std::size_t>(head.payload_bytes);
  return {};
}

bool WebSocketReader::end_message(std::string_view payload, WebSocketSink& sink) {
  const WebSocketOpcode kind = std::exchange(message_kind_, WebSocketOpcode::kContinuation);
  if (kind == WebSocketOpcode::kText && !utf8_.is_complete()) {
    return fail({kCloseBadData, "text that ends within a character"}, sink);
  }
  return sink.on_message(kind, payload, message_wire_bytes_);
}

bool WebSocketReader::end_control(std::string_view payload, WebSocketSink& sink) {
  const std::size_t wire_bytes = frame_.head_bytes + payload.size();
  switch (frame_.opcode) {
    case WSLAY_PING:
      return sink.on_ping(payload, wire_bytes);
    case WSLAY_PONG:
      return sink.on_pong(payload, wire_bytes);
    default:
      return end_close(payload, sink);
  }
}

bool WebSocketReader::end_close(std::string_view payload, WebSocketSink& sink) {
  if (payload.empty()) {
    over_ = true;
    sink.on_close(kCloseNone, {});
    return false;
  }
  if (payload.size() == 1) {
    return fail(protocol_error("half a close code"), sink);
  }
  const auto high = static_cast<std::uint8_t>(payload[0]);
  const auto low = static_cast<std::uint8_t>(payload[1]);
  const auto code = static_cast<CloseCode>(high << 8U | low);
  const std::string_view reason = payload.substr(2);
  if (!is_close_code(code)) {
    return fail(protocol_error("a close code that cannot be sent"), sink);
  }
  if (!is_utf8(reason)) {
    return fail({kCloseBadData, "a reason that is not UTF-8"}, sink);
  }
  over_ = true;
  sink.on_close(code, reason);
  return false;
}

WebSocketReaders::WebSocketReaders() = default;
WebSocketReaders::~WebSocketReaders() = default;

std::unique_ptr<WebSocketReader> WebSocketReaders::take() {
  return spare_ ? std::move(spare_) : std::make_unique<WebSocketReader>();
}

void WebSocketReaders::give_back(std::unique_ptr<WebSocketReader> reader) {
  reader->trim();
  spare_ = std::move(reader);
}

WebSocketParser::WebSocketParser(const Limits& limits, WebSocketReaders& readers)
    : limits_(limits), readers_(readers) {}

WebSocketParser::~WebSocketParser() = default;

std::size_t WebSocketParser::parse(std::string_view bytes, WebSocketSink& sink) {
  if (ended_ || bytes.empty()) {
    return bytes.size();
  }
  // Out of our hands during the call, in which the sink may do anything but parse with us again.
  std::unique_ptr<WebSocketReader> reader = reader_ ? std::move(reader_) : readers_.take();
  const std::size_t done = reader->parse(bytes, limits_, sink);
  if (reader->is_over()) {
    ended_ = true;
  } else if (reader->is_idle()) {
    readers_.give_back(std::move(reader));
  } else {
    reader_ = std::move(reader);
  }
  return done;
}

}  // namespace chat
