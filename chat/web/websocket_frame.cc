#include "chat/web/websocket_frame.h"

#include <array>
#include <bit>
#include <cstring>

#include "chat/protocol/utf8.h"
#include "reactor/check.h"

namespace chat {
namespace {

constexpr std::uint8_t kFinalBit = 0x80;
constexpr std::uint8_t kMaskBit = 0x80;
constexpr std::size_t kMaskBytes = 4;
// In place of a length that does not fit into seven bits: it follows in two or in eight bytes.
constexpr std::uint8_t kLengthInTwo = 126;
constexpr std::uint8_t kLengthInEight = 127;

using Mask = std::array<char, kMaskBytes>;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) {
    out.push_back(static_cast<char>(value >> (8 * i)));
  }
}

void append_head(std::string& out, WebSocketOpcode opcode, std::size_t payload_bytes,
                 std::uint8_t mask_bit) {
  CHECK(opcode < WebSocketOpcode::kClose || payload_bytes <= kControlPayloadMax,
        "a control frame that is too long", payload_bytes);
  out.push_back(static_cast<char>(kFinalBit | static_cast<std::uint8_t>(opcode)));
  if (payload_bytes < kLengthInTwo) {
    out.push_back(static_cast<char>(mask_bit | payload_bytes));
  } else if (payload_bytes <= UINT16_MAX) {
    out.push_back(static_cast<char>(mask_bit | kLengthInTwo));
    append_big_endian(out, payload_bytes, 2);
  } else {
    out.push_back(static_cast<char>(mask_bit | kLengthInEight));
    append_big_endian(out, payload_bytes, 8);
  }
}

// Appends the payload with the mask over it, eight bytes at a time.
void append_masked(std::string& out, std::string_view payload, const Mask& mask) {
  const std::size_t start = out.size();
  out.append(payload);
  std::array<char, 8> twice{};
  std::memcpy(twice.data(), mask.data(), kMaskBytes);
  std::memcpy(twice.data() + kMaskBytes, mask.data(), kMaskBytes);
  const auto mask_word = std::bit_cast<std::uint64_t>(twice);
  std::size_t at = start;
  for (; out.size() - at >= sizeof(mask_word); at += sizeof(mask_word)) {
    std::uint64_t word = 0;
    std::memcpy(&word, out.data() + at, sizeof(word));
    word ^= mask_word;
    std::memcpy(out.data() + at, &word, sizeof(word));
  }
  for (; at < out.size(); ++at) {
    out[at] = static_cast<char>(out[at] ^ mask[(at - start) % kMaskBytes]);
  }
}

// What a close frame carries: nothing, or the code and then the reason.
std::string close_payload(CloseCode code, std::string_view reason) {
  std::string payload;
  if (code != kCloseNone) {
    append_big_endian(payload, code, 2);
    payload.append(cut_text(reason, kCloseReasonMax));
  }
  return payload;
}

}  // namespace

bool is_close_code(CloseCode code) {
  // 1004 has no meaning; 1005, 1006 and 1015 never stand in a frame. What is between 1016 and 2999
  // is for later versions of the protocol, from 3000 on for libraries and programs.
  if (code >= 1000 && code <= 1014) {
    return code != 1004 && code != kCloseNone && code != 1006;
  }
  return code >= 3000 && code <= 4999;
}

void append_ws_head(std::string& out, WebSocketOpcode opcode, std::size_t payload_bytes) {
  append_head(out, opcode, payload_bytes, 0);
}

void append_ws_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload) {
  append_head(out, opcode, payload.size(), 0);
  out.append(payload);
}

void append_ws_close(std::string& out, CloseCode code, std::string_view reason) {
  append_ws_frame(out, WebSocketOpcode::kClose, close_payload(code, reason));
}

void append_masked_ws_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload,
                            std::uint32_t mask) {
  append_head(out, opcode, payload.size(), kMaskBit);
  const auto mask_bytes = std::bit_cast<Mask>(mask);
  out.append(mask_bytes.data(), mask_bytes.size());
  append_masked(out, payload, mask_bytes);
}

void append_masked_ws_close(std::string& out, CloseCode code, std::uint32_t mask,
                            std::string_view reason) {
  append_masked_ws_frame(out, WebSocketOpcode::kClose, close_payload(code, reason), mask);
}

std::optional<FrameHead> read_frame_head(std::string_view bytes) {
  if (bytes.size() < 2) {
    return std::nullopt;
  }
  FrameHead head;
  head.final = (byte_at(bytes, 0) & kFinalBit) != 0;
  head.reserved_bits = (byte_at(bytes, 0) >> 4U) & 7U;
  head.opcode = byte_at(bytes, 0) & 15U;
  head.masked = (byte_at(bytes, 1) & kMaskBit) != 0;
  head.payload_bytes = byte_at(bytes, 1) & 127U;
  std::size_t length_bytes = 0;
  if (head.payload_bytes == kLengthInTwo) {
    length_bytes = 2;
  } else if (head.payload_bytes == kLengthInEight) {
    length_bytes = 8;
  }
  head.head_bytes = 2 + length_bytes + (head.masked ? kMaskBytes : 0);
  if (bytes.size() < head.head_bytes) {
    return std::nullopt;
  }
  if (length_bytes > 0) {
    head.payload_bytes = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) {
      head.payload_bytes = head.payload_bytes << 8U | byte_at(bytes, 2 + i);
    }
  }
  return head;
}

}  // namespace chat
