#pragma once

#include <cstdint>
#include <vector>

namespace loadgen {

// Counts durations in nanoseconds, from 0 to more than an hour, with a relative error below 1 %:
// every power of two is divided into 128 equal buckets, as in Gil Tene's HdrHistogram
// (http://hdrhistogram.org). Recording takes constant time and no memory. A plain value.
class Histogram {
 public:
  static constexpr int kSubBucketBits = 8;
  static constexpr std::uint64_t kSubBuckets = std::uint64_t{1} << kSubBucketBits;
  // Longer ones are counted as this long.
  static constexpr std::uint64_t kLongestNs = (std::uint64_t{1} << 42) - 1;

  struct Bucket {
    std::uint64_t highest_ns = 0;  // of the durations that fall into it
    std::uint64_t count = 0;
  };

  Histogram();

  // Negative durations are counted as 0.
  void record(std::int64_t duration_ns);
  void add(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::uint64_t min_ns() const { return count_ == 0 ? 0 : min_ns_; }
  std::uint64_t max_ns() const { return max_ns_; }
  double mean_ns() const;
  double standard_deviation_ns() const;
  // The longest duration of the fastest percent of all, 0 to 100. 0 when empty.
  std::uint64_t percentile_ns(double percent) const;
  // How many lasted at most so long, as a share of all from 0 to 1. 1 when empty.
  double share_within(std::uint64_t duration_ns) const;

  // What is not empty, shortest first: what a file keeps.
  std::vector<Bucket> buckets() const;
  // A histogram with these buckets. The extremes and the mean are as exact as the buckets.
  static Histogram from_buckets(const std::vector<Bucket>& buckets);

 private:
  static std::size_t index_of(std::uint64_t duration_ns);
  static std::uint64_t highest_of(std::size_t index);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ns_ = kLongestNs;
  std::uint64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace loadgen
