#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/bygone.h"
#include "chat/clients.h"
#include "chat/cloaks.h"
#include "chat/irc_answers.h"
#include "chat/limits.h"
#include "chat/message.h"
#include "chat/monitors.h"
#include "chat/presence.h"
#include "chat/private_chats.h"
#include "chat/retries.h"
#include "chat/room_modes.h"
#include "chat/rooms.h"
#include "chat/server_info.h"
#include "chat/storage/message_store.h"
#include "chat/token.h"
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

// The single writer of the chat: who is here under which name, who is in which room, who talks to
// whom in private, and the number of the next message. A plain state machine: commands in, events
// out; no sockets, no threads, no clock but the times it is given. Owned by shard 0's side of the
// server and used on that thread only. A peer can send anything in any order: every command gets
// an answer or an ERROR event, and none breaks the state.
class Hub final : private IrcAnswers::Sink {
 public:
  struct Time {
    reactor::TimePoint now;    // for deadlines
    std::int64_t unix_ms = 0;  // for time stamps
  };

  // info, sink and journal are not owned and outlive the hub; they must not call back into the hub.
  // recovered: what was there before a restart; its clients have until the resume window is over,
  // counted from start, to come back.
  Hub(const Limits& limits, const ServerInfo& info, EventSink& sink, Journal& journal,
      const TokenSource& make_token, const Recovered& recovered, Time start);

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
  std::size_t detached_count() const { return clients_.detached_count(); }
  std::size_t room_count() const { return rooms_.size(); }  // the lobby is one
  MessageId last_id() const { return next_id_ - 1; }

 private:
  // Commands, by who may give them.
  void dispatch(SessionRef from, const Command& command);
  void apply_any_time(SessionRef from, const Command& command);
  void apply_unregistered(SessionRef from, const Command& command);
  void apply_registered(Client& client, const Command& command);
  void apply_irc_question(const Client& client, const Command& command);
  void hello(SessionRef from, const Command& command);

  // Who comes, who goes, and as whom (hub_people.cc).
  void register_client(SessionRef from, const Command& command);
  void identify(Client& client, std::string_view user, std::string_view host);
  void welcome_to_irc(const Client& client);
  void remove(Client& client, std::string_view why);
  void tell_who_joined(const Client& client, const Room& room);
  // except: who is told otherwise.
  void tell_irc_members(EventKind kind, const Room& room, const Client& subject,
                        std::string_view text, const SessionRef& except);
  void rename(Client& client, std::string_view name);
  void tell_new_name(const Client& client, std::string_view before);
  bool can_be_called(const SessionRef& to, std::string_view name, const Client* who);
  void set_real_name(Client& client, std::string_view text);
  void set_away(Client& client, std::string_view text);
  void monitor(Client& client, std::string_view text);
  void watch(Client& client, std::string_view names);
  void tell_watchers(const Client& client);
  void tell_watchers_of_absence(std::string_view name);
  void tell_if_away(const Client& client, const Client& other);
  void user_mode(Client& client, const Command& command);

  // Sessions that outlive their connection (hub_sessions.cc).
  void recover(const Recovered& recovered, Time start);
  void recover_rooms(const Recovered& recovered);
  void recover_stay(Client& client, const Audience::Stay& stay);
  void begin_session(Client& client);
  void disconnect(SessionRef from, std::string_view why);
  void resume(SessionRef from, const Command& command);
  void tell_what_is_heard(const Client& client, MessageId after);
  void end_overdue_sessions();
  void end_oldest_sessions(std::size_t detached_max);  // until no more than so many are away
  void note_past(Client& client, const Room& room, MessageId since);
  void keep(Record::Kind kind, const Client& client, std::string_view room, MessageId id);

  // History and acknowledgements (hub_history.cc).
  void history(const Client& client, const Command& command);
  std::optional<Event> find_history(const Client& client, const Command& command);
  void set_range(Event& event, const Command& command) const;
  void targets(const Client& client, const Command& command);
  void note_correspondent(Client& client, const std::string& name) const;
  static MessageId since(const Client& client, const Room& room);
  bool may_send(const Client& client);
  std::string_view retry_id(const Client& client) const;
  bool was_sent_before(const Client& client);
  MessageId take_id();
  void keep(const Event& event, std::string_view room, const Client& sender);
  void acknowledge(const Client& client, std::string_view client_id, MessageId id);

  // Messages (hub_messages.cc).
  void post(Client& sender, const Room& room, const Command& command);
  void post_private(Client& sender, const Client& to, const Command& command);
  void set_message(Event& event, Client& sender, const Command& command);
  void echo(const Client& sender, Event event);
  void direct(Client& sender, const Command& command);
  void say(Client& sender, const Command& command);
  void plain(Client& sender, const Command& command);
  const Room* require_room_to_speak(const Client& client, std::string_view room_name);
  void tag_message(Client& sender, const Command& command);

