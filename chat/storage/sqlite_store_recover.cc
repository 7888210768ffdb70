#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "chat/names.h"
#include "chat/storage/sqlite_statements.h"
#include "chat/storage/sqlite_store.h"
#include "reactor/check.h"

// How the store begins and ends.
namespace chat {
namespace {

// Nobody gives so many numbers away; and there are as many left again.
constexpr MessageId kIdBelievable = MessageId{1} << 62;

// So many may be given away before the store is heard of again.
constexpr MessageId kIdsReservedAtStart = 65'536;

// How far back client ids are looked for, because of a clock that was an hour ahead, or a very busy
// server: a start must not take minutes.
constexpr int kMessagesSearchedForRetriesMax = 1'000'000;

void must(const SqliteDatabase& database, bool done) {
  if (!done) {
    throw database.make_error();
  }
}

void must_be(bool can_be, const char* what) {
  if (!can_be) {
    throw SqliteError(SQLITE_CORRUPT, fmt::format("the file is damaged ({})", what));
  }
}

}  // namespace

SqliteStore::SqliteStore(SqliteStoreOptions options) : options_(std::move(options)) {
  try {
    database_ = open_database(options_);
    sql_ = std::make_unique<Statements>(*database_);
  } catch (const SqliteError& error) {
    throw std::runtime_error(explain_opening(options_, error));
  }
}

SqliteStore::~SqliteStore() = default;

Recovered SqliteStore::recover(std::int64_t retries_since_ms) {
  CHECK(database_ != nullptr && !is_in_order_, "recovered twice, or too late");
  try {
    Recovered recovered;
    const MessageId known = recover_ids(recovered);
    recover_sessions(recovered);
    recover_topics(recovered);
    recover_rooms(recovered);
    recover_retries(recovered, retries_since_ms);
    begin_anew(recovered, known);  // last: a file that is refused stays as it was
    is_in_order_ = true;
    return recovered;
  } catch (const SqliteError& error) {
    throw std::runtime_error(explain_opening(options_, error));
  }
}

// After an end in order the numbers go on behind the last message. After any other, numbers behind
// it may have been given away, up to the last one that was reserved: they are given up. Returns the
// last number that is accounted for.
MessageId SqliteStore::recover_ids(Recovered& recovered) {
  SqliteStatement lost(*database_, "SELECT first, last FROM lost ORDER BY first");
  while (lost.next()) {
    gaps_.add_lost({lost.id(0), lost.id(1)});
  }
  must(*database_, !lost.failed());
  SqliteStatement state(*database_,
                        "SELECT began_at, deleted_to, (SELECT max(id) FROM messages),"
                        " reserved_to, heard_early, in_use,"
                        " coalesce((SELECT min(id) FROM messages), 1) FROM state");
  const bool has_state = state.next();
  must(*database_, !state.failed());
  must_be(has_state, "it has no state");
  gaps_.delete_to(state.id(1));
  const MessageId known = std::max({state.id(0), state.id(1), state.id(2)});
  const MessageId reserved = std::max(known, state.id(3));
  const bool was_heard_early = state.integer(4) != 0;
  const bool was_in_use = state.integer(5) != 0;
  const bool begins_at_one = state.integer(6) >= 1;
  state.stop();
  must_be(begins_at_one && reserved <= kIdBelievable, "its numbers can't be");
  recovered.last_id = was_in_use ? reserved : known;
  recovered.ids_reserved = std::max(reserved, recovered.last_id + kIdsReservedAtStart);
  last_id_ = recovered.last_id;
  return was_heard_early ? known : recovered.last_id;
}

// known: the last number that is accounted for. Those behind it are lost.
void SqliteStore::begin_anew(const Recovered& recovered, MessageId known) {
  SqliteTransaction transaction(*database_);
  must(*database_, transaction.begun());
  if (known < recovered.last_id) {
    // A server that crashes again and again and keeps nothing meanwhile makes one loss longer.
    const IdRange before = gaps_.last_lost();
    const MessageId first = before.last > 0 && before.last == known ? before.first : known + 1;
    SqliteStatement lose(*database_, "REPLACE INTO lost(first, last) VALUES(?1, ?2)");
    must(*database_, lose.with(first, recovered.last_id).run());
    gaps_.add_lost({known + 1, recovered.last_id});
  }
  SqliteStatement begin(*database_,
                        "UPDATE state SET began_at = ?1, reserved_to = ?2, heard_early = ?3,"
                        " in_use = 1");
  must(*database_,
       begin.with(recovered.last_id, recovered.ids_reserved, options_.heard_early ? 1 : 0).run());
  must(*database_, transaction.commit());
}

// Who takes them over relies on what was true when they were kept.
void SqliteStore::recover_sessions(Recovered& recovered) {
  const auto ignoring_case = [](std::string_view a, std::string_view b) {
    return compare_ignoring_case(a, b) < 0;
  };
  std::set<std::string, decltype(ignoring_case)> names(ignoring_case);
  std::set<std::string> tokens;  // a blob is another key than the same text
  SqliteStatement session(*database_, "SELECT token, name, since FROM sessions ORDER BY since");
  while (session.next()) {
    const std::string_view token = session.text(0);
    const std::string_view name = session.text(1);
    must_be(!token.empty() && tokens.emplace(token).second && can_be_name(name) &&
                names.emplace(name).second,
            "its sessions can't be");
    Audience audience(name, session.id(2));
    recover_stays(token, audience);
    recovered.sessions.push_back({std::string(token), std::move(audience)});
  }
  must(*database_, !session.failed());
}

void SqliteStore::recover_stays(std::string_view token, Audience& audience) {
  std::set<std::string> open;
  SqliteStatement& stay = sql_->stays.with(token);
  while (stay.next()) {
    Audience::Stay one{std::string(stay.text(0)), stay.id(1), stay.id(2)};
    const bool can_be_room = can_be_name(one.room) && one.room == history_key_of_room(one.room) &&
                             one.room != kLobbyName;
    const bool can_be_stay = one.until > 0 ? one.since < one.until : open.insert(one.room).second;
    must_be(can_be_room && can_be_stay, "its sessions can't be");
    audience.add(std::move(one));
  }
  must(*database_, !stay.failed());
}

void SqliteStore::recover_topics(Recovered& recovered) {
  SqliteStatement topic(*database_, "SELECT shown, set_by, text, id, unix_ms FROM topics");
  while (topic.next()) {
    must_be(can_be_name(topic.text(0)) && compare_ignoring_case(topic.text(0), kLobbyName) != 0 &&
                can_be_name(topic.text(1)) && can_be_line(topic.text(2)),
            "its topics can't be");
    recovered.topics.push_back({std::string(topic.text(0)), std::string(topic.text(1)),
                                std::string(topic.text(2)), topic.id(3), topic.integer(4)});
  }
  must(*database_, !topic.failed());
}

void SqliteStore::recover_rooms(Recovered& recovered) {
  SqliteStatement room(*database_, "SELECT shown, state FROM rooms");
  while (room.next()) {
    must_be(can_be_name(room.text(0)) && can_be_line(room.text(1)), "its rooms can't be");
    recovered.rooms.push_back({std::string(room.text(0)), std::string(room.text(1))});
  }
  must(*database_, !room.failed());
}

// Backwards from the last message, until they are too old: an index would be paid for by every
// message, for this alone.
void SqliteStore::recover_retries(Recovered& recovered, std::int64_t since_ms) {
  SqliteStatement message(*database_,
                          "SELECT id, unix_ms, session, client_id FROM messages"
                          " ORDER BY id DESC LIMIT ?1");
  message.with(kMessagesSearchedForRetriesMax);
  std::set<std::pair<std::string, std::string>> newer;
  while (message.next()) {
    if (message.integer(1) < since_ms) {
      message.stop();
      break;
    }
    if (!message.is_null(3) && newer.emplace(message.text(2), message.text(3)).second) {
      recovered.retries.push_back({std::string(message.text(2)), std::string(message.text(3)),
                                   message.id(0), message.integer(1)});
    }
  }
  must(*database_, !message.failed());
  std::reverse(recovered.retries.begin(), recovered.retries.end());
}

void SqliteStore::close() {
  CHECK(database_ != nullptr, "closed twice");
  if (is_in_order_ && !sql_->note_closed.run()) {
    spdlog::warn("the store was not closed in order: {}", database_->error());
  }
  sql_.reset();
  database_.reset();
}

}  // namespace chat
