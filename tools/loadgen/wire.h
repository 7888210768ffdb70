#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace loadgen {

// The protocols that the load generator speaks, one for each kind of server it can measure.
enum class Protocol : std::uint8_t {
  kNative,  // chat-server
  kLines,   // a bare relay: greets each client with one line, then hands on every line to the rest
  kRedis,   // Redis Pub/Sub, RESP3: one connection both publishes and is subscribed
  kNats,
  kMqtt,  // 3.1.1, QoS 0
  kIrc,
};

// What is particular to a protocol.
struct ProtocolTraits {
  std::string_view scheme;  // as in redis://host:port
  std::uint16_t port = 0;   // when none is given
  std::size_t payload_bytes_max = 0;
  bool echoes = false;  // a sender gets back what it said
  bool has_rooms = true;
  bool has_direct = true;
};
const ProtocolTraits& traits_of(Protocol protocol);
std::optional<Protocol> protocol_of_scheme(std::string_view scheme);

// Where a client listens and speaks. Names of rooms are at most 12 characters: letters, digits, -.
struct Channel {
  enum class Kind : std::uint8_t {
    kLobby,   // the room that everybody is in, where the protocol has one; else like kRoom
    kRoom,    // listens and speaks in `listens`
    kDirect,  // others reach it under its own name; it speaks to the one named `speaks`
  };
  Kind kind = Kind::kLobby;
  std::string listens;
  std::string speaks;
};

// What a wire makes of the server's bytes.
class WireEvents {
 public:
  // Logged in and in its room: what is said there from now on is delivered. Once.
  virtual void on_ready() = 0;
  // payload: as it was published; valid during the call.
  virtual void on_delivery(std::string_view payload) = 0;
  // The server refused something or spoke nonsense, or delivered what was said elsewhere. The
  // connection is of no use any more: the wire says nothing further. why is one printable line.
  virtual void on_refused(std::string_view why) = 0;

 protected:
  ~WireEvents() = default;
};

// One client's side of one protocol: a plain state machine from the server's bytes to events and
// from payloads to bytes. Does no I/O. Everything a server can send is possible: it never trusts
// a length, never keeps more than it was given, and turns nonsense into on_refused.
class Wire {
 public:
  // The longest frame or line that a wire waits for; a longer one is refused.
  static constexpr std::size_t kFrameBytesMax = 48 << 10;

  virtual ~Wire() = default;

  // Appends to out what is said when the connection is made.
  virtual void begin(std::string& out) = 0;
  // bytes: everything received and not yet consumed. Returns how many bytes from the front are
  // done with. Appends to out what has to be answered (further steps of the login, pongs).
  virtual std::size_t parse(std::string_view bytes, std::string& out, WireEvents& events) = 0;
  // REQUIRES: ready; payload has no line ends, does not end in a space (which some servers cut off)
  // and has at most payload_bytes_max bytes.
  virtual void publish(std::string_view payload, std::string& out) = 0;
  // Says goodbye where the protocol has a word for it, so that the server ends the connection.
  // After it nothing is reported any more, whatever still arrives.
  virtual void quit(std::string& out) = 0;
};

// name: unique among the clients of a server, at most 9 characters (the least that an IRC server
// may allow), letters and digits, beginning with a letter.
// REQUIRES: has_direct for a channel that is kDirect.
std::unique_ptr<Wire> make_wire(Protocol protocol, const std::string& name, const Channel& channel);

}  // namespace loadgen
