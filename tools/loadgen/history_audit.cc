#include "tools/loadgen/history_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "reactor/check.h"
#include "tools/loadgen/units.h"

namespace loadgen {

HistoryAudit::HistoryAudit(std::size_t clients, std::size_t senders)
    : clients_(clients), numbers_(senders), last_heard_(clients) {}

void HistoryAudit::sent(MessageKey key) {
  CHECK(key.sequence == numbers_[key.sender].size(), "a message out of turn", key.sender,
        key.sequence);
  numbers_[key.sender].emplace_back();
}

// Null: nobody has sent it.
HistoryAudit::Numbers* HistoryAudit::find(MessageKey key) {
  const bool is_sent = key.sender < numbers_.size() && key.sequence < numbers_[key.sender].size();
  return is_sent ? &numbers_[key.sender][key.sequence] : nullptr;
}

std::vector<HistoryAudit::Entry>::iterator HistoryAudit::find(std::uint64_t id) {
  // What is new comes last.
  if (entries_.empty() || entries_.back().id < id) {
    return entries_.end();
  }
  return std::lower_bound(
      entries_.begin(), entries_.end(), id,
      [](const Entry& entry, std::uint64_t wanted) { return entry.id < wanted; });
}

// The number is the message's, says the server. Null when it was another one's.
HistoryAudit::Entry* HistoryAudit::note(MessageKey key, std::uint64_t id) {
  const auto place = find(id);
  if (place != entries_.end() && place->id == id) {
    if (place->sender == key.sender && place->sequence == key.sequence) {
      return &*place;
    }
    ++found_.ids_reused;
    offend(fmt::format("number {} was message {} of client {}, and is message {} of client {}", id,
                       place->sequence, place->sender, key.sequence, key.sender));
    return nullptr;
  }
  Entry& entry = *entries_.insert(place, {id, key.sequence, key.sender});
  if (id <= (is_reading_ ? read_before_ : floor_)) {
    ++found_.ids_back;
    offend(entry, "has come up only now, behind later ones");
  }
  return &entry;
}

void HistoryAudit::acknowledged(MessageKey key, std::uint64_t id) {
  Numbers* const numbers = find(key);
  CHECK(numbers != nullptr, "an acknowledgement of nothing", key.sender, key.sequence);
  if (numbers->acknowledged != 0 && numbers->acknowledged != id) {
    ++found_.ids_changed;
    offend(fmt::format("message {} of client {} was acknowledged as {}, then as {}", key.sequence,
                       key.sender, numbers->acknowledged, id));
    return;
  }
  if (numbers->acknowledged == 0) {
    ++acknowledged_;
    numbers->acknowledged = id;
  }
  if (Entry* const entry = note(key, id)) {
    entry->is_acknowledged = true;
  }
}

void HistoryAudit::heard(std::size_t client, MessageKey key, std::uint64_t id) {
  ++heard_;
  if (find(key) == nullptr || key.sender == client) {
    ++integrity_.corrupted;
    return;
  }
  Entry* const entry = note(key, id);
  if (entry == nullptr) {
    return;
  }
  std::uint64_t& last = last_heard_[client];
  if (id <= last) {
    ++(id == last ? integrity_.doubled : integrity_.reordered);
    offend(*entry, fmt::format("came to client {} again or too late, after {}", client, last));
    return;
  }
  last = id;
  ++entry->heard_by;
}

void HistoryAudit::gap(std::uint64_t first, std::uint64_t last) {
  // Everybody who resumes is told of the same ones.
  const auto overlaps = [&](const Range& range) {
    return range.first <= last && first <= range.second;
  };
  const auto begin = std::find_if(gaps_.begin(), gaps_.end(), overlaps);
  const auto end = std::find_if_not(begin, gaps_.end(), overlaps);
  if (begin == end) {
    gaps_.insert(std::lower_bound(gaps_.begin(), gaps_.end(), Range{first, last}), {first, last});
    return;
  }
  begin->first = std::min(begin->first, first);
  begin->second = std::max(std::prev(end)->second, last);
  gaps_.erase(std::next(begin), end);
}

bool HistoryAudit::is_gone(std::uint64_t id) const {
  return std::any_of(gaps_.begin(), gaps_.end(),
                     [id](const Range& range) { return range.first <= id && id <= range.second; });
}

void HistoryAudit::begin_reading(std::uint64_t after) {
  is_reading_ = true;
  read_from_ = after;
  read_before_ = std::max(read_before_, read_to_);
  read_to_ = after;
  for (auto entry = find(after + 1); entry != entries_.end(); ++entry) {
    entry->is_kept = false;
    entry->is_foreign = false;
    Numbers* const numbers = find(MessageKey{entry->sender, entry->sequence});
    if (numbers != nullptr && numbers->kept == entry->id) {
      numbers->kept = 0;
    }
  }
}

void HistoryAudit::kept(MessageKey key, std::uint64_t id) {
  Numbers* const numbers = find(key);
  if (numbers == nullptr) {
    kept_foreign(id, fmt::format("message {} of client {}", key.sequence, key.sender));
    return;
  }
  CHECK(is_reading_ && id > read_to_, "a history that goes back", read_to_, id);
  read_to_ = id;
  Entry* const entry = note(key, id);
  if (entry == nullptr) {
    return;
  }
  entry->is_kept = true;
  if (numbers->kept == 0) {
    numbers->kept = id;
  } else {
    offend(*entry, fmt::format("is in the history twice, as {} before", numbers->kept));
  }
}

void HistoryAudit::kept_foreign(std::uint64_t id, std::string_view text) {
  constexpr std::size_t kShownBytesMax = 60;
  CHECK(is_reading_ && id > read_to_, "a history that goes back", read_to_, id);
  read_to_ = id;
  auto entry = find(id);
  if (entry == entries_.end() || entry->id != id) {
    entry = entries_.insert(entry, {id, 0, kNobody});
  }
  entry->is_foreign = true;
  if (!std::exchange(entry->is_told, true)) {
    offend(fmt::format("number {} in the history is nothing that was sent: {}", id,
                       printable(text.substr(0, kShownBytesMax))));
  }
}

void HistoryAudit::end_reading() { is_reading_ = false; }

bool HistoryAudit::restarted(std::uint64_t kill) {
  floor_ = entries_.empty() ? floor_ : std::max(floor_, entries_.back().id);
  bool is_all_there = true;
  for (auto entry = find(read_from_ + 1); entry != entries_.end(); ++entry) {
    if (is_missing(*entry)) {
      is_all_there = false;
      offend(*entry, fmt::format("was acknowledged and is not in the history after kill {}", kill));
    }
  }
  return is_all_there;
}

// Acknowledged, and not in the history under any number.
bool HistoryAudit::is_missing(const Entry& entry) {
  return entry.is_acknowledged && !entry.is_kept &&
         find(MessageKey{entry.sender, entry.sequence})->kept == 0;
}

HistoryAudit::Verdict HistoryAudit::judge() {
  for (Entry& entry : entries_) {
    found_.foreign += entry.is_foreign ? 1 : 0;
    if (entry.is_kept) {
      judge_kept(entry);
    } else if (entry.sender != kNobody) {
      judge_lost(entry);
    }
  }
  found_.acknowledged = acknowledged_;
  return {std::move(found_), integrity_};
}

void HistoryAudit::judge_kept(Entry& entry) {
  if (find(MessageKey{entry.sender, entry.sequence})->kept != entry.id) {
    ++found_.repeated;
    return;
  }
  const std::uint64_t others = clients_ - 1;
  ++found_.in_history;
  integrity_.expected += others;
  integrity_.delivered += entry.heard_by;
  if (entry.heard_by < others) {
    integrity_.lost += others - entry.heard_by;
    offend(entry, fmt::format("is in the history, and {} of {} others never got it",
                              others - entry.heard_by, others));
  }
}

void HistoryAudit::judge_lost(Entry& entry) {
  if (is_missing(entry)) {
    ++found_.missing;
    offend(entry, "was acknowledged and is not in the history");
  } else if (entry.is_acknowledged) {
    ++found_.ids_changed;
    offend(entry, fmt::format("was acknowledged, and is in the history as {}",
                              find(MessageKey{entry.sender, entry.sequence})->kept));
  } else if (is_gone(entry.id)) {
    ++found_.heard_and_gone;
  } else {
    ++found_.vanished;
    offend(entry, "was delivered, and is neither in the history nor in a gap");
  }
}

void HistoryAudit::offend(Entry& entry, std::string_view what) {
  if (!std::exchange(entry.is_told, true)) {
    offend(fmt::format("message {} of client {}, number {}, {}", entry.sequence, entry.sender,
                       entry.id, what));
  }
}

void HistoryAudit::offend(std::string text) {
  if (found_.offenders.size() < kOffendersMax) {
    found_.offenders.push_back(std::move(text));
  }
}

}  // namespace loadgen
