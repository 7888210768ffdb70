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
struct WireFormat {
  enum class Dialect : std::uint8_t {
    kByHand,   // native, no HELLO: what people read in nc
    kProgram,  // native after HELLO
    kTagged,   // native after HELLO with the capability `tags`
    kIrc,
  };
  enum class Framing : std::uint8_t {
    kNone,             // a stream of lines
    kWebSocketText,    // each line a message, without its line end
    kWebSocketBinary,  // likewise
  };
  // What a client has asked to be told, and cannot be told by who has not. Bits of `features`.
  enum Feature : std::uint8_t {
    kPresence = 1 << 0,     // native: who joins and leaves
    kMessageTags = 1 << 1,  // IRC, from here on: msgid, and what clients tell each other
    kServerTime = 1 << 2,
    kAccountTag = 1 << 3,
    kExtendedJoin = 1 << 4,
    kAwayNotify = 1 << 5,
    kSetName = 1 << 6,
    kInviteNotify = 1 << 7,
  };

  Dialect dialect = Dialect::kByHand;
  Framing framing = Framing::kNone;
  std::uint8_t features = 0;

  static const WireFormat kByHand;
  static const WireFormat kProgram;
  static const WireFormat kTagged;

  bool has(Feature feature) const { return (features & feature) != 0; }
  bool operator==(const WireFormat&) const = default;
};
inline constexpr WireFormat WireFormat::kByHand{};
inline constexpr WireFormat WireFormat::kProgram{Dialect::kProgram, Framing::kNone, 0};
inline constexpr WireFormat WireFormat::kTagged{Dialect::kTagged, Framing::kNone, 0};

// Takes what a codec has parsed.
class CommandSink {
 public:
  // The command's views are valid during the call only. wire_bytes: how long the line was, for
  // the byte rate. False stops the parser after this command (the session is ending).
  virtual bool on_command(const Command& command, std::size_t wire_bytes) = 0;

 protected:
  ~CommandSink() = default;
};

// One connection's view of a wire protocol: the state needed between two reads and two answers, and
// nothing else.
// A plain state machine, owned by its Session. Any bytes are legal input: what can't be
// understood becomes a kReject command. How the input is split into calls changes nothing.
class Codec {
 public:
  virtual ~Codec() = default;

  // Parses complete commands from the front of bytes and hands each to sink. Returns how many
  // bytes are done with; the rest is an incomplete command and comes again with more behind it.
  // Never leaves more than Limits::line_bytes_max * 2 + 2 bytes.
  virtual std::size_t parse(std::string_view bytes, CommandSink& sink) = 0;
  // How what is delivered to many is to be encoded, by encode_delivery, for this one.
  virtual WireFormat format() const = 0;
  // Appends to out what the client is told of an event that is for it alone; nothing for events
  // that its protocol does not tell. In the order in which the client is sent them.
  virtual void answer(const Event& event, std::string& out) = 0;
  // Whether a client that is too fast can be told so when its line is dropped; otherwise it is read
  // more slowly.
  virtual bool can_refuse_haste() const { return true; }
  // Appends to out what a client that has been silent for Limits::ping_interval is asked; what it
  // answers is more input. False: the protocol has no such question.
  virtual bool ping(std::string& /*out*/) { return false; }
};

}  // namespace chat
