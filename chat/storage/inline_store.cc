#include "chat/storage/inline_store.h"

#include <span>
#include <string>

#include "reactor/check.h"

namespace chat {

void InlineStore::append(const Record& record) {
  const std::string why = store_->apply(std::span(&record, 1));
  CHECK(why.empty(), "a store that never fails has failed", why);
  metrics_.records_kept.add();
  if (record.kind == Record::Kind::kMessage) {
    kept_ = record.id;
  }
}

void InlineStore::end_turn() {
  if (kept_ > 0) {
    events_.on_kept(std::exchange(kept_, 0), 0);
  }
  // Who gets a page may ask for the next one.
  while (!reads_.empty()) {
    for (const StoreWork::Read& read : std::exchange(reads_, {})) {
      events_.on_page(read.reader, read_page(*store_, read.request));
    }
  }
  if (loop_.now() >= next_prune_) {
    const bool may_have_more = store_->prune(loop_.unix_ms());
    next_prune_ = may_have_more ? loop_.now() : loop_.now() + kPruneInterval;
  }
}

}  // namespace chat
