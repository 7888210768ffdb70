#include "tools/loadgen/report_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

std::string count(std::uint64_t number) { return format_count(static_cast<double>(number)); }

std::string count_of(std::uint64_t number, const char* one, const char* many) {
  return fmt::format("{} {}", count(number), number == 1 ? one : many);
}

void add_slow_readers(const SlowReaderResult& slow, std::vector<Setting>& facts) {
  if (slow.readers == 0) {
    return;
  }
  facts.push_back({"slow readers", fmt::format("{}, {} behind at most; latency is that of the rest",
                                               count(slow.readers),
                                               count_of(slow.behind_max, "message", "messages"))});
  if (!slow.catching_up.empty()) {
    facts.push_back({"", fmt::format("caught up {}, each at {} messages or {} a second",
                                     count_of(slow.catching_up.count(), "time", "times"),
                                     format_number(slow.messages_per_second()),
                                     format_bytes(slow.bytes_per_second()))});
  }
  if (slow.never > 0) {
    facts.push_back({"", fmt::format("{} NEVER CAUGHT UP", count(slow.never))});
  }
}

void add_reconnects(const ReconnectResult& reconnects, std::vector<Setting>& facts) {
  if (reconnects.clients == 0) {
    return;
  }
  facts.push_back(
      {"reconnects", fmt::format("{} lost their connection {} and resumed {}; latency is that of "
                                 "the rest",
                                 count_of(reconnects.clients, "client", "clients"),
                                 count_of(reconnects.dropped, "time", "times"),
                                 count_of(reconnects.resuming.count(), "time", "times"))});
  if (reconnects.gaps > 0) {
    facts.push_back(
        {"", fmt::format("{} of {}, the first from {}", count_of(reconnects.gaps, "GAP", "GAPS"),
                         count_of(reconnects.gap_messages, "number", "numbers"),
                         reconnects.first_gap)});
  }
}

void add_acks(const AckResult& acks, std::vector<Setting>& facts) {
  if (acks.asked > 0) {
    facts.push_back({"acknowledged", fmt::format("{} of {}", count(acks.asked - acks.missing),
                                                 count_of(acks.asked, "message", "messages"))});
  }
}

void add_crash(const CrashResult& crash, std::vector<Setting>& facts) {
  if (crash.kills == 0 && crash.ended.empty()) {
    return;
  }
  const HistoryResult& history = crash.history;
  facts.push_back({"kills", fmt::format("{}; {} sent again", count(crash.kills),
                                        count_of(crash.sent_again, "message", "messages"))});
  facts.push_back({"history", fmt::format("{}; {} heard and announced as gone, never acknowledged",
                                          count_of(history.in_history, "message", "messages"),
                                          count(history.heard_and_gone))});
  const char* name = "offenders";
  for (const std::string& offender : history.offenders) {
    facts.push_back({std::exchange(name, ""), offender});
  }
}

}  // namespace

std::size_t kinds_in(const Result& result) {
  return std::min(result.kinds.size(), result.total.of_kinds.size());
}

std::vector<Setting> facts_of_log(const Result& result) {
  std::vector<Setting> facts;
  add_acks(result.acks, facts);
  add_slow_readers(result.slow_readers, facts);
  add_reconnects(result.reconnects, facts);
  add_crash(result.crash, facts);
  return facts;
}

std::vector<Distribution> distributions_of_log(const Result& result) {
  std::vector<Distribution> found;
  const auto add = [&found](const char* name, const Histogram& histogram) {
    if (!histogram.empty()) {
      found.push_back({name, histogram});
    }
  };
  add("acks, from due", result.total.acks.corrected);
  add("  from sent", result.total.acks.uncorrected);
  add("catching up", result.slow_readers.catching_up);
  add("resumed", result.reconnects.resuming);
  add("caught up", result.reconnects.catching_up);
  add("restarted", result.crash.restarting);
  add("all back", result.crash.returning);
  return found;
}

}  // namespace loadgen
