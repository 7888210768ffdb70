#include "chat/latency_histogram.h"

#include <algorithm>
#include <numeric>

#include "reactor/check.h"

namespace chat {
namespace {

constexpr std::array<reactor::Duration, kLatencyBoundCount> kBounds = [] {
  std::array<reactor::Duration, kLatencyBoundCount> bounds{};
  for (std::size_t bucket = 0; bucket < bounds.size(); ++bucket) {
    bounds[bucket] = latency_bound(bucket);
  }
  return bounds;
}();

std::size_t bucket_of(reactor::Duration latency) {
  const auto bound = std::ranges::lower_bound(kBounds, latency);
  return static_cast<std::size_t>(bound - kBounds.begin());
}

// part: how far between the bucket's bounds.
reactor::Duration inside(std::size_t bucket, double part) {
  const reactor::Duration lower = bucket == 0 ? reactor::Duration::zero() : kBounds[bucket - 1];
  const reactor::Duration upper = kBounds[std::min(bucket, kBounds.size() - 1)];
  const std::chrono::duration<double, std::nano> width = upper - lower;
  return lower + std::chrono::duration_cast<reactor::Duration>(width * std::clamp(part, 0.0, 1.0));
}

}  // namespace

std::uint64_t LatencyCounts::total() const {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

std::optional<reactor::Duration> LatencyCounts::quantile(double p) const {
  CHECK(p >= 0 && p <= 1, "not a quantile", p);
  const double rank = p * static_cast<double>(total());
  std::optional<reactor::Duration> result;
  double before = 0;
  for (std::size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    if (buckets[bucket] == 0) {
      continue;
    }
    const auto here = static_cast<double>(buckets[bucket]);
    result = inside(bucket, (rank - before) / here);
    before += here;
    if (before >= rank) {
      break;
    }
  }
  return result;
}

void LatencyHistogram::record(reactor::Duration latency, std::uint64_t weight) {
  const reactor::Duration at_least_zero = std::max(latency, reactor::Duration::zero());
  buckets_[bucket_of(at_least_zero)].add(weight);
  sum_ns_.add(static_cast<std::uint64_t>(at_least_zero.count()) * weight);
}

void LatencyHistogram::clear() {
  for (Counter& bucket : buckets_) {
    bucket.set(0);
  }
  sum_ns_.set(0);
}

void LatencyHistogram::add_to(LatencyCounts& counts) const {
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    counts.buckets[bucket] += buckets_[bucket].value();
  }
  counts.sum_ns += sum_ns_.value();
}

void RecentLatencies::record(reactor::TimePoint now, reactor::Duration latency,
                             std::uint64_t weight) {
  const std::int64_t number = number_at(now);
  Window& window = windows_[static_cast<std::size_t>(number) % 2];
  if (window.number.load(std::memory_order_relaxed) != number) {
    window.latencies.clear();
    window.number.store(number, std::memory_order_relaxed);
  }
  window.latencies.record(latency, weight);
}

void RecentLatencies::add_to(LatencyCounts& counts, reactor::TimePoint now) const {
  const std::int64_t oldest = number_at(now) - 1;
  for (const Window& window : windows_) {
    // The writer's clock may be a little ahead of the reader's.
    if (window.number.load(std::memory_order_relaxed) >= oldest) {
      window.latencies.add_to(counts);
    }
  }
}

}  // namespace chat
