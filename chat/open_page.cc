#include "chat/open_page.h"

#include "chat/names.h"
#include "reactor/check.h"

namespace chat {
namespace {

Event event_of(const StoredMessage& message) {
  Event event;
  event.kind = message.kind;
  event.id = message.id;
  event.unix_ms = message.unix_ms;
  event.room = message.room;
  event.subject = message.sender;
  event.text = message.text;
  event.notice = message.notice;
  if (message.kind != EventKind::kDirect && compare_ignoring_case(message.room, kLobbyName) == 0) {
    event.room_id = kLobby;  // whose messages look different
  }
  return event;
}

Event event_of(const IdRange& range) {
  Event event;
  event.kind = EventKind::kGap;
  event.from = range.first;
  event.id = range.last;
  return event;
}

}  // namespace

MessageId OpenPage::next_id() const {
  return gap_is_next() ? page_.gaps[gaps_read_].first : page_.messages[messages_read_].id;
}

Event OpenPage::take() {
  CHECK(!at_end(), "read beyond the end of a page");
  if (gap_is_next()) {
    return event_of(page_.gaps[gaps_read_++]);
  }
  const Event event = event_of(page_.messages[messages_read_]);
  ++messages_read_;
  return event;
}

bool OpenPage::gap_is_next() const {
  return has_gap() &&
         (!has_message() || page_.gaps[gaps_read_].first < page_.messages[messages_read_].id);
}

}  // namespace chat
