#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chat/client/backoff.h"
#include "chat/client/catch_up.h"
#include "chat/client/history.h"
#include "chat/client/outbox.h"
#include "chat/client/same_name.h"
#include "chat/client/server_line.h"
#include "reactor/reactor.h"

namespace chat {

// Why a client is done. It does nothing more by itself afterwards.
enum class ClientEnd : std::uint8_t {
  kQuit,         // it was told to quit, and the server has taken everything before that
  kUnreachable,  // the first attempt did not lead to a session
  kNotSecured,   // nor to TLS: there was none, or the server could not prove who it is
  kNameTaken,    // somebody else has the name
  kRefused,      // the server did not want it, for the reason given
  kLost,         // it had a session, lost it and gave up
};

// How a client has got into the chat.
enum class Entry : std::uint8_t {
  kFirst,
  // The session goes on as if the connection had not been lost; what was missed follows. Of a room
  // that the server had forgotten (it was killed) it comes as HistoryKind::kMissed.
  kResumed,
  // The session before is over. The client joins its rooms again and, from a server that keeps a
  // history, gets what was said in them meanwhile (HistoryKind::kMissed). Private messages of that
  // time are gone.
  kAnew,
};

// A message that was not delivered, or perhaps not.
struct Undelivered {
  std::string_view target;  // a room or a name; empty: everybody
  std::string_view text;
  const ServerLine* refusal = nullptr;  // the server's ERROR; null: nobody knows what became of it
};

// What the owner of a Client implements. Called on the loop's thread, by the loop: never from
// inside one of the client's methods. May call these, but not destroy the client.
class ClientHandler {
 public:
  virtual void on_ready(std::string_view name, Entry entry) = 0;
  // One line of the server in a session; its views are valid during the call only. Kept back are
  // answers to what the client says by itself, acknowledgements and histories. Every message comes
  // once, whatever becomes of connections, and those of a room come in their order; where some are
  // gone, a GAP says so.
  virtual void on_line(const ServerLine& line) = 0;
  virtual void on_history(const HistoryAnswer& answer) = 0;
  // A message of ours is stored on the server.
  virtual void on_acknowledged() {}
  virtual void on_undelivered(const Undelivered& message) = 0;
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
  // Makes what secures a connection, once for each; null: they are not secured.
  std::function<std::unique_ptr<reactor::Transport>()> new_transport;
  std::string capabilities = "tags,ack,resume,presence";
  std::uint32_t history_on_entry = 0;  // so many of the lobby's last messages
  std::uint64_t seed = 0;              // of the backoff's jitter

