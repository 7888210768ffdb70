#include "tools/loadgen/report_hgrm.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>

namespace loadgen {
namespace {

constexpr double kNsPerMs = 1e6;

// The next percentile to print: five for each halving of what is left to 100, so that the lines get
// denser towards the tail.
double step_from(double percent) {
  constexpr double kTicksPerHalving = 5;
  const double halvings = std::floor(std::log2(100 / (100 - percent))) + 1;
  return 100 / (kTicksPerHalving * std::exp2(halvings));
}

}  // namespace

std::string to_hgrm(const Histogram& histogram) {
  std::string text = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile",
                                 "TotalCount", "1/(1-Percentile)");
  const auto total = static_cast<double>(histogram.count());
  std::uint64_t seen = 0;
  double percent = 0;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    seen += bucket.count;
    const bool is_last = seen == histogram.count();
    const double value_ms =
        static_cast<double>(std::min(bucket.highest_ns, histogram.max_ns())) / kNsPerMs;
    // The longest get one such line too: plotters pass over the closing one of three columns.
    while (percent <= 100 * static_cast<double>(seen) / total) {
      const double share = percent / 100;
      fmt::format_to(std::back_inserter(text), "{:12.3f} {:14.12f} {:10} {:14.2f}\n", value_ms,
                     share, seen, 1 / (1 - share));
      if (is_last) {
        break;
      }
      percent += step_from(percent);
    }
    if (is_last) {
      fmt::format_to(std::back_inserter(text), "{:12.3f} {:14.12f} {:10}\n", value_ms, 1.0, seen);
    }
  }
  fmt::format_to(std::back_inserter(text),
                 "#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n"
                 "#[Max     = {:12.3f}, Total count    = {:12}]\n"
                 "#[Buckets = {:12}, SubBuckets     = {:12}]\n",
                 histogram.mean_ns() / kNsPerMs, histogram.standard_deviation_ns() / kNsPerMs,
                 static_cast<double>(histogram.max_ns()) / kNsPerMs, histogram.count(),
                 std::bit_width(Histogram::kLongestNs) - Histogram::kSubBucketBits + 1,
                 Histogram::kSubBuckets);
  return text;
}

}  // namespace loadgen
