#include "tools/loadgen/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "tools/loadgen/report_facts.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kLabelColumns = 14;
constexpr std::size_t kStagesShown = 12;
constexpr std::size_t kRoomsShown = 5;
constexpr std::size_t kSentencesShown = 6;

// Lines of a label and what belongs to it.
class Page {
 public:
  // Wraps between words. An empty label continues what was said before.
  void line(std::string_view label, std::string_view what) {
    std::string shown = printable(what);
    std::string_view rest = shown;
    constexpr std::size_t kRoom = kColumns - kLabelColumns;
    while (!rest.empty()) {
      // Bytes for columns: what is not ASCII wraps a little early.
      std::size_t size = std::min(rest.size(), kRoom);
      if (size < rest.size()) {
        const std::size_t space = rest.rfind(' ', size);
        size = space == std::string_view::npos || space == 0 ? whole_characters(rest, size) : space;
      }
      raw(label, rest.substr(0, size));
      label = {};
      rest.remove_prefix(size);
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    }
  }

  // For what is laid out already.
  void raw(std::string_view label, std::string_view what) {
    text_ += fmt::format("{:<{}}{}\n", label, kLabelColumns, what);
  }

  void gap() { text_ += '\n'; }

  std::string take() { return std::move(text_); }

 private:
  static std::size_t whole_characters(std::string_view text, std::size_t size) {
    while (size > 1 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80) {
      --size;
    }
    return size;
  }

  std::string text_;
};

std::string join(std::string_view first, std::string_view second) {
  return first.empty() || second.empty() ? fmt::format("{}{}", first, second)
                                         : fmt::format("{}, {}", first, second);
}

void add_sentences(Page& page, std::string_view label, const std::vector<std::string>& sentences) {
  const std::size_t shown = std::min(sentences.size(), kSentencesShown);
  for (std::size_t i = 0; i < shown; ++i) {
    page.line(i == 0 ? label : "", sentences[i]);
  }
  if (shown < sentences.size()) {
    page.line("", fmt::format("… and {} more", sentences.size() - shown));
  }
}

void add_heading(Page& page, const Result& result) {
  page.line(result.workload, fmt::format("{} · {}", result.target, result.started_at));
  std::string settings;
  for (const Setting& setting : result.settings) {
    settings = join(settings, fmt::format("{} {}", setting.name, setting.value));
  }
  page.line("", settings);
  page.line("", fmt::format("{} · chat-loadgen {}", result.machine, result.version));
}

void add_throughput(Page& page, const Result& result) {
  const StageResult& total = result.total;
  if (total.sent == 0 && total.asked_per_second == 0) {
    page.line("messages", "none sent");
    return;
  }
  std::string asked;
  if (result.closed_loop) {
    asked = "as many as are answered, ";
  } else if (total.asked_per_second > 0) {
    asked = fmt::format("{} per second asked, ", format_number(total.asked_per_second));
  }
  page.line("messages", fmt::format("{}{} per second sent ({} in {})", asked,
                                    format_number(total.sent_per_second()),
                                    format_count(static_cast<double>(total.sent)),
                                    format_duration_ns(total.seconds * 1e9)));
  page.line("deliveries",
            fmt::format("{} per second ({})", format_number(total.delivered_per_second()),
                        format_count(static_cast<double>(total.delivered))));
  if (result.max_rate_kept > 0) {
    page.line("highest rate", fmt::format("{} messages per second keep the objectives",
                                          format_number(result.max_rate_kept)));
  }
}

