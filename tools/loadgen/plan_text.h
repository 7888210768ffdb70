#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"

namespace loadgen {

// The parts of a plan as people write them. Nothing when the text is none.

// "500us", "20ms", "1.5s", "10s", "2m", "1h"; a bare number is seconds.
std::optional<Duration> parse_duration(std::string_view text);
// "200", "0.5", "1.5k", "2M".
std::optional<double> parse_count(std::string_view text);
// "30s@1k,60s@5k": how long at which rate, one stage after the other.
std::optional<std::vector<Stage>> parse_stages(std::string_view text);
// "64", "32-512", "64:9,512:1": a length, a range, or several of them with weights.
std::optional<std::vector<SizeRange>> parse_sizes(std::string_view text);
// "p99<10ms", "max<1s"; of acknowledgements "ack-p99<10ms".
std::optional<Objective> parse_objective(std::string_view text);
// "nats://host:port", "localhost:8888", "wss://localhost/ws". Addresses are not resolved.
std::optional<Target> parse_target(std::string_view text);
// "native,irc,ws", with shares "native=2,irc=1,ws=1": kinds that chat-server speaks, at least two.
std::optional<std::vector<KindShare>> parse_mix(std::string_view text);
// "127.0.0.2,127.0.0.3" or, for IPv4, "127.0.0.2-127.0.0.9".
std::optional<std::vector<reactor::Address>> parse_sources(std::string_view text);
// "4%", or as part of one: "0.04".
std::optional<double> parse_share(std::string_view text);

// What a run was asked to do, for the reports.
std::vector<Setting> describe(const Plan& plan);

}  // namespace loadgen
