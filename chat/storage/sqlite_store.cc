#include "chat/storage/sqlite_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "chat/names.h"
#include "chat/storage/sqlite_statements.h"
#include "reactor/check.h"

namespace chat {
namespace {

// SQLite counts no further.
constexpr auto kIdMax = static_cast<MessageId>(std::numeric_limits<std::int64_t>::max());

// Where the write-ahead log, in pages of 4 KiB, must not become longer, come what may.
constexpr int kLogPagesMax = 16 * 1024;

// As kept in the file, so for ever.
struct Kind {
  EventKind kind;
  bool notice;

  bool operator==(const Kind&) const = default;
};
constexpr std::array kKinds{Kind{EventKind::kMessage, false}, Kind{EventKind::kDirect, false},
                            Kind{EventKind::kTopic, false}, Kind{EventKind::kMessage, true},
                            Kind{EventKind::kDirect, true}};

// From 1.
std::int64_t number_of(const Kind& kind) {
  const auto found = std::ranges::find(kKinds, kind);
  CHECK(found != kKinds.end(), "no message", static_cast<int>(kind.kind));
  return found - kKinds.begin() + 1;
}

std::optional<Kind> kind_of(std::int64_t number) {
  const bool is_known = number >= 1 && number <= static_cast<std::int64_t>(kKinds.size());
  return is_known ? std::optional(kKinds[static_cast<std::size_t>(number - 1)]) : std::nullopt;
}

}  // namespace

std::string SqliteStore::apply(std::span<const Record> records) {
  CHECK(database_ != nullptr, "the store is closed");
  if (records.empty()) {
    return {};
  }
  if (database_->wal_pages() >= kLogPagesMax) {
    // If it fails the log goes on growing: still better than to keep nothing.
    database_->checkpoint();
  }
  SqliteTransaction transaction(*database_);
  bool all_kept = transaction.begun();
  MessageId last_id = last_id_;
  for (std::size_t i = 0; i < records.size() && all_kept; ++i) {
    all_kept = keep(records[i]);
    if (records[i].kind == Record::Kind::kMessage) {
      last_id = std::max(last_id, records[i].id);
    }
  }
  is_in_order_ = all_kept && transaction.commit();
  if (!is_in_order_) {
    return database_->error();
  }
  last_id_ = last_id;
  kept_last_ = records.size();
  return {};
}

bool SqliteStore::keep(const Record& record) {
  switch (record.kind) {
    case Record::Kind::kMessage:
      return keep_message(record) && (record.message != EventKind::kTopic || keep_topic(record));
    case Record::Kind::kIdsReserved:
      return sql_->reserve.with(record.id).run();
    case Record::Kind::kSessionBegan:
      return begin_session(record);
    case Record::Kind::kSessionEnded:
      return end_session(record);
    case Record::Kind::kJoined: {
      const std::string room = history_key_of_room(record.room);
      return sql_->begin_stay.with(record.session, std::string_view(room), record.id).run();
    }
    case Record::Kind::kParted:
      return end_stay(record);
    case Record::Kind::kRoomState:
      return keep_room(record);
    case Record::Kind::kRoomGone:
      return forget_room(record);
  }
  CHECK(false, "a record of no kind", static_cast<int>(record.kind));
}

bool SqliteStore::keep_message(const Record& record) {
  CHECK(record.id > 0 && record.id <= kIdMax, "not the number of a message", record.id);
  if (record.id <= gaps_.deleted_to()) {
    return true;  // given again, and deleted meanwhile
  }
  const std::string key = history_key_of(record.message, record.room, record.sender);
  const bool can_be_retried = !record.session.empty() && !record.client_id.empty();
  const auto insert = [&](const auto& session, const auto& client_id) {
    return sql_->insert_message
        .with(record.id, record.unix_ms, number_of({record.message, record.notice}),
              std::string_view(key), record.room, record.sender, record.text, session, client_id)
        .run();
  };
  const bool inserted = can_be_retried ? insert(record.session, record.client_id)
                                       : insert(std::nullopt, std::nullopt);
  if (!inserted || database_->changes() > 0) {
    return inserted;
  }
  SqliteStatement& same = sql_->count_same_message.with(record.id, record.sender, record.text);
  if (same.first_integer() == 1 || same.failed()) {
    return !same.failed();
  }
  return database_->fail(fmt::format("there is another message {} already", record.id));
}

bool SqliteStore::keep_topic(const Record& record) {
  const std::string room = history_key_of_room(record.room);
  const std::string_view key = room;
  return record.text.empty()
             ? sql_->forget_topic.with(key).run()
             : sql_->set_topic
                   .with(key, record.room, record.sender, record.text, record.id, record.unix_ms)
                   .run();
}

bool SqliteStore::keep_room(const Record& record) {
  const std::string room = history_key_of_room(record.room);
  return sql_->set_room.with(std::string_view(room), record.room, record.text).run();
}

bool SqliteStore::forget_room(const Record& record) {
  const std::string room = history_key_of_room(record.room);
  const std::string_view key = room;
  return sql_->forget_topic.with(key).run() && sql_->forget_room.with(key).run();
}

bool SqliteStore::begin_session(const Record& record) {
  return sql_->forget_stays.with(record.session).run() &&
         sql_->begin_session.with(record.session, record.sender, record.id).run();
}

bool SqliteStore::end_session(const Record& record) {
  return sql_->forget_stays.with(record.session).run() &&
         sql_->end_session.with(record.session).run();
}

bool SqliteStore::end_stay(const Record& record) {
  const std::string room = history_key_of_room(record.room);
  const std::string_view key = room;
  return sql_->end_stay.with(record.session, key, record.id).run() &&
         sql_->forget_empty_stay.with(record.session, key).run() &&
         sql_->forget_oldest_stays.with(record.session, kPastStaysMax).run();
}

Page SqliteStore::scan(MessageId after, std::size_t messages_max, const Audience& audience) {
  CHECK(database_ != nullptr && messages_max > 0, "not to be scanned", messages_max);
  Page page;
  page.read_to = after;
  const MessageId end = end_of_page(after, last_id_);
  fill(page, sql_->scan.with(after, end), end, messages_max, &audience);
  page.is_end = page.read_to >= last_id_;
  return page;
}

Page SqliteStore::history(std::string_view key, MessageId after, MessageId bound,
                          std::size_t count) {
  CHECK(database_ != nullptr && count > 0, "not to be read", count);
  Page page;
  page.read_to = after;
  const MessageId last = std::min(std::max<MessageId>(bound, 1) - 1, last_id_);
  const MessageId end = end_of_page(after, last);
  fill(page, sql_->history.with(key, after, end), end, count, nullptr);
  page.is_end = page.read_to >= last || page.messages.size() == count;
  return page;
}

MessageStore::Found SqliteStore::find_last(std::string_view key, MessageId after, MessageId bound,
                                           std::size_t count) {
  CHECK(database_ != nullptr && count > 0, "not to be looked for", count);
  SqliteStatement& row = sql_->last_of_history.with(key, after, bound, count);
  const MessageId first = row.next() ? row.id(0) : 0;
  const bool has_more = first > 0 && row.next();
  row.stop();
  if (row.failed()) {
    return {database_->error(), 0};
  }
  return {{}, has_more ? std::max(after, first - 1) : after};
}

// Numbers and times go up together, so that no index of times is needed.
MessageStore::Found SqliteStore::find_time(std::int64_t unix_ms) {
  CHECK(database_ != nullptr, "the store is closed");
  MessageId earlier = gaps_.deleted_to();  // what is up to here is earlier
  MessageId end = last_id_;                // what is behind this is not
  while (earlier < end) {
    const MessageId middle = earlier + (end - earlier) / 2;
    SqliteStatement& row = sql_->first_behind.with(middle, end);
    const bool is_there = row.next();
    const MessageId id = is_there ? row.id(0) : 0;
    const bool is_earlier = is_there && row.integer(1) < unix_ms;
    row.stop();
    if (row.failed()) {
      return {database_->error(), 0};
    }
    if (is_there && (id <= middle || id > end)) {
      return {fmt::format("the file is damaged (behind message {})", middle), 0};
    }
    (is_earlier ? earlier : end) = is_earlier ? id : middle;
  }
  return {{}, earlier};
}

// A page has few gaps, too, however many there are.
MessageId SqliteStore::end_of_page(MessageId after, MessageId last) const {
  constexpr std::size_t kPageGapsMax = 1024;
  return std::max(after, std::min(last, gaps_.reach(after, kPageGapsMax)));
}

void SqliteStore::fill(Page& page, SqliteStatement& rows, MessageId end, std::size_t rows_max,
                       const Audience* audience) {
  const MessageId after = page.read_to;
  std::size_t count = 0;
  while (rows.next()) {
    if (count == rows_max || page.is_full()) {
      end = page.read_to;
      break;
    }
    if (!take_row(page, rows, audience)) {
      page.error = fmt::format("the file is damaged (behind message {})", page.read_to);
      break;
    }
    ++count;
  }
  rows.stop();
  if (rows.failed()) {
    page.error = database_->error();
  }
  page.read_to = end;
  page.gaps = gaps_.within(after, end);
}

// A page whose numbers went back would be read for ever; and who gets a message takes its names for
// names and its text for one line.
bool SqliteStore::take_row(Page& page, const SqliteStatement& row, const Audience* audience) {
  const MessageId id = row.id(0);
  const auto kind = kind_of(row.integer(2));
  const std::string_view room = row.text(3);
  const std::string_view sender = row.text(4);
  if (id <= page.read_to || !kind || !can_be_name(room) || !can_be_name(sender)) {
    return false;
  }
  if (audience == nullptr || audience->hears(kind->kind, id, room, sender)) {
    const std::string_view text = row.text(5);
    if (!can_be_line(text)) {
      return false;
    }
    page.messages.add({kind->kind, id, row.integer(1), room, sender, text, kind->notice});
  }
  page.read_to = id;
  return true;
}

bool SqliteStore::can_be_name(std::string_view text) { return is_valid_name(text, text.size()); }

bool SqliteStore::can_be_line(std::string_view text) {
  return text.find('\n') == std::string_view::npos;
}

}  // namespace chat
