#include "chat/web/stats_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace chat {
namespace {

std::string seconds_or_null(std::optional<reactor::Duration> duration) {
  return duration ? fmt::to_string(std::chrono::duration<double>(*duration).count()) : "null";
}

}  // namespace

std::string stats_json(const Metrics& metrics, const ServerInfo& info, reactor::TimePoint now,
                       std::int64_t unix_ms) {
  const MetricsReading reading = metrics.read();
  const LatencyCounts recent = metrics.recent_fanout(now);
  // The clock on the wall can be set back.
  const std::int64_t uptime_ms = std::max<std::int64_t>(unix_ms - info.started_unix_ms, 0);
  return fmt::format(
      R"({{"uptime_seconds":{},"clients":{},"rooms":{},)"
      R"("connections":{{"native":{},"irc":{},"websocket":{},"http":{}}},)"
      R"("messages":{},"deliveries":{},"bytes_in":{},"bytes_out":{},"lagging_sessions":{},)"
      R"("fanout_seconds":{{"p50":{},"p99":{}}}}})",
      static_cast<double>(uptime_ms) / 1000.0, reading.clients, reading.rooms,
      reading.sessions_speaking(Protocol::kNative), reading.sessions_speaking(Protocol::kIrc),
      reading.sessions_speaking(Protocol::kWebSocket), reading.sessions_speaking(Protocol::kHttp),
      reading.messages, reading.deliveries, reading.bytes_received, reading.bytes_sent,
      reading.lagging_sessions, seconds_or_null(recent.quantile(0.5)),
      seconds_or_null(recent.quantile(0.99)));
}

}  // namespace chat
