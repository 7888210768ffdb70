#include "chat/storage/store_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace chat {

void tell(StoreEvents& events, StoreReply& reply) {
  if (reply.failure) {
    events.on_store_failure(*reply.failure);
  }
  if (reply.kept_id > 0 || reply.ids_reserved > 0) {
    events.on_kept(reply.kept_id, reply.ids_reserved);
  }
  if (reply.reader) {
    events.on_page(reply.reader, std::move(reply.page));
  }
}

namespace {

// Where a history is to be read, in numbers.
struct Place {
  std::string error;  // as in Page
  MessageId after = 0;
  MessageId bound = 0;
};

// Of the messages that are earlier, none is at this number or behind it.
MessageId find_bound(MessageStore& store, std::int64_t unix_ms, std::string& error) {
  MessageStore::Found found = store.find_time(unix_ms);
  error += found.error;
  return found.after + 1;
}

// The times of the request as numbers; but for the middle, which is none of its ends.
Place find_place(MessageStore& store, const PageRequest& request) {
  Place place{{}, request.after, request.bound};
  if (request.since_unix_ms > 0) {
    const MessageId bound = find_bound(store, request.since_unix_ms, place.error);
    place.after = std::max(place.after, bound - 1);
  }
  if (request.before_unix_ms > 0 && request.kind != PageRequest::Kind::kHistoryAround) {
    const MessageId bound = find_bound(store, request.before_unix_ms, place.error);
    place.bound = std::min(place.bound, bound);
  }
  return place;
}

// Moves the place's beginning to the first of the messages that are asked for.
void go_to_last(MessageStore& store, const PageRequest& request, MessageId bound, std::size_t count,
                Place& place) {
  const MessageStore::Found found = store.find_last(request.key, place.after, bound, count);
  place.error = found.error;
  place.after = found.after;
}

void go_around(MessageStore& store, const PageRequest& request, Place& place) {
  const MessageId middle =
      request.middle > 0 ? request.middle : find_bound(store, request.before_unix_ms, place.error);
  if (!place.error.empty()) {
    return;
  }
  if (const std::size_t count = request.count / 2; count > 0) {
    go_to_last(store, request, std::min(middle, place.bound), count, place);
  } else {
    place.after = std::max(place.after, middle - 1);
  }
}

// Of each target the last message, without its text: only when it was and whose it is matters.
Page read_targets(MessageStore& store, const PageRequest& request) {
  Page page;
  page.is_end = true;
  for (const PageRequest::Target& target : request.targets) {
    const MessageStore::Found found = store.find_last(target.key, target.after, request.bound, 1);
    page.error = found.error;
    if (page.error.empty()) {
      const Page last = store.history(target.key, found.after, request.bound, 1);
      page.error = last.error;
      for (StoredMessage message : last.messages) {
        message.text = {};
        page.messages.add(message);
      }
    }
    if (!page.error.empty()) {
      break;
    }
  }
  return page;
}

}  // namespace

Page read_page(MessageStore& store, const PageRequest& request) {
  if (request.kind == PageRequest::Kind::kScan) {
    return store.scan(request.after, request.count, request.audience);
  }
  if (request.kind == PageRequest::Kind::kTargets) {
    return read_targets(store, request);
  }
  Place place = find_place(store, request);
  if (place.error.empty() && request.kind == PageRequest::Kind::kHistoryLast) {
    go_to_last(store, request, place.bound, request.count, place);
  } else if (place.error.empty() && request.kind == PageRequest::Kind::kHistoryAround) {
    go_around(store, request, place);
  }
  if (!place.error.empty()) {
    Page page;
    page.error = place.error;
    return page;
  }
  return store.history(request.key, place.after, place.bound, request.count);
}

void StoreQueue::add(StoreWork work) {
  for (Batch<Record>& batch : work.records) {
    bytes_ += batch.bytes();
    waiting_.records.push_back(std::move(batch));
  }
  std::move(work.reads.begin(), work.reads.end(), std::back_inserter(waiting_.reads));
}

void StoreQueue::work(std::vector<StoreReply>& replies) {
  const Time time = clock_();
  if (!waiting_.records.empty() && (!is_failing() || time.now >= next_try_)) {
    keep(time.now, replies);
  }
  answer_reads(replies);
  if (!is_failing() && time.now >= next_prune_) {
    const bool may_have_more = store_->prune(time.unix_ms);
    next_prune_ = may_have_more ? time.now : time.now + kPruneInterval;
  }
}

reactor::TimePoint StoreQueue::next_deadline() const {
  return is_failing() ? next_try_ : next_prune_;
}

void StoreQueue::keep(reactor::TimePoint now, std::vector<StoreReply>& replies) {
  if (!is_failing()) {
    first_try_ = now;
  }
  std::string why = keep_all();
  if (!why.empty()) {
    next_try_ = now + kRetryInterval;
    note_failure(std::move(why), replies);
    return;
  }
  StoreReply reply;
  for (const Record& record : records_) {
    if (record.kind == Record::Kind::kMessage) {
      reply.kept_id = record.id;
    } else if (record.kind == Record::Kind::kIdsReserved) {
      reply.ids_reserved = record.id;
    }
  }
  if (!std::exchange(failure_, {}).empty()) {
    reply.failure.emplace();
  }
  note_kept();
  waiting_.records.clear();
  bytes_ = 0;
  replies.push_back(std::move(reply));
}

// Returns why not; empty: it is kept.
std::string StoreQueue::keep_all() {
  records_.clear();
  for (const Batch<Record>& batch : waiting_.records) {
    records_.insert(records_.end(), batch.begin(), batch.end());
  }
  return store_->apply(records_);
}

void StoreQueue::note_kept() {
  metrics_.commits.record(clock_().now - first_try_);
  metrics_.records_kept.add(records_.size());
  metrics_.failing.set(0);
}

void StoreQueue::note_failure(std::string why, std::vector<StoreReply>& replies) {
  if (failure_ == why) {
    return;
  }
  metrics_.failing.set(1);
  failure_ = why;
  StoreReply reply;
  reply.failure = std::move(why);
  replies.push_back(std::move(reply));
}

// While nothing can be kept the store lacks what the chat has gone on with: a history would have a
// hole that nobody knows of, and is refused. Who follows the log waits for it.
void StoreQueue::answer_reads(std::vector<StoreReply>& replies) {
  std::vector<StoreWork::Read> later;
  for (StoreWork::Read& read_of : waiting_.reads) {
    if (is_failing() && read_of.request.kind == PageRequest::Kind::kScan) {
      later.push_back(std::move(read_of));
      continue;
    }
    StoreReply reply;
    reply.reader = read_of.reader;
    if (is_failing()) {
      reply.page.error = fmt::format("nothing can be stored at the moment: {}", failure_);
    } else {
      reply.page = read_page(*store_, read_of.request);
    }
    replies.push_back(std::move(reply));
  }
  waiting_.reads = std::move(later);
}

void StoreQueue::close() {
  if (!waiting_.records.empty()) {
    keep_all();
  }
  store_->close();
}

}  // namespace chat
