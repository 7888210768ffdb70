#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/hub.h"

namespace chat {

// An Event that owns its text and that a failing test can print.
struct Seen {
  explicit Seen(const Event& event)
      : kind(event.kind),
        code(event.code()),
        refusal(event.refusal),
        room_id(event.room_id),
        to(event.to),
        except(event.except),
        id(event.id),
        unix_ms(event.unix_ms),
        room(event.room),
        subject(event.subject),
        origin(event.origin),
        target(event.target),
        tags(event.tags),
        text(event.text),
        client_id(event.client_id),
        from(event.from),
        count(event.count),
        middle(event.middle),
        since_unix_ms(event.since_unix_ms),
        before_unix_ms(event.before_unix_ms),
        before(event.before),
        around(event.around),
        notice(event.notice) {}

  EventKind kind;
  ErrorCode code;
  Refusal refusal;
  RoomId room_id;
  SessionRef to;
  SessionRef except;
  MessageId id;
  std::int64_t unix_ms;
  std::string room;
  std::string subject;
  std::string origin;
  std::string target;
  std::string tags;
  std::string text;
  std::string client_id;
  MessageId from;
  std::uint32_t count;
  MessageId middle;
  std::int64_t since_unix_ms;
  std::int64_t before_unix_ms;
  bool before;
  bool around;
  bool notice;
};

// A Record that owns its text.
struct Kept {
  explicit Kept(const Record& record)
      : kind(record.kind),
        message(record.message),
        id(record.id),
        room(record.room),
        sender(record.sender),
        text(record.text),
        session(record.session),
        client_id(record.client_id),
        notice(record.notice) {}

  Record::Kind kind;
  EventKind message;
  MessageId id;
  std::string room;
  std::string sender;
  std::string text;
  std::string session;
  std::string client_id;
  bool notice;
};

inline std::ostream& operator<<(std::ostream& out, const SessionRef& ref) {
  return ref ? out << ref.shard << '/' << ref.token.index : out << "nobody";
}
inline std::ostream& operator<<(std::ostream& out, EventKind kind) {
  return out << "EventKind " << static_cast<int>(kind);
}
inline std::ostream& operator<<(std::ostream& out, ErrorCode code) {
  return out << "ErrorCode " << static_cast<int>(code);
}

inline std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << '{' << seen.kind << ", " << seen.code << ", room " << seen.room_id << " '"
             << seen.room << "', to " << seen.to << ", except " << seen.except << ", id " << seen.id
             << ", subject '" << seen.subject << "' (" << seen.origin << "), target '"
             << seen.target << "', text '" << seen.text << "', tags '" << seen.tags
             << "', client id '" << seen.client_id << "', from " << seen.from << ", count "
             << seen.count << (seen.notice ? ", notice}" : "}");
}

inline SessionRef session(std::uint32_t index, std::uint16_t shard = 0) {
  return {shard, {index, 1}};
}

inline std::ostream& operator<<(std::ostream& out, const Kept& kept) {
  return out << "{Record " << static_cast<int>(kept.kind) << ", id " << kept.id << ", room '"
             << kept.room << "', sender '" << kept.sender << "', text '" << kept.text
             << "', session '" << kept.session << "', client id '" << kept.client_id << "'}";
}

// What a new store has: numbers enough for any test.
inline Recovered nothing_recovered() {
  Recovered recovered;
  recovered.ids_reserved = MessageId{1} << 40;
  return recovered;
}

// A hub with a clock that the test moves and a record of all its events and of what is kept.
class HubTest : public ::testing::Test, public EventSink, public Journal {
 protected:
  using Events = std::vector<Seen>;

  HubTest() { start(); }

  // Begins anew with what limits_ says now.
  void start(const Recovered& recovered = nothing_recovered()) {
    tokens_made_ = 0;
    hub_ = std::make_unique<Hub>(
        limits_, info_, *this, *this, [this] { return "token" + std::to_string(++tokens_made_); },
        recovered, time_);
  }

  Events apply(const SessionRef& from, const Command& command) {
    hub_->apply(from, command, time_);
    return std::exchange(seen_, {});
  }
  Events apply(const SessionRef& from, Verb verb, std::string_view target = {},
               std::string_view text = {}) {
    Command command;
    command.verb = verb;
    command.target = target;
    command.text = text;
    return apply(from, command);
  }

