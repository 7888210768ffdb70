#include "tools/loadgen/result_json.h"

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kSchema = 1;
// Each stage has five histograms of 37 KB.
constexpr std::size_t kStagesMax = 1000;
// And each of so many kinds two more.
constexpr std::size_t kKindsMax = 8;

// T is Of or const Of: one list of fields serves both directions.
template <class T, class Of>
concept Either = std::same_as<std::remove_const_t<T>, Of>;

// For fields that came later: results without them are read as if nothing of the kind was measured.
struct Later {};
constexpr Later kLater;

void for_each_field(Either<Integrity> auto& integrity, auto&& visit) {
  visit("expected", integrity.expected);
  visit("delivered", integrity.delivered);
  visit("lost", integrity.lost);
  visit("doubled", integrity.doubled);
  visit("reordered", integrity.reordered);
  visit("corrupted", integrity.corrupted);
}

void for_each_field(Either<RoomResult> auto& room, auto&& visit) {
  visit("name", room.name);
  visit("members", room.members);
  visit("integrity", room.integrity);
}

void for_each_field(Either<KindResult> auto& kind, auto&& visit) {
  visit("scheme", kind.scheme);
  visit("clients", kind.clients);
  visit("registration", kind.registration);
  visit("integrity", kind.integrity);
}

void for_each_field(Either<Latency> auto& latency, auto&& visit) {
  visit("corrected", latency.corrected);
  visit("uncorrected", latency.uncorrected);
}

void for_each_field(Either<StageResult> auto& stage, auto&& visit) {
  visit("asked_per_second", stage.asked_per_second);
  visit("seconds", stage.seconds);
  visit("delivering_seconds", stage.delivering_seconds);
  visit("sent", stage.sent);
  visit("delivered", stage.delivered);
  visit("latency", stage.latency);
  visit("lateness", stage.lateness);
  visit("server_cpu_seconds", stage.server_cpu_seconds);
  visit("server_load", stage.server_load);
  visit("generator_cpu_seconds", stage.generator_cpu_seconds);
  visit("generator_busiest_thread", stage.generator_busiest_thread);
  visit("objectives_kept", stage.objectives_kept);
  visit("acks", stage.acks, kLater);
  visit("server_busiest_thread_seconds", stage.server_busiest_thread_seconds, kLater);
  visit("of_kinds", stage.of_kinds, kLater);
}

void for_each_field(Either<Sample> auto& sample, auto&& visit) {
  visit("at_seconds", sample.at_seconds);
  visit("seconds", sample.seconds);
  visit("sent", sample.sent);
  visit("delivered", sample.delivered);
  visit("errors", sample.errors);
  visit("connections", sample.connections);
  visit("p50_ns", sample.p50_ns);
  visit("p99_ns", sample.p99_ns);
  visit("max_ns", sample.max_ns);
  visit("asked_per_second", sample.asked_per_second);
  visit("server_cpu", sample.server_cpu);
  visit("generator_cpu", sample.generator_cpu);
  visit("server_memory_bytes", sample.server_memory_bytes);
  visit("acknowledged", sample.acknowledged, kLater);
  visit("ack_p50_ns", sample.ack_p50_ns, kLater);
  visit("ack_p99_ns", sample.ack_p99_ns, kLater);
}

void for_each_field(Either<Registration> auto& registration, auto&& visit) {
  visit("clients", registration.clients);
  visit("seconds", registration.seconds);
  visit("latency", registration.latency);
}

void for_each_field(Either<ServerUse> auto& server, auto&& visit) {
  visit("pid", server.pid);
  visit("cpu_seconds", server.cpu_seconds);
  visit("memory_before_bytes", server.memory_before_bytes);
  visit("memory_registered_bytes", server.memory_registered_bytes);
  visit("memory_peak_bytes", server.memory_peak_bytes);
  visit("deliveries_per_cpu_second", server.deliveries_per_cpu_second);
  visit("bytes_per_connection", server.bytes_per_connection);
  visit("busiest_thread_seconds", server.busiest_thread_seconds, kLater);
}

