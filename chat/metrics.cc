#include "chat/metrics.h"

namespace chat {

std::string_view label_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kOpening:
      return "opening";
    case Protocol::kNative:
      return "native";
    case Protocol::kIrc:
      return "irc";
    case Protocol::kWebSocket:
      return "websocket";
    case Protocol::kHttp:
      return "http";
  }
  return "unknown";
}

std::string_view label_of(EndReason reason) {
  switch (reason) {
    case EndReason::kQuit:
      return "quit";
    case EndReason::kPeerClosed:
      return "peer_closed";
    case EndReason::kConnectionLost:
      return "connection_lost";
    case EndReason::kIdle:
      return "idle";
    case EndReason::kPingTimeout:
      return "ping_timeout";
    case EndReason::kStalled:
      return "stalled";
    case EndReason::kOutputOverflow:
      return "output_overflow";
    case EndReason::kInputOverflow:
      return "input_overflow";
    case EndReason::kRegistrationTimeout:
      return "registration_timeout";
    case EndReason::kResumedElsewhere:
      return "resumed_elsewhere";
    case EndReason::kServed:
      return "served";
    case EndReason::kProtocolError:
      return "protocol_error";
    case EndReason::kTlsFailed:
      return "tls_failed";
    case EndReason::kRefused:
      return "refused";
    case EndReason::kServerStopping:
      return "server_stopping";
  }
  return "unknown";
}

MetricsReading Metrics::read() const {
  MetricsReading sum;
  for (const ShardMetrics& shard : shards) {
    for (std::size_t i = 0; i < sum.sessions.size(); ++i) {
      sum.sessions[i] += shard.sessions[i].value();
    }
    sum.sessions_opened += shard.sessions_opened.value();
    for (std::size_t i = 0; i < sum.sessions_closed.size(); ++i) {
      sum.sessions_closed[i] += shard.sessions_closed[i].value();
    }
    sum.lagging_sessions += shard.lagging_sessions.value();
    sum.deliveries += shard.deliveries.value();
    sum.bytes_received += shard.bytes_received.value();
    sum.bytes_sent += shard.bytes_sent.value();
    sum.tls_handshakes += shard.tls_handshakes.value();
    shard.fanout.add_to(sum.fanout);
    shard.turns.add_to(sum.turns);
  }
  sum.messages = hub.messages.value();
  sum.clients = hub.clients.value();
  sum.detached_clients = hub.detached_clients.value();
  sum.rooms = hub.rooms.value();
  sum.connections_refused = hub.connections_refused.value();
  sum.store_queue_bytes = store.queue_bytes();
  sum.store_records_kept = store.records_kept.value();
  sum.store_failing = store.failing.value();
  store.commits.add_to(sum.store_commits);
  return sum;
}

LatencyCounts Metrics::recent_fanout(reactor::TimePoint now) const {
  LatencyCounts sum;
  for (const ShardMetrics& shard : shards) {
    shard.recent_fanout.add_to(sum, now);
  }
  return sum;
}

}  // namespace chat
