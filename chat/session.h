#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/feed.h"
#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"
#include "chat/rate_limit.h"
#include "reactor/connection.h"
#include "reactor/timers.h"

namespace chat {

// Why a session ended. Exactly one is counted and logged for each.
enum class EndReason : std::uint8_t {
  kQuit,                 // the client said so
  kPeerClosed,           // the client ended the connection
  kConnectionLost,       // the connection broke
  kIdle,                 // silent for idle_timeout
  kStalled,              // took nothing for stall_timeout
  kOutputOverflow,       // took too little for too long
  kInputOverflow,        // sent what no codec could make room for
  kRegistrationTimeout,  // never said who it is
  kResumedElsewhere,     // another connection has taken the session over
  kServerStopping,
};
inline constexpr std::size_t kEndReasonCount = 10;
const char* to_string(EndReason reason);

class Session;

// What a session needs of its shard.
class SessionHost {
 public:
  virtual void submit(SessionRef from, const Command& command) = 0;
  // The output has drained: there is room for more of the feed.
  virtual void session_drained(Session& session) = 0;
  // Whether the session's input has to wait: for the store, if it publishes, or for its own output.
  // Then the host calls read_on() when that is over.
  virtual bool must_wait(Session& session) = 0;
  // The session's connection is gone: the host releases the session.
  virtual void session_closed(Session& session, EndReason reason) = 0;

 protected:
  ~SessionHost() = default;
};

// One connection's life: which codec it speaks, its limits, until when it must register. It
// decides nothing about the chat: what the client says goes to the hub, and what the hub answers
// comes back through the shard. Owned by its Shard; used on its thread only.
class Session final : public reactor::Handler, private CommandSink, private reactor::TimerHandler {
 public:
  // Where this session stands in the shard's list of a room's members.
  struct Membership {
    RoomId room = kNoRoom;
    std::uint32_t position = 0;
  };

  Session(SessionHost& host, std::uint16_t shard, const Limits& limits,
          const reactor::Endpoint& peer);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  SessionRef ref() const { return {shard_, connection_->token()}; }
  // REQUIRES: on_open was called.
  reactor::Connection& connection() { return *connection_; }
  const reactor::Endpoint& peer() const { return peer_; }
  // Empty until the client has registered.
  const std::string& name() const { return name_; }
  WireFormat format() const { return codec_->format(); }
  bool wants_presence() const { return codec_->wants_presence(); }

  // The hub has taken the name.
  void registered(std::string_view name);
  // Tells the client that this is the end, and why; the connection closes once that is sent. The
  // first reason stays.
  void say_bye(std::string_view text, EndReason reason);
  // The hub will say no more, and its last words are on their way: the client is not heard any
  // more.
  void stop_listening();
  // Delivers what the hub has said last: the client has quit or ended its half.
  void finish(std::string_view last_words);

  // It has sent something that is to be kept, and will probably do it again.
  bool publishes() const { return publishes_; }
  void read_on();

  std::vector<Membership>& memberships() { return memberships_; }

  // While the session gets no live copies. Its shard's, like index.
  std::unique_ptr<Feed> feed;
  // The session's place in the list of its shard.
  std::size_t index = 0;

  void on_open(reactor::Connection& connection) override;
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override;
  void on_drained(reactor::Connection& connection) override;
  void on_end(reactor::Connection& connection) override;
  void on_idle(reactor::Connection& connection) override;
  void on_close(reactor::Connection& connection, reactor::CloseReason reason, int error) override;

 private:
  bool on_command(const Command& command, std::size_t wire_bytes) override;
  void on_timer(std::uint64_t argument) override;
  bool is_rate_limited() const;
  reactor::Duration over_the_rate(std::size_t wire_bytes);
  void refuse_as_too_fast(reactor::Duration wait);
  void leave(EndReason reason);

  SessionHost& host_;
  const Limits& limits_;
  reactor::Connection* connection_ = nullptr;
  std::unique_ptr<Codec> codec_;
  std::string name_;
  std::vector<Membership> memberships_;
  RateLimit message_rate_;
  RateLimit byte_rate_;
  reactor::TimerId registration_timer_;
  reactor::Endpoint peer_;
  std::uint16_t shard_;
  EndReason end_reason_ = EndReason::kPeerClosed;
  bool publishes_ = false;
  bool waits_ = false;    // the host has said so
  bool leaving_ = false;  // nothing more is taken from the client, and end_reason_ is decided
};

}  // namespace chat
