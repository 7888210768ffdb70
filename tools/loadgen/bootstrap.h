#pragma once

#include <span>

namespace loadgen {

// 95 % confidence intervals by resampling (Efron and Tibshirani, "An Introduction to the
// Bootstrap"). Both functions compare two sides by a ratio, other / base, and return by which
// factors the true ratio may lie off the one that was observed. The same input gives the same
// interval.
struct Factors {
  double lowest = 1;
  double highest = 1;
};

// Of the ratio of medians, where each value is one run: what differs between runs is seen.
// REQUIRES: two values or more on each side, all above 0.
Factors bootstrap_runs(std::span<const double> base, std::span<const double> other);

// A second of a run, for a measure that is sum(amount) / sum(per) over its seconds.
struct Second {
  double amount = 0;
  double per = 0;
};

// Of the ratio of such measures, from the seconds of one run on each side. Neighbouring seconds
// are alike, so blocks of them are drawn; what differs between runs isn't seen. REQUIRES: seconds
// on both sides, with amounts and pers of 0 or more whose sums are above 0.
Factors bootstrap_seconds(std::span<const Second> base, std::span<const Second> other);

// Of any number of values; between the middle two when it is even. REQUIRES: not empty.
double median(std::span<const double> values);

}  // namespace loadgen
