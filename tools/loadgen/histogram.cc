#include "tools/loadgen/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace loadgen {
namespace {

// The buckets of durations that need more bits than a bucket's number follow each other, half of
// kSubBuckets for each further bit: the upper half, as the lower one is covered by fewer bits.
constexpr std::size_t kBuckets =
    Histogram::kSubBuckets + (42 - Histogram::kSubBucketBits) * (Histogram::kSubBuckets / 2);

}  // namespace

Histogram::Histogram() : counts_(kBuckets) {}

std::size_t Histogram::index_of(std::uint64_t duration_ns) {
  const auto bits = static_cast<int>(std::bit_width(duration_ns));
  if (bits <= kSubBucketBits) {
    return duration_ns;
  }
  const int shift = bits - kSubBucketBits;
  return static_cast<std::size_t>(shift) * (kSubBuckets / 2) + (duration_ns >> shift);
}

std::uint64_t Histogram::highest_of(std::size_t index) {
  if (index < kSubBuckets) {
    return index;
  }
  const std::size_t shift = index / (kSubBuckets / 2) - 1;
  const std::uint64_t lowest = index - shift * (kSubBuckets / 2);
  return ((lowest + 1) << shift) - 1;
}

void Histogram::record(std::int64_t duration_ns) {
  const std::uint64_t value =
      duration_ns <= 0 ? 0 : std::min(static_cast<std::uint64_t>(duration_ns), kLongestNs);
  ++counts_[index_of(value)];
  ++count_;
  min_ns_ = std::min(min_ns_, value);
  max_ns_ = std::max(max_ns_, value);
  sum_ns_ += static_cast<double>(value);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    counts_[i] += other.counts_[i];
  }
  count_ += other.count_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
  sum_ns_ += other.sum_ns_;
}

void Histogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  min_ns_ = kLongestNs;
  max_ns_ = 0;
  sum_ns_ = 0;
}

double Histogram::mean_ns() const {
  return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
}

double Histogram::standard_deviation_ns() const {
  if (count_ == 0) {
    return 0;
  }
  double squares = 0;
  const double mean = mean_ns();
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const double distance = static_cast<double>(highest_of(i)) - mean;
    squares += static_cast<double>(counts_[i]) * distance * distance;
  }
  return std::sqrt(squares / static_cast<double>(count_));
}

std::uint64_t Histogram::percentile_ns(double percent) const {
  // Multiplied before it is divided: 99.9 % of 1,000 are exactly 999.
  const double wanted = std::clamp(percent, 0.0, 100.0) * static_cast<double>(count_) / 100;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(wanted)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) {
      return std::clamp(highest_of(i), min_ns_, max_ns_);
    }
  }
  return max_ns_;
}

double Histogram::share_within(std::uint64_t duration_ns) const {
  if (count_ == 0) {
    return 1;
  }
  const std::size_t last = index_of(std::min(duration_ns, kLongestNs));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i <= last; ++i) {
    seen += counts_[i];
  }
  return static_cast<double>(seen) / static_cast<double>(count_);
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> result;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] > 0) {
      result.push_back({highest_of(i), counts_[i]});
    }
  }
  return result;
}

Histogram Histogram::from_buckets(const std::vector<Bucket>& buckets) {
  Histogram result;
  for (const Bucket& bucket : buckets) {
    if (bucket.count == 0) {
      continue;
    }
    const std::uint64_t value = std::min(bucket.highest_ns, kLongestNs);
    result.counts_[index_of(value)] += bucket.count;
    result.count_ += bucket.count;
    result.min_ns_ = std::min(result.min_ns_, value);
    result.max_ns_ = std::max(result.max_ns_, value);
    result.sum_ns_ += static_cast<double>(value) * static_cast<double>(bucket.count);
  }
  return result;
}

}  // namespace loadgen
