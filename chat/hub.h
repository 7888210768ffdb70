#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/clients.h"
#include "chat/limits.h"
#include "chat/message.h"
#include "chat/presence.h"
#include "chat/private_chats.h"
#include "chat/retries.h"
#include "chat/rooms.h"
#include "chat/storage/message_store.h"
#include "reactor/net.h"

namespace chat {

// Receives what the hub decides, in the one order that everybody sees. The event's views are valid
// during the call only. An event with `to` is for that session alone, also when it names a room:
// who joins a room is told its topic so, with the number and the time that the topic got when it
// was set. Every other event with a number is new, and those numbers go up by one.
class EventSink {
 public:
  virtual void on_event(const Event& event) = 0;

 protected:
  ~EventSink() = default;
};

// Takes what has to outlive the server, in the order in which it was decided. The record's views
// are valid during the call only.
class Journal {
 public:
  virtual void append(const Record& record) = 0;

 protected:
  ~Journal() = default;
};

// Makes a token that nobody can guess and nobody has got before.
using TokenSource = std::function<std::string()>;

// The single writer of the chat: who is here under which name, who is in which room, who talks to
// whom in private, and the number of the next message. A plain state machine: commands in, events
// out; no sockets, no threads, no clock but the times it is given. Owned by shard 0's side of the
// server and used on that thread only. A peer can send anything in any order: every command gets
// an answer or an ERROR event, and none breaks the state.
class Hub {
 public:
  struct Time {
    reactor::TimePoint now;    // for deadlines
    std::int64_t unix_ms = 0;  // for time stamps
  };

  // sink and journal are not owned and outlive the hub; they must not call back into the hub.
  // recovered: what was there before a restart; its clients have until the resume window is over,
  // counted from start, to come back.
  Hub(const Limits& limits, EventSink& sink, Journal& journal, TokenSource make_token,
      const Recovered& recovered, Time start);

  void apply(SessionRef from, const Command& command, Time time);
  // Does what is due: expires requests for private chats, sends gathered presence notices.
  void tick(Time time);
  // When tick has something to do next.
  std::optional<reactor::TimePoint> next_deadline() const;

  // Of what the journal got everything is kept up to the message id, and numbers up to ids_reserved
  // may be given away. 0: nothing new about that.
  void on_kept(MessageId id, MessageId ids_reserved);
  // The journal can't keep anything at the moment, for a reason in plain words; empty: it can
  // again.
  void on_store_failure(std::string_view why) { store_failure_ = why; }

  // From now on every command is refused with kUnavailable, but for leaving.
  void begin_drain() { draining_ = true; }

  // How many members of the room each shard has, indexed by shard; shorter than the number of
  // shards when the rest has none. Empty for a room that does not exist. Valid until apply.
  const std::vector<std::uint32_t>& members_by_shard(RoomId room) const;

  std::size_t client_count() const { return clients_.size(); }  // those too who may come back
  std::size_t room_count() const { return rooms_.size(); }      // the lobby is one
  MessageId last_id() const { return next_id_ - 1; }

 private:
  // Commands, by who may give them.
  void apply_unregistered(SessionRef from, const Command& command);
  void apply_registered(Client& client, const Command& command);
  void register_client(SessionRef from, const Command& command);
  void hello(SessionRef from, const Command& command);
  void remove(Client& client);

  // Sessions that outlive their connection (hub_sessions.cc).
  void recover(const Recovered& recovered, Time start);
  void recover_stay(Client& client, const Audience::Stay& stay);
  void begin_session(Client& client);
  void disconnect(SessionRef from);
  void resume(SessionRef from, const Command& command);
  void tell_what_is_heard(const Client& client, MessageId after);
  void end_overdue_sessions();
  void end_oldest_sessions(std::size_t detached_max);  // until no more than so many are away
  void note_past(Client& client, const Room& room, MessageId since);
  void keep(Record::Kind kind, const Client& client, std::string_view room, MessageId id);

  // History and acknowledgements (hub_history.cc).
  void history(const Client& client, const Command& command);
  static MessageId since(const Client& client, const Room& room);
  bool may_send(const Client& client);
  bool was_sent_before(const Client& client);
  MessageId take_id();
  void keep(const Event& event, std::string_view room, const Client& sender);
  void acknowledge(const Client& client, std::string_view client_id, MessageId id);

  // Messages.
  void post(const Client& sender, const Room& room, std::string_view text);
  void post_private(const Client& sender, const Client& to, std::string_view text);
  void direct(const Client& sender, std::string_view name, std::string_view text);
  void say(const Client& sender, std::string_view room_name, std::string_view text);
  void plain(const Client& sender, std::string_view text);

  // Rooms (hub_rooms.cc).
  void list(SessionRef to, std::string_view room_name);
  void list_rooms(SessionRef to);
  void join(Client& client, std::string_view room_name);
  void part(Client& client, std::string_view room_name);
  void leave_room(Client& client, Room& room);
  void set_topic(const Client& client, std::string_view room_name, std::string_view text);
  void tell_topic(SessionRef to, const Room& room);
  void forget_topic(std::string_view room_name);
  void send_presence();
  void send_presence_notice(EventKind kind, const Room& room, const Presence::Names& names);

  // Private chats (hub_private_chats.cc).
  void request(const Client& client, std::string_view name);
  void accept(const Client& client, std::string_view name);
  void decline(const Client& client, std::string_view name);
  void leave_private_chat(const Client& client);
  void forget_private_chats(const Client& client);
  void expire_requests();
  // name: the other's, as the client spelled it.
  void answer(const Client& client, const Client& other, std::string_view name,
              PrivateChats::Outcome outcome);

  // Null when there is none.
  const Client* find_client(std::string_view name) const;
  // REQUIRES: registered.
  Client& client_of(const SessionRef& session) const;
  // Who has the name; if nobody, tells the client so and returns null.
  const Client* require_client(const Client& client, std::string_view name);
  // The room of the name, with the client in it; if not, tells the client so and returns null.
  Room* require_membership(const Client& client, std::string_view room_name);

  // Events.
  Event make(EventKind kind) const;
  void tell(const SessionRef& to, EventKind kind, std::string_view subject,
            std::string_view text = {});
  void tell_of_room(const SessionRef& to, EventKind kind, const Room& room);
  void refuse(const SessionRef& to, ErrorCode code, std::string_view subject,
              std::initializer_list<std::string_view> explanation);
  void refuse_unknown_room(const SessionRef& to, std::string_view room_name);
  void refuse_no_request(const SessionRef& to, std::string_view name);

  // A message that has a number and is not kept yet.
  struct Unacknowledged {
    MessageId id = 0;
    ClientId client = 0;
    std::string client_id;
  };
  // Numbers are reserved so many at a time, long before they are needed.
  static constexpr MessageId kIdsReservedAtOnce = MessageId{1} << 20;

  const Limits limits_;
  EventSink& sink_;
  Journal& journal_;
  const TokenSource make_token_;
  Clients clients_;
  Rooms rooms_;
  Retries retries_;
  std::deque<Unacknowledged> unacknowledged_;  // the first message first
  PrivateChats private_chats_;
  Presence presence_;
  const std::vector<std::uint32_t> nobody_;
  std::string text_;  // of the event in the making; kept, so that it need not be allocated again
  Time time_;         // of the command or tick being worked on
  std::string_view client_id_;  // of the command being worked on
  MessageId next_id_ = 1;
  MessageId kept_id_ = 0;
  MessageId ids_asked_for_ = 0;
  MessageId ids_reserved_ = 0;
  std::string store_failure_;  // empty: there is none
  bool draining_ = false;
};

}  // namespace chat
