#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/end_reason.h"
#include "chat/feed.h"
#include "chat/front.h"
#include "chat/limits.h"
#include "chat/message.h"
#include "chat/metrics.h"
#include "chat/opening.h"
#include "chat/protocol/codec.h"
#include "chat/protocol/link.h"
#include "chat/rate_limit.h"
#include "chat/web/websocket_parser.h"
#include "reactor/connection.h"
#include "reactor/timers.h"
#include "reactor/transport.h"

namespace chat {

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
  virtual void session_speaks(Protocol before, Protocol now) = 0;
  virtual void session_secured() = 0;
  // The connection was made for another by a proxy: it counts for that one from now on.
  virtual void session_proxied(Session& session, const reactor::Endpoint& proxy) = 0;
  // What the sessions of one thread, or of all, share.
  virtual const Front& front() const = 0;
  virtual WebSocketReaders& websocket_readers() = 0;
  // Null: there is no TLS here.
  virtual std::unique_ptr<reactor::Transport> new_transport() const = 0;
  // The session's connection is gone: the host releases the session.
  virtual void session_closed(Session& session, EndReason reason) = 0;

 protected:
  ~SessionHost() = default;
};

// One connection's life: what it speaks, its limits, until when it must register. It decides
// nothing about the chat: what the client says goes to the hub, and what the hub answers comes back
// through the shard. Owned by its Shard; used on its thread only.
class Session final : public reactor::Handler,
                      private CommandSink,
                      private Link,
                      private reactor::TimerHandler {
 public:
  // Where this session stands in the shard's list of a room's members.
  struct Membership {
    RoomId room = kNoRoom;
    std::uint32_t position = 0;
  };

  // kind: of the address that it came to.
  Session(SessionHost& host, std::uint16_t shard, const Limits& limits,
          const reactor::Endpoint& peer, ListenKind kind);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  SessionRef ref() const { return {shard_, connection_->token()}; }
  // REQUIRES: on_open was called.
  reactor::Connection& connection() { return *connection_; }
  const reactor::Endpoint& peer() const { return peer_; }
  // Whether it is known what the client speaks. Who has asked for something has spoken.
  bool has_spoken() const { return codec_ != nullptr; }
  // REQUIRES: has_spoken().
  Codec& codec() { return *codec_; }
  Protocol protocol() const { return protocol_; }
  // Empty until the client has registered.
  const std::string& name() const { return name_; }

  // The hub has given it another name.
  void renamed(std::string_view name) { name_ = name; }
  // The hub has taken the name.
  void registered(std::string_view name);
  // Ends, and tells the client that it does, and why.
  void say_bye(std::string_view text, EndReason reason);
  // The client is not heard any more: the last words for it are on their way. The first reason
  // stays.
  void leave(EndReason reason);
  // Leaves, sends the last words, and closes the connection once they are sent.
  void end(EndReason reason, std::string_view last_words) override;

  // It has sent something that is to be kept, and will probably do it again.
  bool publishes() const { return publishes_; }
  void read_on() { release_reading(kForHost); }

  std::vector<Membership>& memberships() { return memberships_; }

  // While the session gets no live copies. Its shard's, like index.
  std::unique_ptr<Feed> feed;
  // The session's place in the list of its shard.
  std::size_t index = 0;

  void on_open(reactor::Connection& connection) override;
  void on_secured(reactor::Connection& /*connection*/) override { host_.session_secured(); }
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override;
  void on_drained(reactor::Connection& connection) override;
  void on_end(reactor::Connection& connection) override;
  void on_idle(reactor::Connection& connection) override;
  void on_close(reactor::Connection& connection, reactor::CloseReason reason, int error) override;

 private:
  // Why the connection is not read.
  enum Hold : std::uint8_t {
    kForHost = 1 << 0,  // the host has said so
    kForRate = 1 << 1,  // the client is faster than it may be
    kForOutput = 1 << 2,
  };
  // What a timer is for.
  enum Timer : std::uint64_t { kRegistration, kPing, kRate };

  // CommandSink:
  bool on_command(const Command& command, std::size_t wire_bytes) override;
  // Link:
  void send(std::string_view bytes) override { connection_->send(bytes); }
  void spend(std::size_t wire_bytes) override { slow_down(wire_bytes); }
  bool must_wait() override;
  void peer_ended() override;
  void hand_over(std::unique_ptr<Codec> next) override { next_codec_ = std::move(next); }
  bool is_ending() const override { return leaving_; }
  void restart_timeout() override;

  void on_timer(std::uint64_t argument) override;
  void arm(reactor::TimerId& timer, reactor::Duration after, Timer what);
  void on_ping_timer();

  // The beginning, before there is a codec. What they return was taken from the front of bytes.
  std::size_t begin(std::string_view bytes);
  std::size_t take_proxy_header(std::string_view bytes);
  Spoken recognise(std::string_view bytes) const;
  void secure();
  std::unique_ptr<Codec> codec_for(Spoken spoken);
  void speak(std::unique_ptr<Codec> codec, Protocol protocol);
  std::size_t parse(std::string_view bytes);

  bool is_rate_limited() const;
  reactor::Duration over_the_rate(std::size_t wire_bytes);
  void slow_down(std::size_t wire_bytes);
  void refuse_as_too_fast(const Command& command, reactor::Duration wait);
  void hold_reading(Hold hold);
  void release_reading(Hold hold);

  SessionHost& host_;
  const Limits& limits_;
  reactor::Connection* connection_ = nullptr;
  std::unique_ptr<Codec> codec_;       // null: it is not known yet what the client speaks
  std::unique_ptr<Codec> next_codec_;  // takes over when the call of parse returns
  std::string name_;
  std::vector<Membership> memberships_;
  RateLimit message_rate_;
  RateLimit byte_rate_;
  reactor::TimerId timer_;  // of the registration; when that is over, of the next ping
  reactor::TimerId rate_timer_;
  reactor::Endpoint peer_;
  std::uint16_t shard_;
  ListenKind kind_;
  Protocol protocol_ = Protocol::kOpening;
  EndReason end_reason_ = EndReason::kPeerClosed;
  std::uint8_t holds_ = 0;             // bits of Hold
  std::uint8_t pings_unanswered_ = 0;  // in a row
  bool heard_ = false;                 // since the last ping timer
  bool awaits_proxy_header_ = false;
  bool publishes_ = false;
  bool leaving_ = false;  // nothing more is taken from the client, and end_reason_ is decided
};

}  // namespace chat
