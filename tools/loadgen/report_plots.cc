#include "tools/loadgen/report_plots.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace loadgen {
namespace {

Series percentile_series(std::string name, const Histogram& histogram) {
  Series series{std::move(name), {}};
  if (histogram.empty()) {
    return series;
  }
  const auto total = static_cast<double>(histogram.count());
  series.points.push_back({1, static_cast<double>(histogram.min_ns())});
  std::uint64_t seen = 0;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    seen += bucket.count;
    // The slowest one alone stands for the last 1/total.
    const double left = std::max(1.0, total - static_cast<double>(seen));
    const std::uint64_t value_ns = std::min(bucket.highest_ns, histogram.max_ns());
    series.points.push_back({total / left, static_cast<double>(value_ns)});
  }
  return series;
}

// What `next` adds to `sample`: what was measured is averaged over both, but of the slow ones the
// slowest stays, so that no stall disappears.
void merge_into(Sample& sample, const Sample& next) {
  const auto average = [](double first, double weight, double second, double next_weight) {
    const double weights = weight + next_weight;
    return weights > 0 ? (first * weight + second * next_weight) / weights : first;
  };
  const auto by_time = [&](double Sample::*rate) {
    sample.*rate = average(sample.*rate, sample.seconds, next.*rate, next.seconds);
  };
  by_time(&Sample::server_cpu);
  by_time(&Sample::generator_cpu);
  sample.p50_ns = static_cast<std::uint64_t>(
      average(static_cast<double>(sample.p50_ns), static_cast<double>(sample.delivered),
              static_cast<double>(next.p50_ns), static_cast<double>(next.delivered)));
  sample.asked_per_second = std::max(sample.asked_per_second, next.asked_per_second);
  sample.p99_ns = std::max(sample.p99_ns, next.p99_ns);
  sample.max_ns = std::max(sample.max_ns, next.max_ns);
  sample.server_memory_bytes = std::max(sample.server_memory_bytes, next.server_memory_bytes);
  sample.ack_p50_ns = static_cast<std::uint64_t>(
      average(static_cast<double>(sample.ack_p50_ns), static_cast<double>(sample.acknowledged),
              static_cast<double>(next.ack_p50_ns), static_cast<double>(next.acknowledged)));
  sample.ack_p99_ns = std::max(sample.ack_p99_ns, next.ack_p99_ns);
  sample.acknowledged += next.acknowledged;
  sample.at_seconds = next.at_seconds;
  sample.seconds += next.seconds;
  sample.sent += next.sent;
  sample.delivered += next.delivered;
  sample.errors += next.errors;
  sample.connections = next.connections;
}

// No more points than a plot can show, and none of the few short samples at the ends of stages,
// whose rates are mostly chance.
std::vector<Sample> smooth(const std::vector<Sample>& samples) {
  constexpr double kPointsMax = 600;
  double total_seconds = 0;
  double longest_seconds = 0;
  for (const Sample& sample : samples) {
    total_seconds += sample.seconds;
    longest_seconds = std::max(longest_seconds, sample.seconds);
  }
  const double short_seconds = longest_seconds / 2;
  const double least_seconds = std::max(short_seconds, total_seconds / kPointsMax);
  std::vector<Sample> smoothed;
  for (const Sample& sample : samples) {
    if (smoothed.empty() ||
        (smoothed.back().seconds >= least_seconds && sample.seconds >= short_seconds)) {
      smoothed.push_back(sample);
    } else {
      merge_into(smoothed.back(), sample);
    }
  }
  return smoothed;
}

template <class ValueOf>
Series series_of(std::string name, const std::vector<Sample>& samples, ValueOf value_of) {
  Series series{std::move(name), {}};
  for (const Sample& sample : samples) {
    series.points.push_back({sample.at_seconds, static_cast<double>(value_of(sample))});
  }
  return series;
}

double per_second(std::uint64_t count, const Sample& sample) {
  return sample.seconds > 0 ? static_cast<double>(count) / sample.seconds : 0;
}

bool has_values(const Series& series) {
  return std::any_of(series.points.begin(), series.points.end(),
                     [](const Point& point) { return point.y > 0; });
}

}  // namespace

Plot percentile_plot(const Latency& latency) {
  Plot plot;
  plot.title = "Latency by percentile";
  plot.x = {Quantity::kTail, true, "percentile"};
  // Logarithmic, so that neither the many nor the slow few are pressed into the frame.
  plot.y = {Quantity::kDurationNs, true, "latency"};
  plot.series = {percentile_series("corrected", latency.corrected),
                 percentile_series("uncorrected", latency.uncorrected)};
  plot.wide = true;
  return plot;
}

std::vector<Plot> plots_over_time(const Result& result) {
  const std::vector<Sample> samples = smooth(result.samples);
  std::vector<Plot> plots;
  const auto add = [&](std::string title, const Axis& y, std::vector<Series> series) {
    std::erase_if(series, [](const Series& one) { return !has_values(one); });
    if (!series.empty()) {
      const Axis time{Quantity::kSeconds, false, "since the first stage began"};
      plots.push_back({std::move(title), time, y, std::move(series), 0.0, false});
    }
  };
  using Q = Quantity;
  add("Messages per second", {Q::kNumber, false, "messages/s"},
      {series_of("sent", samples, [](const Sample& s) { return per_second(s.sent, s); }),
       series_of("asked", samples, [](const Sample& s) { return s.asked_per_second; })});
  add("Deliveries per second", {Q::kNumber, false, "deliveries/s"},
      {series_of("delivered", samples,
                 [](const Sample& s) { return per_second(s.delivered, s); })});
  add("Latency over time, corrected", {Q::kDurationNs, true, "latency"},
      {series_of("p50", samples, [](const Sample& s) { return s.p50_ns; }),
       series_of("p99", samples, [](const Sample& s) { return s.p99_ns; }),
       series_of("max", samples, [](const Sample& s) { return s.max_ns; })});
  add("Acknowledgements over time, corrected", {Q::kDurationNs, true, "latency"},
      {series_of("p50", samples, [](const Sample& s) { return s.ack_p50_ns; }),
       series_of("p99", samples, [](const Sample& s) { return s.ack_p99_ns; })});
  add("Connections", {Q::kNumber, false, "open"},
      {series_of("connections", samples, [](const Sample& s) { return s.connections; })});
  add("CPU", {Q::kNumber, false, "processors used"},
      {series_of("server", samples, [](const Sample& s) { return s.server_cpu; }),
       series_of("generator", samples, [](const Sample& s) { return s.generator_cpu; })});
  add("Memory of the server", {Q::kBytes, false, "resident"},
      {series_of("memory", samples, [](const Sample& s) { return s.server_memory_bytes; })});
  add("Errors per second", {Q::kNumber, false, "errors/s"},
      {series_of("errors", samples, [](const Sample& s) { return per_second(s.errors, s); })});
  return plots;
}

}  // namespace loadgen