  // Rooms (hub_rooms.cc).
  void list(const Client& client, std::string_view room_name);
  void list_rooms(const Client& client);
  void join(Client& client, std::string_view room_name, std::string_view key);
  Room* create_room(const Client& client, std::string_view room_name);
  void enter(Client& client, Room& room);
  void confirm_join(const Client& client, const Room& room);
  void part(Client& client, std::string_view room_name, std::string_view why);
  void part_from_all(Client& client, std::string_view why);
  void leave_room(Client& client, Room& room);
  void set_topic(const Client& client, std::string_view room_name, std::string_view text);
  void topic_of(const Client& client, std::string_view room_name);
  void tell_topic(SessionRef to, const Room& room);
  void forget_room(std::string_view room_name);
  void send_presence();
  void send_presence_notice(EventKind kind, const Room& room, const Presence::Names& names);

  // Who moderates a room, and how (hub_moderation.cc).
  void mode(Client& client, const Command& command);
  void tell_modes(const Client& client, const Room& room);
  void tell_masks(const Client& client, const Room& room, char letter);
  void change_modes(Client& client, Room& room, std::string_view text);
  void announce_modes(const Client& client, Room& room, const std::string& changes);
  bool may_moderate(const Client& client, const Room& room);
  // Each makes one change and adds it to done, or says why not.
  std::optional<ModeMistake> change_mode(const Client& client, Room& room, const ModeChange& change,
                                         ModeText& done);
  static std::optional<ModeMistake> change_entry(RoomModes& modes, const ModeChange& change,
                                                 ModeText& done);
  std::optional<ModeMistake> change_masks(const Client& client, RoomModes::Masks& masks,
                                          const Room& room, const ModeChange& change,
                                          ModeText& done);
  void change_role(const Client& client, Room& room, const ModeChange& change, ModeText& done);
  void tell_mistake(const Client& client, const Room& room, const ModeChange& change,
                    ModeMistake mistake);
  void kick(Client& client, const Command& command);
  void invite(Client& client, const Command& command);
  void note_invitation(Client& client, const Room& room, bool is_by_operator) const;
  void keep_state(Room& room);
  static void recover_state(Room& room, std::string_view name, std::string_view text);
  void refuse_join(const Client& client, const Room& room, std::string_view room_name,
                   Refusal refusal);
  void refuse_outsider(const Client& client, const Room& room, std::string_view room_name);
  void refuse_absent(const Client& client, const Room& room, std::string_view name);

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
  Client* find_to_change(std::string_view name) const;
  // REQUIRES: registered.
  Client& client_of(const SessionRef& session) const;
  // Who has the name; if nobody, tells the client so and returns null.
  const Client* require_client(const Client& client, std::string_view name);
  // The room of the name, with the client in it; if not, tells the client so and returns null.
  Room* require_room(const Client& client, std::string_view room_name);
  Room* require_membership(const Client& client, std::string_view room_name);

  // Events.
  Event make(EventKind kind) const;
  static void set_subject(Event& event, const Client& client);
  void emit(Event event);
  void deliver(const Event& event) { sink_.on_event(event); }
  void answer(const Client& to, std::uint32_t number, std::string_view text) override;
  void tell(const SessionRef& to, EventKind kind, std::string_view subject,
            std::string_view text = {});
  void tell_of_room(const Client& client, EventKind kind, const Room& room,
                    std::string_view text = {});
  void refuse(const SessionRef& to, Refusal refusal, std::string_view subject,
              std::initializer_list<std::string_view> explanation, std::string_view room = {});
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
  Cloaks cloaks_;
  Clients clients_;
  Rooms rooms_;
  Bygone bygone_;
  Monitors monitors_;
  IrcAnswers irc_;
  Retries retries_;
  std::deque<Unacknowledged> unacknowledged_;  // the first message first
  PrivateChats private_chats_;
  Presence presence_;
  const std::vector<std::uint32_t> nobody_;
  std::string text_;  // of the event in the making; kept, so that it need not be allocated again
  Time time_;         // of the command or tick being worked on
  SessionRef asker_;  // whose command is being worked on
  std::string_view client_id_;      // of that command
  std::string_view history_asked_;  // by that command, in the client's words
  bool is_unanswered_ = false;      // it wants no answer, whatever comes of it
  MessageId next_id_ = 1;
  std::uint64_t tag_messages_ = 0;  // nobody keeps them, so they have numbers of their own
  MessageId kept_id_ = 0;
  MessageId ids_asked_for_ = 0;
  MessageId ids_reserved_ = 0;
  std::string store_failure_;  // empty: there is none
  bool draining_ = false;
};

}  // namespace chat
