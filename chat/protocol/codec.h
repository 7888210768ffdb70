#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/message.h"

namespace chat {

// How deliveries look on the wire. Sessions with the same format get the same bytes, so a shard
// encodes each event once per format.
enum class WireFormat : std::uint8_t {
  kByHand,   // native, no HELLO: what people read in nc
  kProgram,  // native after HELLO
  kTagged,   // native after HELLO with the capability `tags`
};
inline constexpr std::size_t kWireFormatCount = 3;

// Takes what a codec has parsed.
class CommandSink {
 public:
  // The command's views are valid during the call only. wire_bytes: how long the line was, for
  // the byte rate. False stops the parser after this command (the session is ending).
  virtual bool on_command(const Command& command, std::size_t wire_bytes) = 0;

 protected:
  ~CommandSink() = default;
};

// One connection's view of a wire protocol: the state needed between two reads, and nothing else.
// A plain state machine, owned by its Session. Any bytes are legal input: what can't be
// understood becomes a kReject command. How the input is split into calls changes nothing.
class Codec {
 public:
  virtual ~Codec() = default;

  // Parses complete commands from the front of bytes and hands each to sink. Returns how many
  // bytes are done with; the rest is an incomplete command and comes again with more behind it.
  // Never leaves more than Limits::line_bytes_max * 2 + 2 bytes.
  virtual std::size_t parse(std::string_view bytes, CommandSink& sink) = 0;
  virtual WireFormat format() const = 0;
  // The client asked for presence notices.
  virtual bool wants_presence() const = 0;
};

}  // namespace chat
