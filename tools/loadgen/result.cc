#include "tools/loadgen/result.h"

#include <algorithm>

namespace loadgen {

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kInvalid:
      return "invalid";
    case Verdict::kObjectiveMissed:
      return "objective_missed";
    case Verdict::kIntegrityBroken:
      return "integrity_broken";
  }
  return "unknown";
}

void Integrity::add(const Integrity& other) {
  expected += other.expected;
  delivered += other.delivered;
  lost += other.lost;
  doubled += other.doubled;
  reordered += other.reordered;
  corrupted += other.corrupted;
}

void Latency::add(const Latency& other) {
  corrected.add(other.corrected);
  uncorrected.add(other.uncorrected);
}

void add_by_kind(const std::vector<Latency>& kinds, std::vector<Latency>& sums) {
  sums.resize(std::max(sums.size(), kinds.size()));
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    sums[kind].add(kinds[kind]);
  }
}

double SlowReaderResult::per_second(std::uint64_t count) const {
  const double seconds = catching_up.mean_ns() * static_cast<double>(catching_up.count()) / 1e9;
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

void SlowReaderResult::add(const SlowReaderResult& other) {
  readers += other.readers;
  behind_max = std::max(behind_max, other.behind_max);
  catching_up.add(other.catching_up);
  messages += other.messages;
  bytes += other.bytes;
  never += other.never;
}

void ReconnectResult::add(const ReconnectResult& other) {
  clients += other.clients;
  dropped += other.dropped;
  resuming.add(other.resuming);
  catching_up.add(other.catching_up);
  gaps += other.gaps;
  gap_messages += other.gap_messages;
  if (first_gap.empty()) {
    first_gap = other.first_gap;
  }
}

void AckResult::add(const AckResult& other) {
  asked += other.asked;
  missing += other.missing;
  unexpected += other.unexpected;
}

bool HistoryResult::intact() const {
  return missing + vanished + repeated + foreign + ids_reused + ids_back + ids_changed == 0;
}

}  // namespace loadgen
