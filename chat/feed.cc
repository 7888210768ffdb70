#include "chat/feed.h"

#include <algorithm>

#include "chat/protocol/encode.h"
#include "reactor/check.h"

namespace chat {

std::size_t Feed::Answer::size() const {
  return sizeof(Answer) + bytes.size() + room.size() + asked.size() +
         (history ? history->key.size() : 0);
}

void Feed::was_in(std::string_view name, MessageId since, MessageId until) {
  audience_.add({history_key_of_room(name), since, until});
}

void Feed::add_answer(const Log& log, std::string_view bytes) {
  add(log, {0, std::string(bytes), std::nullopt, {}, {}, false});
}

void Feed::add_last_word(const Log& log, std::string_view bytes) {
  add(log, {0, std::string(bytes), std::nullopt, {}, {}, true});
  ends_ = true;
}

void Feed::add_history(const Log& log, PageRequest request, std::string_view room,
                       std::string_view asked) {
  add(log, {0, {}, std::move(request), std::string(room), std::string(asked), false});
}

void Feed::add(const Log& log, Answer answer) {
  if (ends_) {
    return;
  }
  answer.position = std::max(log.last_id(), log_from_);
  answer_bytes_ += answer.size();
  answers_.push_back(std::move(answer));
}

Feed::Outcome Feed::pump(reactor::Connection& connection, Log& log, Codec& codec,
                         const Limits& limits) {
  const Output output{connection, codec, limits};
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
    output.connection.send(log.encoded(entry, output.codec.format(), output.limits));
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
    answer(gap, output);
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
  deliver(event, output);
}

Feed::Step Feed::take_from_history(const Output& output) {
  const Page& page = page_->page();
  if (page.error.empty() && !page_->at_end()) {
    Event event = page_->take();
    event.target = answers_.front().asked;
    deliver(event, output);
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
  const Answer& asked = answers_.front();
  Event event;
  event.kind = EventKind::kHistoryEnd;
  event.room = asked.room;
  event.target = asked.asked;
  if (const std::string& error = page_->page().error; !error.empty()) {
    // Who was told that it begins is told that it ends.
    event.kind = asked.asked.empty() ? EventKind::kError : EventKind::kHistoryEnd;
    event.refusal = Refusal::kInternal;
    event.subject = asked.room;
    event.text = error;
  }
  answer(event, output);
  answer_bytes_ -= asked.size();
  answers_.pop_front();
  page_.reset();
  reads_history_ = false;
}

void Feed::deliver(const Event& event, const Output& output) {
  const bool is_asked_for = !event.target.empty();
  if (is_asked_for || event.kind == EventKind::kGap) {
    answer(event, output);
    return;
  }
  scratch_.clear();
  encode_delivery(event, output.codec.format(), output.limits, scratch_);
  output.connection.send(scratch_);
}

void Feed::answer(const Event& event, const Output& output) {
  scratch_.clear();
  output.codec.answer(event, scratch_);
  output.connection.send(scratch_);
}

}  // namespace chat