void for_each_field(Either<Fairness> auto& fairness, auto&& visit) {
  visit("fastest_mean_ns", fairness.fastest_mean_ns);
  visit("median_mean_ns", fairness.median_mean_ns);
  visit("slowest_mean_ns", fairness.slowest_mean_ns);
}

void for_each_field(Either<SlowReaderResult> auto& slow, auto&& visit) {
  visit("readers", slow.readers);
  visit("behind_max", slow.behind_max);
  visit("catching_up", slow.catching_up);
  visit("messages", slow.messages);
  visit("bytes", slow.bytes);
  visit("never", slow.never);
}

void for_each_field(Either<ReconnectResult> auto& reconnects, auto&& visit) {
  visit("clients", reconnects.clients);
  visit("dropped", reconnects.dropped);
  visit("resuming", reconnects.resuming);
  visit("catching_up", reconnects.catching_up);
  visit("gaps", reconnects.gaps);
  visit("gap_messages", reconnects.gap_messages);
  visit("first_gap", reconnects.first_gap);
}

void for_each_field(Either<AckResult> auto& acks, auto&& visit) {
  visit("asked", acks.asked);
  visit("missing", acks.missing);
  visit("unexpected", acks.unexpected);
}

void for_each_field(Either<HistoryResult> auto& history, auto&& visit) {
  visit("acknowledged", history.acknowledged);
  visit("in_history", history.in_history);
  visit("heard_and_gone", history.heard_and_gone);
  visit("missing", history.missing);
  visit("vanished", history.vanished);
  visit("repeated", history.repeated);
  visit("foreign", history.foreign);
  visit("ids_reused", history.ids_reused);
  visit("ids_back", history.ids_back);
  visit("ids_changed", history.ids_changed);
  visit("offenders", history.offenders);
}

void for_each_field(Either<CrashResult> auto& crash, auto&& visit) {
  visit("kills", crash.kills);
  visit("restarting", crash.restarting);
  visit("returning", crash.returning);
  visit("sent_again", crash.sent_again);
  visit("sessions_lost", crash.sessions_lost);
  visit("ended", crash.ended);
  visit("history", crash.history);
}

void for_each_field(Either<Result> auto& result, auto&& visit) {
  visit("version", result.version);
  visit("started_at", result.started_at);
  visit("command_line", result.command_line);
  visit("target", result.target);
  visit("workload", result.workload);
  visit("machine", result.machine);
  visit("settings", result.settings);
  visit("verdict", result.verdict);
  visit("reasons", result.reasons);
  visit("warnings", result.warnings);
  visit("closed_loop", result.closed_loop);
  visit("registration", result.registration);
  visit("stages", result.stages);
  visit("total", result.total);
  visit("max_rate_kept", result.max_rate_kept);
  visit("rooms", result.rooms);
  visit("integrity", result.integrity);
  visit("disagreement", result.disagreement);
  visit("fairness", result.fairness);
  visit("server", result.server);
  visit("samples", result.samples);
  visit("connections_lost", result.connections_lost);
  visit("churned", result.churned);
  visit("slow_readers", result.slow_readers, kLater);
  visit("reconnects", result.reconnects, kLater);
  visit("acks", result.acks, kLater);
  visit("crash", result.crash, kLater);
  visit("kinds", result.kinds, kLater);
}

struct IgnoreField {
  void operator()(const char* /*name*/, auto& /*value*/, auto... /*later*/) const {}
};

template <class T>
concept HasFields = requires(T& value) {
  for_each_field(value, IgnoreField{});
};

// ---- writing

template <class T>
requires std::is_arithmetic_v<T> || std::same_as<T, std::string> ordered_json
encode(const T& value) {
  return value;
}

ordered_json encode(Verdict verdict) { return to_string(verdict); }

