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

// What `next` adds to `sample`: rates are averaged over both, of percentiles the worse one stays,
// so that no stall disappears.
void merge_into(Sample& sample, const Sample& next) {
  const double seconds = sample.seconds + next.seconds;
  const auto average = [&](double first, double second) {
    return seconds > 0 ? (first * sample.seconds + second * next.seconds) / seconds : first;
  };
  sample.asked_per_second = average(sample.asked_per_second, next.asked_per_second);
  sample.server_cpu = average(sample.server_cpu, next.server_cpu);
  sample.generator_cpu = average(sample.generator_cpu, next.generator_cpu);
  sample.at_seconds = next.at_seconds;
  sample.seconds = seconds;
  sample.sent += next.sent;
  sample.delivered += next.delivered;
  sample.errors += next.errors;
  sample.connections = next.connections;
  sample.p50_ns = std::max(sample.p50_ns, next.p50_ns);
  sample.p99_ns = std::max(sample.p99_ns, next.p99_ns);
  sample.max_ns = std::max(sample.max_ns, next.max_ns);
  sample.server_memory_bytes = std::max(sample.server_memory_bytes, next.server_memory_bytes);
}

// No more than a plot can show.
std::vector<Sample> thin_out(const std::vector<Sample>& samples) {
  constexpr std::size_t kPointsMax = 600;
  const std::size_t group = (samples.size() + kPointsMax - 1) / kPointsMax;
  std::vector<Sample> thinned;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i % group == 0) {
      thinned.push_back(samples[i]);
    } else {
      merge_into(thinned.back(), samples[i]);
    }
  }
  return thinned;
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
  const std::vector<Sample> samples = thin_out(result.samples);
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
