#include "chat/feed.h"

#include <algorithm>

#include "chat/protocol/native.h"
#include "reactor/check.h"

namespace chat {

std::size_t Feed::Answer::size() const {
  return sizeof(Answer) + bytes.size() + room.size() + (history ? history->key.size() : 0);
}

void Feed::joined(RoomId id, std::string_view name, MessageId since) {
  const auto is_it = [id](const Room& room) { return room.id == id; };
  if (std::none_of(rooms_.begin(), rooms_.end(), is_it)) {
    audience_.joined(name, since);
    rooms_.push_back({id, std::string(name)});
  }
}

void Feed::parted(RoomId id, MessageId until) {
  const auto room =
      std::find_if(rooms_.begin(), rooms_.end(), [id](const Room& one) { return one.id == id; });
  CHECK(room != rooms_.end(), "parted without being in", id);
  audience_.parted(room->name, until);
  rooms_.erase(room);
}

void Feed::was_in(std::string_view name, MessageId since, MessageId until) {
  audience_.add({history_key_of_room(name), since, until});
}

void Feed::add_answer(const Log& log, std::string_view bytes) {
  add(log, {0, std::string(bytes), std::nullopt, {}, false});
}

void Feed::add_last_word(const Log& log, std::string_view bytes) {
  add(log, {0, std::string(bytes), std::nullopt, {}, true});
  ends_ = true;
}

void Feed::add_history(const Log& log, PageRequest request, std::string_view room) {
  add(log, {0, {}, std::move(request), std::string(room), false});
}

void Feed::add(const Log& log, Answer answer) {
  if (ends_) {
    return;
  }
  answer.position = std::max(log.last_id(), log_from_);
  answer_bytes_ += answer.size();
  answers_.push_back(std::move(answer));
}

Feed::Outcome Feed::pump(reactor::Connection& connection, Log& log, WireFormat format,
                         const Limits& limits) {
  const Output output{connection, format, limits};
  // Beyond the mark, so that there is something to drain.
  while (!waits_for_page_ && connection.bytes_queued() <= limits.out_low_mark_bytes) {
    switch (step(log, output)) {
      case Step::kDone:
        break;
      case Step::kNeedsPage:
        waits_for_page_ = true;
        return Outcome::kNeedsPage;
      case Step::kEnd:
        return Outcome::kCaughtUp;
      case Step::kLastWord:
        return Outcome::kLastWord;
    }
  }
  return waits_for_page_ ? Outcome::kWaitsForPage : Outcome::kWaitsForOutput;
}

Feed::Step Feed::step(Log& log, const Output& output) {
  if (reads_history_) {
    return take_from_history(output);
  }
  if (!answers_.empty() && answers_.front().position <= after_) {
    return take_answer(output);
  }
  if (page_) {
    take_from_scan(output);
    return Step::kDone;
  }
  return take_from_log(log, output);
}

Feed::Step Feed::take_answer(const Output& output) {
  Answer& answer = answers_.front();
  if (answer.history) {
    page_.reset();  // what is left of it is read again
    request_ = *answer.history;
    reads_history_ = true;
    return Step::kNeedsPage;
  }
  output.connection.send(answer.bytes);
  const bool is_last = answer.is_last;
  answer_bytes_ -= answer.size();
  answers_.pop_front();
  return is_last ? Step::kLastWord : Step::kDone;
}

// Whether the log has everything behind the cursor.
bool Feed::knows(const Log& log) const { return after_ >= std::max(log.dropped_to(), log_from_); }

// What comes later than this page will be in the log.
void Feed::ask_for_scan(const Log& log) {
  request_ = {};
  request_.after = after_;
  request_.bound = std::max(log.last_id(), log_from_) + 1;
  request_.count = kPageMessages;
  request_.audience = audience_;
}

Feed::Step Feed::take_from_log(Log& log, const Output& output) {
  if (!knows(log)) {
    ask_for_scan(log);
    return Step::kNeedsPage;
  }
  cursor_.after = after_;
  Log::Cursor next = cursor_;
  Log::Entry entry;
  const bool is_there = log.next(next, entry);
  if (!answers_.empty() && (!is_there || entry.id > answers_.front().position)) {
    after_ = answers_.front().position;
    return Step::kDone;
  }
  if (!is_there) {
    return Step::kEnd;
  }
  cursor_ = next;
  after_ = entry.id;
  if (audience_.hears(entry.kind, entry.id, entry.room, entry.subject)) {
    output.connection.send(log.encoded(entry, output.format, output.limits));
  }
  return Step::kDone;
}

void Feed::take(Page page) {
  CHECK(waits_for_page_, "a page that nobody has asked for");
  waits_for_page_ = false;
  page_.emplace(std::move(page));
}

void Feed::take_from_scan(const Output& output) {
  const Page& page = page_->page();
  const MessageId last = request_.bound - 1;
  if (!page.error.empty()) {
    Event gap;  // never a silent hole
    gap.kind = EventKind::kGap;
    gap.from = after_ + 1;
    gap.id = last;
    send(gap, output);
    after_ = last;
    page_.reset();
    return;
  }
  if (page_->at_end() || page_->next_id() > last) {
    after_ = std::max(after_, page.is_end ? last : std::min(page.read_to, last));
    page_.reset();
    return;
  }
  if (!answers_.empty() && page_->next_id() > answers_.front().position) {
    after_ = answers_.front().position;
    return;
  }
  const Event event = page_->take();
  after_ = std::max(after_, event.id);
  send(event, output);
}

Feed::Step Feed::take_from_history(const Output& output) {
  const Page& page = page_->page();
  if (page.error.empty() && !page_->at_end()) {
    send(page_->take(), output);
    return Step::kDone;
  }
  const bool is_over = !page.error.empty() || page.is_end || request_.count <= page.messages.size();
  if (is_over) {
    end_history(output);
    return Step::kDone;
  }
  request_.kind = PageRequest::Kind::kHistory;
  request_.after = page.read_to;
  request_.count -= page.messages.size();
  page_.reset();
  return Step::kNeedsPage;
}

void Feed::end_history(const Output& output) {
  const Answer& answer = answers_.front();
  Event event;
  event.kind = EventKind::kHistoryEnd;
  event.room = answer.room;
  if (const std::string& error = page_->page().error; !error.empty()) {
    event.kind = EventKind::kError;
    event.code = ErrorCode::kInternal;
    event.subject = answer.room;
    event.text = error;
  }
  send(event, output);
  answer_bytes_ -= answer.size();
  answers_.pop_front();
  page_.reset();
  reads_history_ = false;
}

void Feed::send(const Event& event, const Output& output) {
  scratch_.clear();
  encode_native(event, output.format, output.limits, scratch_);
  output.connection.send(scratch_);
}

}  // namespace chat