  // A new session that is registered already. Its events are gone.
  SessionRef enter(std::string_view name, std::uint16_t shard = 0) {
    const SessionRef ref = session(next_index_++, shard);
    const Events events = what_is_told(ref, apply(ref, Verb::kRegister, name));
    EXPECT_EQ(events.size(), 1U);
    EXPECT_EQ(events.front().kind, EventKind::kRegistered) << events.front();
    return ref;
  }
  // Likewise one that can be resumed; the first gets "token1", the next "token2".
  SessionRef enter_resumable(std::string_view name, std::uint16_t shard = 0) {
    const SessionRef ref = session(next_index_++, shard);
    Command command;
    command.verb = Verb::kRegister;
    command.target = name;
    command.capabilities = kResumable;
    const Events events = what_is_told(ref, apply(ref, command));
    EXPECT_EQ(events.size(), 2U);
    EXPECT_EQ(events.back().kind, EventKind::kSession) << events.back();
    return ref;
  }
  // Those of the events that are for the session alone.
  static Events what_is_told(const SessionRef& to, Events events) {
    std::erase_if(events, [&](const Seen& event) { return event.to != to; });
    return events;
  }
  // A new IRC client; what it is told is gone.
  SessionRef enter_irc(std::string_view name, std::uint16_t shard = 0) {
    const SessionRef ref = session(next_index_++, shard);
    const Events events = apply(ref, irc_registration(name));
    EXPECT_FALSE(events.empty());
    EXPECT_EQ(events.front().kind, EventKind::kRegistered) << events.front();
    return ref;
  }
  static Command irc_registration(std::string_view name) {
    Command command;
    command.verb = Verb::kRegister;
    command.target = name;
    command.user = "user";
    command.host = "192.0.2.7";
    command.text = "Real Name";
    command.capabilities.irc = true;
    return command;
  }
  SessionRef new_session(std::uint16_t shard = 0) { return session(next_index_++, shard); }
  // What the journal got since the last call.
  std::vector<Kept> take_kept() { return std::exchange(kept_, {}); }
  Events on_kept(MessageId id) {
    hub_->on_kept(id, 0);
    return std::exchange(seen_, {});
  }

  // Two that are in a private chat.
  std::pair<SessionRef, SessionRef> enter_chatting(std::string_view a, std::string_view b) {
    const std::pair both(enter(a), enter(b));
    apply(both.first, Verb::kRequest, b);
    EXPECT_EQ(apply(both.second, Verb::kAccept, a).size(), 2U);
    return both;
  }

  Events advance(reactor::Duration duration) {
    time_.now += duration;
    time_.unix_ms += std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    hub_->tick(time_);
    return std::exchange(seen_, {});
  }
  // Lets gathered presence notices go, so that later ones stand alone.
  void settle_presence() { advance(limits_.presence_interval); }

  static constexpr Capabilities kResumable{.tags = true, .ack = true, .resume = true};

  Limits limits_;
  ServerInfo info_;
  Hub::Time time_{reactor::TimePoint(std::chrono::hours{1}), 1'000'000};
  std::unique_ptr<Hub> hub_;

 private:
  void on_event(const Event& event) override { seen_.emplace_back(event); }
  void append(const Record& record) override { kept_.emplace_back(record); }

  std::uint32_t next_index_ = 1;
  int tokens_made_ = 0;
  Events seen_;
  std::vector<Kept> kept_;
};

inline auto is(EventKind kind, const SessionRef& to, std::string_view subject) {
  return ::testing::AllOf(::testing::Field("kind", &Seen::kind, kind),
                          ::testing::Field("to", &Seen::to, to),
                          ::testing::Field("subject", &Seen::subject, std::string(subject)));
}

inline auto is_error(ErrorCode code, const SessionRef& to, std::string_view subject) {
  return ::testing::AllOf(is(EventKind::kError, to, subject),
                          ::testing::Field("code", &Seen::code, code),
                          ::testing::Field("text", &Seen::text, ::testing::Not("")));
}

// The confirmation of JOIN or PART.
inline auto is_of_room(EventKind kind, const SessionRef& to, std::string_view room) {
  return ::testing::AllOf(::testing::Field("kind", &Seen::kind, kind),
                          ::testing::Field("to", &Seen::to, to),
                          ::testing::Field("room", &Seen::room, std::string(room)));
}

inline auto has_text(std::string_view text) {
  return ::testing::Field("text", &Seen::text, std::string(text));
}

}  // namespace chat
