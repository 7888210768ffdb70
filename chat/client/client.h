#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "chat/client/backoff.h"
#include "chat/client/server_line.h"
#include "reactor/reactor.h"

namespace chat {

// Why a client is done. It does nothing more by itself afterwards.
enum class ClientEnd : std::uint8_t {
  kQuit,         // it was told to quit, and the server has taken everything before that
  kUnreachable,  // the first attempt did not lead to a session
  kNameTaken,    // somebody else has the name
  kRefused,      // the server did not want it, for the reason given
  kLost,         // it had a session, lost it and gave up
};

// What the owner of a Client implements. Called on the loop's thread, by the loop: never from
// inside one of the client's methods. May call these, but not destroy the client.
class ClientHandler {
 public:
  // Registered: commands can be sent. again: a session before was lost; rooms have to be joined
  // anew.
  virtual void on_ready(std::string_view name, bool again) = 0;
  // One line of the server in a session; its views are valid during the call only. Answers to
  // the client's own pings and registration are kept back.
  virtual void on_line(const ServerLine& line) = 0;
  // A session is lost; the client tries again after wait.
  virtual void on_lost(std::string_view reason, std::chrono::milliseconds wait) = 0;
  // An attempt to get it back failed; the next follows after wait.
  virtual void on_retry(std::string_view reason, std::chrono::milliseconds wait) = 0;
  // What was queued beyond the high mark has been sent: more may be sent.
  virtual void on_sent() {}
  // The last call.
  virtual void on_end(ClientEnd end, std::string_view reason) = 0;

 protected:
  ~ClientHandler() = default;
};

struct ClientOptions {
  std::string name;
  std::vector<reactor::Address> addresses;  // tried in turn
  std::string capabilities = "tags,presence";
  std::uint64_t seed = 0;  // of the backoff's jitter

  // From the begin of a connection until the server has taken our name; and how long the server
  // may take to say goodbye.
  std::chrono::milliseconds answer_timeout{10'000};
  std::chrono::milliseconds backoff_first{250};
  std::chrono::milliseconds backoff_max{15'000};
  // A lost session is given up after so many attempts in a row; 0: never.
  std::uint32_t attempts_max = 0;
  // So often may the name be taken when we come back: the server may not know yet that our old
  // connection is gone.
  std::uint32_t name_attempts_max = 8;

  std::chrono::milliseconds ping_interval{30'000};
  std::uint32_t unanswered_pings_max = 3;
};

// What became of a line that was to be sent.
enum class SendResult : std::uint8_t {
  kQueued,
  kNotConnected,  // no session at this moment
  kTooLong,       // longer than the protocol allows
  kMalformed,     // holds a line end or a NUL, or the name holds a colon
};

// A session with a chat server, in the native protocol: connects, registers, keeps the connection
// alive and gets it back when it is lost. Lives on one Reactor, which is not owned and outlives
// it; used on the loop's thread only.
class Client final : private reactor::TimerHandler {
 public:
  static constexpr std::size_t kSentLineBytesMax = 4096;        // of the protocol
  static constexpr std::size_t kReceivedLineBytesMax = 16'384;  // more ends the connection

  // handler is not owned and outlives the client. REQUIRES: options.addresses is not empty.
  Client(reactor::Reactor& reactor, ClientOptions options, ClientHandler& handler);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Begins; on_ready or on_end follows. Called once.
  void start();
  // Ends in order: what was sent before reaches the server, which says goodbye. on_end follows.
  void quit();

  bool is_ready() const { return state_ == State::kReady; }
  const std::string& name() const { return name_; }  // as the server writes it
  // What the server granted, as in its WELCOME line.
  const std::string& capabilities() const { return capabilities_; }
  // A lot is queued already: whoever can wait, waits for on_sent.
  bool is_congested() const;

  SendResult broadcast(std::string_view text);
  SendResult direct(std::string_view name, std::string_view text);
  SendResult list(std::string_view room = {});  // empty: everybody
  SendResult rooms();
  SendResult join(std::string_view room);
  SendResult part(std::string_view room);
  SendResult say(std::string_view room, std::string_view text);
  SendResult set_topic(std::string_view room, std::string_view text);
  SendResult request(std::string_view name);
  SendResult accept(std::string_view name);
  SendResult decline(std::string_view name);
  SendResult leave();
  // Any other line of the protocol, without its line end.
  SendResult send_line(std::string_view line);

 private:
  class Link;  // one connection; forgotten as soon as it is of no use any more

  enum class State : std::uint8_t {
    kIdle,
    kConnecting,   // to addresses_[address_index_]
    kRegistering,  // connected; the server has not taken our name yet
    kReady,
    kWaiting,  // for the next attempt
    kLeaving,  // QUIT is sent
    kEnded,
  };

  SendResult send_parts(std::initializer_list<std::string_view> parts);
  SendResult send_to(std::string_view verb, std::string_view target);
  SendResult send_to(std::string_view verb, std::string_view target, std::string_view text);

  void begin_attempt();
  void try_address();
  void forget_link();
  void arm(std::chrono::milliseconds wait);
  void on_timer(std::uint64_t argument) override;

  // From the link.
  void on_open();
  void on_line(std::string_view line);
  void on_closed(std::string_view reason);

  void on_registration_line(const ServerLine& line);
  void on_session_line(const ServerLine& line);
  void on_registered(std::string_view name);
  void on_refused(const ServerLine& error);
  void drop(std::string_view reason);
  void try_again(std::string_view reason);
  void keep_alive();
  void check_leaving();
  void end(ClientEnd end, std::string_view reason);

  reactor::Reactor& reactor_;
  const ClientOptions options_;
  ClientHandler& handler_;
  Backoff backoff_;
  std::string name_;
  std::string capabilities_;
  std::string last_words_;  // the reason the server gave before it closed
  std::string line_;        // to be sent; kept for its memory
  Link* link_ = nullptr;    // deletes itself when its connection has ended
  reactor::TimerId timer_;
  reactor::TimePoint ready_since_;
  std::size_t address_index_ = 0;
  std::size_t addresses_left_ = 0;  // in this attempt
  std::size_t queued_when_checked_ = 0;
  std::uint32_t attempts_ = 0;  // since the last session
  std::uint32_t name_attempts_ = 0;
  std::uint32_t unanswered_pings_ = 0;
  State state_ = State::kIdle;
  bool had_session_ = false;
  bool said_bye_ = false;
  bool heard_ = false;  // since the last look of the keepalive
};

}  // namespace chat
