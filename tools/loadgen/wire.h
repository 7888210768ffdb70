#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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
  std::size_t payload_bytes_max = 0;
  bool echoes = false;  // a sender gets back what it said
  bool has_rooms = true;
  bool has_direct = true;
  bool has_log = false;  // it acknowledges, resumes, and tells what was said before
};
const ProtocolTraits& traits_of(Protocol protocol);

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

  // Only of a wire that was asked for it, see WireNeeds:
  // What was published under this number is kept, as the message `id`.
  virtual void on_ack(std::uint64_t /*number*/, std::uint64_t /*id*/) {}
  // It was not taken, and never will be if it is not sent again.
  virtual void on_not_taken(std::uint64_t /*number*/, std::string_view /*why*/) {}
  // Of what was missed these are gone, both included.
  virtual void on_gap(std::uint64_t /*first*/, std::uint64_t /*last*/) {}
  // Everything that was missed has come, or that was on its way when that was asked for.
  virtual void on_caught_up() {}

 protected:
  ~WireEvents() = default;
};

// What only protocols with a log can do.
struct WireNeeds {
  bool acks = false;     // what is published can be given a number
  bool resumes = false;  // the session outlives its connection: begin() goes on with it
};

// One client's side of one protocol: a plain state machine from the server's bytes to events and
// from payloads to bytes. Does no I/O. Everything a server can send is possible: it never trusts
// a length, never keeps more than it was given, and turns nonsense into on_refused.
class Wire {
 public:
  // The longest frame or line that a wire waits for; a longer one is refused.
  static constexpr std::size_t kFrameBytesMax = 48 << 10;

  virtual ~Wire() = default;

  // Appends to out what is said when the connection is made. A wire that resumes may begin again on
  // another connection when the one before is gone.
  virtual void begin(std::string& out) = 0;
  // bytes: everything received and not yet consumed. Returns how many bytes from the front are
  // done with. Appends to out what has to be answered (further steps of the login, pongs).
  virtual std::size_t parse(std::string_view bytes, std::string& out, WireEvents& events) = 0;
  // REQUIRES: ready; payload has no line ends, does not end in a space (which some servers cut off)
  // and has at most payload_bytes_max bytes.
  virtual void publish(std::string_view payload, std::string& out) = 0;
  // Likewise; on_ack or on_not_taken follows. The same number stands for the same message, however
  // often it is sent. REQUIRES: made for acks.
  virtual void publish_numbered(std::uint64_t number, std::string_view payload, std::string& out);
  // Asks for on_caught_up once everything that is on its way to us now has come. REQUIRES: made to
  // resume, ready.
  virtual void fence(std::string& out);
  // The server's number of the delivery that is being reported; 0: there are none.
  virtual std::uint64_t delivery_id() const { return 0; }
  // Says goodbye where the protocol has a word for it, so that the server ends the connection.
  // After it nothing is reported any more, whatever still arrives.
  virtual void quit(std::string& out) = 0;
};

class LineWire;  // wire_framed.h

// name: unique among the clients of a server, at most 9 characters (the least that an IRC server
// may allow), letters and digits, beginning with a letter.
// REQUIRES: has_direct for a channel that is kDirect, has_log for any needs.
std::unique_ptr<Wire> make_wire(Protocol protocol, const std::string& name, const Channel& channel,
                                const WireNeeds& needs = {});
// Likewise, of a protocol that others put into a WebSocket. REQUIRES: kNative or kIrc.
std::unique_ptr<LineWire> make_line_wire(Protocol protocol, const std::string& name,
                                         const Channel& channel, const WireNeeds& needs = {});

}  // namespace loadgen