ordered_json encode(const Histogram& histogram) {
  ordered_json buckets = ordered_json::array();
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    buckets.push_back({bucket.highest_ns, bucket.count});
  }
  return {{"count", histogram.count()},
          {"min_ns", histogram.min_ns()},
          {"mean_ns", histogram.mean_ns()},
          {"p50_ns", histogram.percentile_ns(50)},
          {"p90_ns", histogram.percentile_ns(90)},
          {"p99_ns", histogram.percentile_ns(99)},
          {"p999_ns", histogram.percentile_ns(99.9)},
          {"p9999_ns", histogram.percentile_ns(99.99)},
          {"max_ns", histogram.max_ns()},
          {"buckets", std::move(buckets)}};
}

ordered_json encode(const std::vector<Setting>& settings) {
  ordered_json object = ordered_json::object();
  for (const Setting& setting : settings) {
    object[setting.name] = setting.value;
  }
  return object;
}

template <HasFields T>
ordered_json encode(const T& value);

template <class T>
ordered_json encode(const std::vector<T>& values) {
  ordered_json array = ordered_json::array();
  for (const T& value : values) {
    array.push_back(encode(value));
  }
  return array;
}

template <HasFields T>
ordered_json encode(const T& value) {
  ordered_json object = ordered_json::object();
  for_each_field(value, [&](const char* name, const auto& field, auto... /*later*/) {
    object[name] = encode(field);
  });
  if constexpr (std::same_as<T, StageResult>) {
    object["sent_per_second"] = value.sent_per_second();
    object["delivered_per_second"] = value.delivered_per_second();
  }
  return object;
}

// ---- reading

// Fills values from JSON. After the first error nothing more is read.
class Decoder {
 public:
  const std::string& error() const { return error_; }

  void decode(const json& from, bool& to) {
    expect(from.is_boolean(), "neither true nor false", [&] { to = from.get<bool>(); });
  }

  void decode(const json& from, double& to) {
    expect(from.is_number(), "not a number", [&] { to = from.get<double>(); });
  }

  void decode(const json& from, std::uint64_t& to) {
    expect(from.is_number_unsigned(), "not a whole number of 0 or more",
           [&] { to = from.get<std::uint64_t>(); });
  }

  void decode(const json& from, int& to) {
    const bool fits =
        from.is_number_unsigned() &&
        std::cmp_less_equal(from.get<std::uint64_t>(), std::numeric_limits<int>::max());
    expect(fits, "not a whole number of 0 or more that fits", [&] { to = from.get<int>(); });
  }

  void decode(const json& from, std::string& to) {
    expect(from.is_string(), "not a string", [&] { to = from.get<std::string>(); });
  }

  void decode(const json& from, Verdict& to) {
    std::string name;
    decode(from, name);
    for (const Verdict verdict : {Verdict::kPassed, Verdict::kInvalid, Verdict::kObjectiveMissed,
                                  Verdict::kIntegrityBroken}) {
      if (name == to_string(verdict)) {
        to = verdict;
        return;
      }
    }
    fail("not a verdict");
  }

  void decode(const json& from, std::vector<Setting>& to) {
    expect(from.is_object(), "not an object", [&] {
      for (const auto& [name, value] : from.items()) {
        Setting& setting = to.emplace_back();
        setting.name = name;
        within(name, [&, &field = value] { decode(field, setting.value); });
      }
    });
  }

  void decode(const json& from, Histogram& to) {
    std::uint64_t count = 0;
    std::vector<Histogram::Bucket> buckets;
    expect(from.is_object(), "not an object", [&] {
      decode_field(from, "count", count);
      decode_field(from, "buckets", buckets);
    });
    if (failed()) {
      return;
    }
    std::uint64_t sum = 0;
    std::uint64_t previous_ns = 0;
    for (const Histogram::Bucket& bucket : buckets) {
      const bool is_first = &bucket == &buckets.front();
      if ((!is_first && bucket.highest_ns <= previous_ns) ||
          bucket.highest_ns > Histogram::kLongestNs || bucket.count == 0 ||
          bucket.count > count - sum) {
        return fail("the buckets make no histogram");
      }
      previous_ns = bucket.highest_ns;
      sum += bucket.count;
    }
    if (sum != count) {
      return fail("count is not the sum of the buckets");
    }
    to = Histogram::from_buckets(buckets);
  }