  // From the begin of a connection until the server has taken our name; and how long the server
  // may take to say goodbye.
  std::chrono::milliseconds answer_timeout{10'000};
  // How long a history may take. Meanwhile what is said live waits behind it.
  std::chrono::milliseconds history_timeout{30'000};
  // So long quit() waits for the next acknowledgement, over lost connections too.
  std::chrono::milliseconds quit_timeout{10'000};
  std::chrono::milliseconds backoff_first{250};
  std::chrono::milliseconds backoff_max{15'000};
  // A lost session is given up after so many attempts in a row; 0: never.
  std::uint32_t attempts_max = 0;
  // So often may the name be taken when we come back: the server may not know yet that our old
  // connection is gone, or keep the place of a session whose token never reached us. With the waits
  // above that is longer than the two minutes for which servers usually keep it.
  std::uint32_t name_attempts_max = 32;

  std::chrono::milliseconds ping_interval{30'000};
  std::uint32_t unanswered_pings_max = 3;
};

// What became of a line that was to be sent.
enum class SendResult : std::uint8_t {
  kQueued,
  kNotConnected,  // no session at this moment
  kTooLong,       // longer than the protocol allows
  kMalformed,     // holds a line end or a NUL, or the name holds a colon
  kTooMany,       // so much is not answered yet that this has to wait
  kUnsupported,   // the server can't do that
};

// A session with a chat server, in the native protocol: connects, registers, keeps the connection
// alive and, when it is lost, resumes the session where it was. What was sent and not acknowledged
// is sent again then, under the same id, so that it is delivered once. Lives on one Reactor, which
// is not owned and outlives it; used on the loop's thread only.
class Client final : private reactor::TimerHandler {
 public:
  static constexpr std::size_t kSentLineBytesMax = 4096;        // of the protocol
  static constexpr std::size_t kReceivedLineBytesMax = 16'384;  // more ends the connection
  static constexpr std::uint32_t kHistoryCountMax = 1000;       // of one answer; of the protocol
  static constexpr std::size_t kQuestionsMax = 64;              // histories asked for at a time
  // Of what is received before a history is complete; more ends the connection.
  static constexpr std::size_t kGatheredBytesMax = std::size_t{8} << 20;
  static constexpr std::size_t kRoomsMax = 256;  // that are joined again; servers allow fewer

  // handler is not owned and outlives the client. REQUIRES: options.addresses is not empty.
  Client(reactor::Reactor& reactor, ClientOptions options, ClientHandler& handler);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Begins; on_ready or on_end follows. Called once.
  void start();
  // Ends in order: what was sent before is acknowledged, if the server does that and does it in
  // time, and the server says goodbye. What is not acknowledged is told, then on_end follows.
  void quit();

  bool is_ready() const { return state_ == State::kReady && !quitting_; }
  const std::string& name() const { return name_; }  // as the server writes it
  // What the server granted, as in its WELCOME line.
  const std::string& capabilities() const { return capabilities_; }
  bool has_history() const { return grants("resume") && grants("tags"); }
  // A lot is on its way already: whoever can wait, waits for on_sent or on_acknowledged.
  bool is_congested() const;
  // Messages that the server has not acknowledged, and since when the oldest of them was sent.
  std::size_t unconfirmed() const { return outbox_.message_count(); }
  std::optional<reactor::TimePoint> unconfirmed_since() const;

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
  // The last messages of a room, or with @ and a name of what was said in private with that client.
  // on_history follows, or on_line with the ERROR of the server. REQUIRES: 0 < count, at most
  // kHistoryCountMax.
  SendResult history(std::string_view room, std::uint32_t count);
  // Any other line of the protocol, without its line end.
  SendResult send_line(std::string_view line);

 private:
  class Link;  // one connection; forgotten as soon as it is of no use any more

  enum class State : std::uint8_t {
    kIdle,
    kConnecting,   // to addresses_[address_index_]
    kRegistering,  // connected; the server has not taken our name or our token yet
    kReady,
    kWaiting,  // for the next attempt
    kLeaving,  // QUIT is sent
    kEnded,
  };
  enum Timer : std::uint8_t { kStateTimer, kHistoryTimer, kQuitTimer };

  // In the PINGs of our own keepalive, whose answers are no business of the handler's.
  static constexpr std::string_view kKeepAlive = "keep-alive";
  // In that of a question; a number follows.
  static constexpr std::string_view kMark = "history-";
  static constexpr std::string_view kLobby = "lobby";

  // The connection (client.cc).
  void begin_attempt();
  void try_address();
  void forget_link();
  void send_bytes(std::string_view bytes);
  void arm(reactor::TimerId& timer, std::chrono::milliseconds wait, Timer which);
  void on_timer(std::uint64_t which) override;
  void on_state_timer();
  void on_open();
  void on_closed(std::string_view reason, bool not_secured = false);
  void drop(std::string_view reason);
  void try_again(std::string_view reason, bool not_secured);
  void keep_alive();
  void say_goodbye();
  void check_leaving();
  void end(ClientEnd end, std::string_view reason);

  // What is sent (client_send.cc).
  SendResult send_parts(std::initializer_list<std::string_view> parts);
  SendResult send_to(std::string_view verb, std::string_view target);
  SendResult send_tracked(Outbox::Kind kind, std::string_view verb, std::string_view target,
                          std::string_view text);
  void write(const Outbox::Line& line);
  void ask(HistoryQuestion question);
  bool grants(std::string_view capability) const;
  static bool is_one_line(std::string_view text);

  // The begin of a session (client_entry.cc).
  void on_registration_line(const ServerLine& line, std::string_view text);
  void on_refused(const ServerLine& error);
  void register_name();
  void enter();
  void enter(Entry entry);
  void go_on();
  void probe_rooms();
  void rejoin();
  void begin_anew();

  // What is received in it (client_session.cc).
  void on_line(std::string_view text);
  void on_session_line(const ServerLine& line, std::string_view text);
  void take_line(const ServerLine& line, std::string_view text);
  bool take_answer(const ServerLine& line);
  void take_room_line(const ServerLine& line);
  bool take_rejoined(std::string_view room);
  void remember_room(std::string_view room);
  void check_quitting();
  void tell_undelivered(const std::deque<Outbox::Line>& lines);
  bool in_session() const { return state_ == State::kReady || state_ == State::kLeaving; }

  // Histories in it (client_history.cc).
  void gather(std::string_view text);
  void end_question(const ServerLine& last);
  void take_entry(const std::deque<std::string>& lines, std::size_t begin,
                  std::string_view failure);
  void take_page(const std::deque<std::string>& lines, std::size_t begin, std::string_view failure);
  void take_probe(const HistoryQuestion& probe, bool refused);
  bool take_mark(const ServerLine& line);
  bool awaits_probe() const;
  void take_lines(const std::deque<std::string>& lines, std::size_t begin, std::size_t end);
  void note_shown(const ServerLine& line);
  std::vector<ServerLine> answer_in(const std::deque<std::string>& lines, std::size_t begin);
  void ask_for_entry();
  void catch_up();
  void give_up_histories(std::string_view reason);
  void fail_questions(std::string_view reason);
  void forget_held();
  void release_held();

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
  reactor::TimerId history_timer_;
  reactor::TimerId quit_timer_;
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

  std::string token_;                         // of the session; empty: it can't be resumed
  std::set<std::string, NameLess> rooms_;     // beside the lobby, joined or to be joined again
  std::set<std::string, NameLess> rejoined_;  // in a session that goes on; not answered yet
  std::vector<std::string> forgotten_;        // by the server in it, as far as is known
  std::vector<std::string> unproven_;         // not known yet whether they were
  Outbox outbox_;
  // The greatest number in anything received, and the greatest so that nothing up to it is held
  // back here: behind that one a session is resumed.
  std::uint64_t greatest_id_ = 0;
  std::uint64_t resume_id_ = 0;
  std::uint64_t seen_id_ = 0;  // the greatest resume_id_ of the sessions before
  std::deque<HistoryQuestion> questions_;
  std::deque<std::string> gathered_;  // while the front of them is not answered
  std::size_t gathered_bytes_ = 0;
  CatchUp catch_up_;
  bool entry_wanted_;          // the history to begin with was not shown yet
  bool awaits_token_ = false;  // REGISTERED was said, SESSION not yet
  bool resuming_ = false;      // RESUME was said, and nothing to it yet
  // A GAP or an old topic may be on its way that looks like part of a history asked for now.
  bool needs_mark_ = false;
  std::uint64_t marks_ = 0;
  bool quitting_ = false;  // as soon as everything is acknowledged
};

}  // namespace chat
