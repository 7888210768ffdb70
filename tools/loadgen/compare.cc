#include "tools/loadgen/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "tools/loadgen/bootstrap.h"
#include "tools/loadgen/result.h"
#include "tools/loadgen/result_json.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

constexpr std::string_view kUsage =
    "usage: chat-loadgen compare BASE.json[,BASE2.json…] OTHER.json[,OTHER2.json…]…\n";

// Fewer seconds tell nothing about each other.
constexpr std::size_t kSecondsMin = 8;
// Durations are only kept so exactly.
constexpr double kLeastDifference = 0.01;

struct Run {
  std::string file;
  Result result;
};

struct Side {
  std::string label;
  std::vector<Run> runs;
};

struct Metric {
  std::string_view name;
  bool lower_is_better;
  double (*value_of)(const Result& result);   // 0: not measured
  Second (*second_of)(const Sample& sample);  // or null, where seconds don't tell it
  std::string (*format)(double value);
};

template <int kPerMille>
double latency_of(const Result& result) {
  return static_cast<double>(result.total.latency.corrected.percentile_ns(kPerMille / 10.0));
}

double ack_p99_of(const Result& result) {
  return static_cast<double>(result.total.acks.corrected.percentile_ns(99));
}

Second weigh(std::uint64_t value_ns, const Sample& sample) {
  const auto delivered = static_cast<double>(sample.delivered);
  return {static_cast<double>(value_ns) * delivered, delivered};
}

constexpr std::array<Metric, 8> kMetrics{{
    {"p50 latency", true, latency_of<500>,
     [](const Sample& sample) { return weigh(sample.p50_ns, sample); }, format_duration_ns},
    {"p99 latency", true, latency_of<990>,
     [](const Sample& sample) { return weigh(sample.p99_ns, sample); }, format_duration_ns},
    {"p99.9 latency", true, latency_of<999>, nullptr, format_duration_ns},
    {"p99 of acks", true, ack_p99_of,
     [](const Sample& sample) {
       const auto acknowledged = static_cast<double>(sample.acknowledged);
       return Second{static_cast<double>(sample.ack_p99_ns) * acknowledged, acknowledged};
     },
     format_duration_ns},
    {"deliveries/s", false,
     [](const Result& result) { return result.total.delivered_per_second(); },
     [](const Sample& sample) {
       return Second{static_cast<double>(sample.delivered), sample.seconds};
     },
     format_number},
    {"deliveries/CPU-s", false,
     [](const Result& result) { return result.server.deliveries_per_cpu_second; },
     [](const Sample& sample) {
       return Second{static_cast<double>(sample.delivered), sample.server_cpu * sample.seconds};
     },
     format_number},
    {"memory/connection", true,
     [](const Result& result) { return result.server.bytes_per_connection; }, nullptr,
     format_bytes},
    {"highest rate kept", false, [](const Result& result) { return result.max_rate_kept; }, nullptr,
     format_number},
}};

// ---- reading

// Appends what is in the file. Returns what is wrong, or nothing.
std::string read_run(const std::string& file, Side& side) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return std::strerror(errno);
  }
  std::string text(kJsonBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) {
    return "it can't be read";
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  ReadResult read = from_json(text);
  if (!read.result) {
    return read.error;
  }
  side.runs.push_back({file, *std::move(read.result)});
  return {};
}

std::vector<std::string> split_at_commas(const std::string& joined) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t comma = 0; comma != std::string::npos; begin = comma + 1) {
    comma = joined.find(',', begin);
    parts.push_back(joined.substr(begin, comma == std::string::npos ? comma : comma - begin));
  }
  return parts;
}

std::string label_of(std::size_t side) {
  return side < 26 ? std::string(1, static_cast<char>('A' + side)) : fmt::format("#{}", side + 1);
}

// ---- warnings

// What the runs were asked to do, and where. Whom they asked may differ.
std::map<std::string, std::string> asked_of(const Result& result) {
  std::map<std::string, std::string> asked{{"workload", result.workload},
                                           {"machine", result.machine},
                                           {"version of chat-loadgen", result.version}};
  for (const Setting& setting : result.settings) {
    asked[setting.name] = setting.value;
  }
  return asked;
}

