#pragma once

#include <cstdint>
#include <string>

#include "chat/metrics.h"
#include "chat/server_info.h"
#include "reactor/net.h"

namespace chat {

// What /stats.json answers: what people look at, in one object.
//   {"uptime_seconds":12.5,"clients":3,"rooms":2,
//    "connections":{"native":2,"irc":1,"websocket":4,"http":0},"messages":123,"deliveries":4567,
//    "bytes_in":1,"bytes_out":1,"lagging_sessions":0,"fanout_seconds":{"p50":0.00012,"p99":0.0009}}
// The quantiles are of the last seconds, and null when nothing was delivered in them. now: as the
// shards' clocks have it. Any thread.
std::string stats_json(const Metrics& metrics, const ServerInfo& info, reactor::TimePoint now,
                       std::int64_t unix_ms);

}  // namespace chat
