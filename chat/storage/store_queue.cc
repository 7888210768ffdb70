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

Page read_page(MessageStore& store, const PageRequest& request) {
  if (request.kind == PageRequest::Kind::kScan) {
    return store.scan(request.after, request.count, request.audience);
  }
  MessageId after = request.after;
  if (request.kind == PageRequest::Kind::kHistoryLast) {
    const MessageStore::Found found =
        store.find_last(request.key, request.after, request.bound, request.count);
    if (!found.error.empty()) {
      Page page;
      page.error = found.error;
      return page;
    }
    after = found.after;
  }
  return store.history(request.key, after, request.bound, request.count);
}

void StoreQueue::add(StoreWork work) {
  for (Batch<Record>& batch : work.records) {
    bytes_ += batch.bytes();
    waiting_.records.push_back(std::move(batch));
  }
  std::move(work.reads.begin(), work.reads.end(), std::back_inserter(waiting_.reads));
}

void StoreQueue::work(Time time, std::vector<StoreReply>& replies) {
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

void StoreQueue::note_failure(std::string why, std::vector<StoreReply>& replies) {
  if (failure_ == why) {
    return;
  }
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