// In what these two were not made alike; empty when in nothing.
std::string differences_between(const Result& first, const Result& other) {
  const auto asked = asked_of(first);
  auto other_asked = asked_of(other);
  std::string differences;
  const auto add = [&](const std::string& name, const std::string& one, const std::string& two) {
    differences += fmt::format("{}{} ({} and {})", differences.empty() ? "" : ", ", name,
                               one.empty() ? "none" : one, two.empty() ? "none" : two);
  };
  for (const auto& [name, value] : asked) {
    const std::string other_value = other_asked[name];
    if (value != other_value) {
      add(name, value, other_value);
    }
    other_asked.erase(name);
  }
  for (const auto& [name, value] : other_asked) {
    if (!value.empty()) {
      add(name, "", value);
    }
  }
  return differences;
}

void warn_of_differences(const std::vector<Side>& sides, std::vector<std::string>& warnings) {
  const Run& first = sides.front().runs.front();
  std::map<std::string, std::string> files_by_differences;
  for (const Side& side : sides) {
    for (const Run& run : side.runs) {
      const std::string differences = differences_between(first.result, run.result);
      if (!differences.empty()) {
        std::string& files = files_by_differences[differences];
        files += (files.empty() ? "" : ", ") + run.file;
      }
    }
  }
  for (const auto& [differences, files] : files_by_differences) {
    warnings.push_back(fmt::format("{} was not made like {}: {}", first.file, files, differences));
  }
}

std::vector<std::string> warnings_about(const std::vector<Side>& sides) {
  std::vector<std::string> warnings;
  for (const Side& side : sides) {
    std::set<std::string> files;
    for (const Run& run : side.runs) {
      if (!files.insert(run.file).second) {
        warnings.push_back(
            fmt::format("{} has {} twice: it is no repetition", side.label, run.file));
      }
      if (run.result.verdict != Verdict::kPassed) {
        warnings.push_back(
            fmt::format("{} did not pass: {}{}{}", run.file, to_string(run.result.verdict),
                        run.result.reasons.empty() ? "" : ", ",
                        run.result.reasons.empty() ? "" : run.result.reasons.front()));
      }
    }
  }
  warn_of_differences(sides, warnings);
  return warnings;
}

// ---- comparing

// The values of all runs, or nothing when a run has none.
std::vector<double> values_of(const Metric& metric, const Side& side) {
  std::vector<double> values;
  for (const Run& run : side.runs) {
    const double value = metric.value_of(run.result);
    if (!std::isfinite(value) || value <= 0) {
      return {};
    }
    values.push_back(value);
  }
  return values;
}

// The measured seconds of all runs, without warming up and draining; none where the samples are of
// more than the total is of.
std::vector<Second> seconds_of(const Metric& metric, const Side& side) {
  std::vector<Second> seconds;
  for (const Run& run : side.runs) {
    if (run.result.max_rate_kept > 0) {
      return {};
    }
    double end = 0;
    for (const StageResult& stage : run.result.stages) {
      end += stage.seconds;
    }
    for (const Sample& sample : run.result.samples) {
      const double middle = sample.at_seconds - sample.seconds / 2;
      // Nothing is asked for while a run drains, and never in a closed loop.
      const bool is_measured =
          middle > 0 && (run.result.closed_loop ? middle < end : sample.asked_per_second > 0);
      const Second second = metric.second_of(sample);
      if (is_measured && second.amount >= 0 && second.per >= 0) {
        seconds.push_back(second);
      }
    }
  }
  return seconds;
}

bool are_comparable(const std::vector<Second>& seconds) {
  Second sum;
  for (const Second& second : seconds) {
    sum.amount += second.amount;
    sum.per += second.per;
  }
  return seconds.size() >= kSecondsMin && sum.amount > 0 && sum.per > 0 &&
         std::isfinite(sum.amount) && std::isfinite(sum.per);
}

bool have_repeats(const Side& base, const Side& other) {
  return base.runs.size() > 1 && other.runs.size() > 1;
}

std::optional<Factors> factors_of(const Metric& metric, const Side& base, const Side& other) {
  if (have_repeats(base, other)) {
    return bootstrap_runs(values_of(metric, base), values_of(metric, other));
  }
  if (metric.second_of == nullptr) {
    return std::nullopt;
  }
  const std::vector<Second> base_seconds = seconds_of(metric, base);
  const std::vector<Second> other_seconds = seconds_of(metric, other);
  if (!are_comparable(base_seconds) || !are_comparable(other_seconds)) {
    return std::nullopt;
  }
  return bootstrap_seconds(base_seconds, other_seconds);
}