void add_stages(Page& page, const Result& result) {
  if (result.stages.size() < 2) {
    return;
  }
  page.gap();
  page.raw("stage", fmt::format("{:>8}{:>9}{:>12}{:>9}{:>9}{:>10}{:>9}", "asked/s", "sent/s",
                                "delivered/s", "p50", "p99", "late p99", "server"));
  for (std::size_t i = 0; i < std::min(result.stages.size(), kStagesShown); ++i) {
    const StageResult& stage = result.stages[i];
    const Histogram& latency = stage.latency.corrected;
    page.raw(fmt::format("{} {}", i + 1, stage.objectives_kept ? "" : "missed"),
             fmt::format("{:>8}{:>9}{:>12}{:>9}{:>9}{:>10}{:>9}",
                         stage.asked_per_second > 0 ? format_number(stage.asked_per_second) : "–",
                         format_number(stage.sent_per_second()),
                         format_number(stage.delivered_per_second()),
                         format_duration_ns(static_cast<double>(latency.percentile_ns(50))),
                         format_duration_ns(static_cast<double>(latency.percentile_ns(99))),
                         format_duration_ns(static_cast<double>(stage.lateness.percentile_ns(99))),
                         stage.server_cpu() > 0 ? format_percent(stage.server_cpu()) : "–"));
  }
  if (result.stages.size() > kStagesShown) {
    page.line("", fmt::format("… and {} more", result.stages.size() - kStagesShown));
  }
}

void add_distribution(Page& page, std::string_view label, const Histogram& histogram) {
  if (histogram.empty()) {
    return;
  }
  std::string row;
  for (const double percent : {50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    row += fmt::format("{:>11}",
                       format_duration_ns(static_cast<double>(histogram.percentile_ns(percent))));
  }
  page.raw(label, row);
}

void add_latency(Page& page, const Result& result) {
  const Latency& latency = result.total.latency;
  page.gap();
  page.raw("latency", fmt::format("{:>11}{:>11}{:>11}{:>11}{:>11}{:>11}", "p50", "p90", "p99",
                                  "p99.9", "p99.99", "max"));
  add_distribution(page, "  corrected", latency.corrected);
  for (std::size_t kind = 0; kind < kinds_in(result); ++kind) {
    add_distribution(page, "    " + result.kinds[kind].scheme,
                     result.total.of_kinds[kind].corrected);
  }
  add_distribution(page, "  uncorrected", latency.uncorrected);
  add_distribution(page, "lateness", result.total.lateness);
  add_distribution(page, "registration", result.registration.latency);
  for (const Distribution& distribution : distributions_of_log(result)) {
    add_distribution(page, distribution.name, distribution.histogram);
  }
  if (!latency.corrected.empty()) {
    page.raw("", "corrected: from when due; uncorrected: from when sent");
  }
  page.gap();
}

void add_clients(Page& page, const Result& result) {
  const Registration& registration = result.registration;
  const auto clients = static_cast<double>(registration.clients);
  std::string text = fmt::format("{} registered", format_count(clients));
  if (registration.seconds > 0) {
    text += fmt::format(" in {}, {} per second", format_duration_ns(registration.seconds * 1e9),
                        format_number(clients / registration.seconds));
  }
  if (result.churned > 0) {
    text += fmt::format(", {} left and were replaced",
                        format_count(static_cast<double>(result.churned)));
  }
  page.line("clients", text);
  const Fairness& fairness = result.fairness;
  if (fairness.median_mean_ns > 0) {
    page.line("fairness", fmt::format("members' mean latencies: {} to {}, median {}",
                                      format_duration_ns(fairness.fastest_mean_ns),
                                      format_duration_ns(fairness.slowest_mean_ns),
                                      format_duration_ns(fairness.median_mean_ns)));
  }
}

void add_log(Page& page, const Result& result) {
  for (const Setting& fact : facts_of_log(result)) {
    page.line(fact.name, fact.value);
  }
}

void add_processes(Page& page, const Result& result) {
  const StageResult& total = result.total;
  const ServerUse& server = result.server;
  if (total.seconds > 0) {
    page.line("generator", fmt::format("{} of CPU time, its busiest thread at {}",
                                       format_duration_ns(total.generator_cpu_seconds * 1e9),
                                       format_percent(total.generator_busiest_thread)));
  }
  if (server.pid == 0) {
    page.line("server", "not watched: --server-pid and --spawn show its CPU time and memory");
    return;
  }
  std::string use = fmt::format("{} of CPU time", format_duration_ns(server.cpu_seconds * 1e9));
  if (server.deliveries_per_cpu_second > 0) {
    use = join(use, fmt::format("{} deliveries per CPU-second",
                                format_count(server.deliveries_per_cpu_second)));
  }
  page.line("server", use);
  // Where one thread does it all, that was said.
  constexpr double kAlone = 0.95;
  if (server.busiest_thread_seconds > 0 &&
      server.busiest_thread_seconds < kAlone * server.cpu_seconds) {
    page.line("", fmt::format("its busiest thread: {}, {} deliveries per CPU-second",
                              format_duration_ns(server.busiest_thread_seconds * 1e9),
                              format_count(static_cast<double>(total.delivered) /
                                           server.busiest_thread_seconds)));
  }
  page.line("", fmt::format("memory: {} before, {} with all clients, {} at most",
                            format_bytes(static_cast<double>(server.memory_before_bytes)),
                            format_bytes(static_cast<double>(server.memory_registered_bytes)),
                            format_bytes(static_cast<double>(server.memory_peak_bytes))));
  if (server.bytes_per_connection > 0) {
    page.line("", fmt::format("{} per connection", format_bytes(server.bytes_per_connection)));
  }
}

std::string describe_faults(const Integrity& integrity) {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) {
      text = join(text, fmt::format("{} {}", format_count(static_cast<double>(count)), what));
    }
  };
  add(integrity.lost, "lost");
  add(integrity.doubled, "doubled");
  add(integrity.reordered, "out of order");
  add(integrity.corrupted, "corrupted");
  return text;
}