  void decode(const json& from, Histogram::Bucket& to) {
    expect(from.is_array() && from.size() == 2, "not a pair", [&] {
      decode(from[0], to.highest_ns);
      decode(from[1], to.count);
    });
  }

  template <class T>
  void decode(const json& from, std::vector<T>& to) {
    if (std::same_as<T, StageResult> && from.size() > kStagesMax) {
      return fail(fmt::format("more than {} stages", kStagesMax));
    }
    if ((std::same_as<T, Latency> || std::same_as<T, KindResult>)&&from.size() > kKindsMax) {
      return fail(fmt::format("more than {} kinds", kKindsMax));
    }
    expect(from.is_array(), "not an array", [&] {
      to.reserve(from.size());
      for (std::size_t i = 0; i < from.size() && !failed(); ++i) {
        within(fmt::format("[{}]", i), [&] { decode(from[i], to.emplace_back()); });
      }
    });
  }

  template <HasFields T>
  void decode(const json& from, T& to) {
    expect(from.is_object(), "not an object", [&] {
      for_each_field(to, [&](const char* name, auto& field, auto... later) {
        if (sizeof...(later) == 0 || from.contains(name)) {
          decode_field(from, name, field);
        }
      });
    });
  }

  template <class T>
  void decode_field(const json& object, const char* name, T& to) {
    within(name, [&] {
      const auto found = object.find(name);
      if (found == object.end()) {
        return fail("missing");
      }
      decode(*found, to);
    });
  }

  void fail(std::string_view why) {
    if (!failed()) {
      // A key may be anything.
      error_ = printable(fmt::format("{}{}{}", where_, where_.empty() ? "" : ": ", why));
    }
  }

 private:
  bool failed() const { return !error_.empty(); }

  void expect(bool is_right, std::string_view otherwise, auto&& then) {
    if (failed()) {
      return;
    }
    if (is_right) {
      then();
    } else {
      fail(otherwise);
    }
  }

  // step: a key, or an index in brackets.
  void within(std::string_view step, auto&& then) {
    constexpr std::size_t kStepBytesMax = 64;
    if (failed()) {
      return;
    }
    const std::size_t outer = where_.size();
    where_ += where_.empty() || step.starts_with('[') ? "" : ".";
    where_ += step.substr(0, kStepBytesMax);
    then();
    where_.resize(outer);
  }

  std::string where_;
  std::string error_;
};

}  // namespace

std::string to_json(const Result& result) {
  ordered_json object = {{"schema", kSchema}, {"exit_code", static_cast<int>(result.verdict)}};
  object.update(encode(result));
  std::string text;
  for (const auto& [name, value] : object.items()) {
    // What a server sent may be no UTF-8.
    text += fmt::format("{}\"{}\": {}", text.empty() ? "{\n" : ",\n", name,
                        value.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  }
  return text + "\n}\n";
}

ReadResult from_json(std::string_view text) {
  if (text.size() > kJsonBytesMax) {
    return {std::nullopt, fmt::format("longer than {}", format_bytes(kJsonBytesMax))};
  }
  json parsed;
  try {
    parsed = json::parse(text);
  } catch (const json::parse_error& error) {
    return {std::nullopt, fmt::format("not JSON (byte {})", error.byte)};
  } catch (const json::exception&) {
    return {std::nullopt, "JSON with a number that is out of range"};
  }
  if (!parsed.is_object() || !parsed.contains("schema")) {
    return {std::nullopt, "JSON, but not a result of chat-loadgen"};
  }
  if (parsed["schema"] != kSchema) {
    return {std::nullopt, fmt::format("not of schema {}, the one that is read here", kSchema)};
  }
  Decoder decoder;
  Result result;
  decoder.decode(parsed, result);
  if (!decoder.error().empty()) {
    return {std::nullopt, decoder.error()};
  }
  return {std::move(result), {}};
}

}  // namespace loadgen