std::string_view judge(const Metric& metric, double ratio, const Factors& factors) {
  const bool is_sure = ratio * factors.lowest > 1 || ratio * factors.highest < 1;
  if (!is_sure || std::abs(ratio - 1) < kLeastDifference) {
    return "no difference";
  }
  return (ratio < 1) == metric.lower_is_better ? "better" : "worse";
}

// One line, or nothing when not both sides have measured it.
std::string compare_metric(const Metric& metric, const Side& base, const Side& other) {
  const std::vector<double> base_values = values_of(metric, base);
  const std::vector<double> other_values = values_of(metric, other);
  if (base_values.empty() || other_values.empty()) {
    return {};
  }
  const double base_value = median(base_values);
  const double other_value = median(other_values);
  const double ratio = other_value / base_value;
  const std::optional<Factors> factors = factors_of(metric, base, other);
  const std::string interval =
      factors ? fmt::format("{:.3f} … {:.3f}", ratio * factors->lowest, ratio * factors->highest)
              : "–";
  return fmt::format("{:<18}{:>12}{:>12}{:>9.3f}{:>19}   {}\n", metric.name,
                     metric.format(base_value), metric.format(other_value), ratio, interval,
                     factors ? judge(metric, ratio, *factors) : "not known");
}

std::string describe_method(const Side& base, const Side& other) {
  if (have_repeats(base, other)) {
    const std::size_t fewest = std::min(base.runs.size(), other.runs.size());
    return fmt::format(
        "Values are medians of {} and {} runs; intervals are from a bootstrap over the runs.\n{}",
        base.runs.size(), other.runs.size(),
        fewest < 5 ? "So few runs make wide intervals: better take 5 or more on each side.\n" : "");
  }
  return "Intervals are from a block bootstrap over the seconds of the runs. A single run cannot "
         "show "
         "what\ndiffers between runs: a difference seen here may be gone in the next. Repeat the "
         "runs, "
         "5 or more\non each side, to be sure.\n";
}

std::string compare_sides(const Side& base, const Side& other) {
  std::string lines;
  for (const Metric& metric : kMetrics) {
    lines += compare_metric(metric, base, other);
  }
  const std::string ratio = fmt::format("{}/{}", other.label, base.label);
  if (lines.empty()) {
    return fmt::format("{}: nothing was measured on both sides\n", ratio);
  }
  return fmt::format("{:<18}{:>12}{:>12}{:>9}{:>19}   {} is\n{}{}Below 1 % is no difference.\n", "",
                     base.label, other.label, ratio, "95 % interval", other.label, lines,
                     describe_method(base, other));
}

std::string describe_side(const Side& side) {
  std::string files;
  for (const Run& run : side.runs) {
    files += fmt::format("{}{}", files.empty() ? "" : ", ", run.file);
  }
  const Result& first = side.runs.front().result;
  return printable(
             fmt::format("{}: {} on {}, {}", side.label, first.workload, first.target, files)) +
         "\n";
}

}  // namespace

CompareReport compare(const std::vector<std::string>& sides) {
  if (sides.size() < 2) {
    return {std::string(kUsage), 2};
  }
  std::vector<Side> read;
  for (const std::string& files : sides) {
    Side& side = read.emplace_back();
    side.label = label_of(read.size() - 1);
    for (const std::string& file : split_at_commas(files)) {
      if (file.empty()) {
        return {std::string(kUsage), 2};
      }
      const std::string error = read_run(file, side);
      if (!error.empty()) {
        return {printable(fmt::format("{}: {}", file, error)) + "\n", 1};
      }
    }
  }
  std::string text;
  for (const Side& side : read) {
    text += describe_side(side);
  }
  for (const std::string& warning : warnings_about(read)) {
    text += printable("WARNING: " + warning) + "\n";
  }
  for (std::size_t i = 1; i < read.size(); ++i) {
    text += "\n" + compare_sides(read.front(), read[i]);
  }
  return {text, 0};
}

}  // namespace loadgen