void add_integrity(Page& page, const Result& result) {
  const Integrity& all = result.integrity;
  const std::string counts =
      fmt::format("{} of {} deliveries", format_count(static_cast<double>(all.delivered)),
                  format_count(static_cast<double>(all.expected)));
  std::string faults = describe_faults(all);
  if (result.connections_lost > 0) {
    faults = join(faults, fmt::format("{} connections lost",
                                      format_count(static_cast<double>(result.connections_lost))));
  }
  if (!faults.empty()) {
    page.line("integrity", fmt::format("BROKEN: {}; {}", faults, counts));
  } else if (all.expected == 0) {
    page.line("integrity", "nothing was to be delivered");
  } else {
    page.line("integrity", fmt::format("all {} deliveries came, once each, in order and undamaged",
                                       format_count(static_cast<double>(all.delivered))));
  }
  for (const KindResult& kind : result.kinds) {
    if (!kind.integrity.intact()) {
      page.line("", fmt::format("  {} ({} clients): {}", kind.scheme, kind.clients,
                                describe_faults(kind.integrity)));
    }
  }
  std::size_t broken = 0;
  for (const RoomResult& room : result.rooms) {
    if (room.integrity.intact()) {
      continue;
    }
    if (++broken <= kRoomsShown) {
      page.line("", fmt::format("  {} ({} members): {}", room.name, room.members,
                                describe_faults(room.integrity)));
    }
  }
  if (broken > kRoomsShown) {
    page.line(
        "", fmt::format("  … and {} more of {} rooms", broken - kRoomsShown, result.rooms.size()));
  }
  if (!result.disagreement.empty()) {
    page.line("order", "MEMBERS DISAGREE: " + result.disagreement);
  }
}

}  // namespace

std::string describe(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kInvalid:
      return "INVALID: the generator was the limit, the figures say little of the server";
    case Verdict::kObjectiveMissed:
      return "OBJECTIVE MISSED";
    case Verdict::kIntegrityBroken:
      return "INTEGRITY BROKEN";
  }
  return to_string(verdict);
}

std::string text_report(const Result& result) {
  Page page;
  add_heading(page, result);
  page.gap();
  add_throughput(page, result);
  add_stages(page, result);
  add_latency(page, result);
  add_clients(page, result);
  add_log(page, result);
  add_processes(page, result);
  add_integrity(page, result);
  page.gap();
  add_sentences(page, "warning", result.warnings);
  add_sentences(page, "because", result.reasons);
  page.line("verdict", describe(result.verdict));
  return page.take();
}

}  // namespace loadgen
