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
        code(event.code),
        room_id(event.room_id),
        to(event.to),
        except(event.except),
        id(event.id),
        unix_ms(event.unix_ms),
        room(event.room),
        subject(event.subject),
        text(event.text) {}

  EventKind kind;
  ErrorCode code;
  RoomId room_id;
  SessionRef to;
  SessionRef except;
  MessageId id;
  std::int64_t unix_ms;
  std::string room;
  std::string subject;
  std::string text;
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
             << ", subject '" << seen.subject << "', text '" << seen.text << "'}";
}

inline SessionRef session(std::uint32_t index, std::uint16_t shard = 0) {
  return {shard, {index, 1}};
}

// A hub with a clock that the test moves and a record of all its events.
class HubTest : public ::testing::Test, public EventSink {
 protected:
  using Events = std::vector<Seen>;

  HubTest() { start(); }

  // Begins anew with what limits_ says now.
  void start() { hub_ = std::make_unique<Hub>(limits_, *this); }

  Events apply(const SessionRef& from, const Command& command) {
    hub_->apply(from, command, time_);
    return std::exchange(seen_, {});
  }
  Events apply(const SessionRef& from, Verb verb, std::string_view target = {},
               std::string_view text = {}) {
    return apply(from, Command{verb, ErrorCode::kNone, target, text});
  }

  // A new session that is registered already. Its events are gone.
  SessionRef enter(std::string_view name, std::uint16_t shard = 0) {
    const SessionRef ref = session(next_index_++, shard);
    const Events events = apply(ref, Verb::kRegister, name);
    EXPECT_EQ(events.size(), 1U);
    EXPECT_EQ(events.front().kind, EventKind::kRegistered) << events.front();
    return ref;
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

  Limits limits_;
  Hub::Time time_{reactor::TimePoint(std::chrono::hours{1}), 1'000'000};
  std::unique_ptr<Hub> hub_;

 private:
  void on_event(const Event& event) override { seen_.emplace_back(event); }

  std::uint32_t next_index_ = 1;
  Events seen_;
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
  return ::testing::AllOf(is(kind, to, ""),
                          ::testing::Field("room", &Seen::room, std::string(room)));
}

inline auto has_text(std::string_view text) {
  return ::testing::Field("text", &Seen::text, std::string(text));
}

}  // namespace chat
