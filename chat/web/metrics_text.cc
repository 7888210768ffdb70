#include "chat/web/metrics_text.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace chat {
namespace {

double seconds_of(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

double seconds_of(reactor::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// One metric after the other. A name is written as it is: with prefix and unit.
class PrometheusText {
 public:
  template <class Number>
  void gauge(std::string_view name, std::string_view help, Number value) {
    begin(name, "gauge", help);
    sample(name, value);
  }

  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    begin(name, "counter", help);
    sample(name, value);
  }

  // One sample for each value of an enumeration, whose names label_of knows.
  template <class Label, std::size_t kCount>
  void by_label(std::string_view name, std::string_view type, std::string_view help,
                std::string_view label, const std::array<std::uint64_t, kCount>& values) {
    begin(name, type, help);
    for (std::size_t i = 0; i < kCount; ++i) {
      sample(name, label, label_of(static_cast<Label>(i)), values[i]);
    }
  }

  void info(std::string_view name, std::string_view help, std::string_view label,
            std::string_view value) {
    begin(name, "gauge", help);
    sample(name, label, value, 1U);
  }

  void histogram(std::string_view name, std::string_view help, const LatencyCounts& counts) {
    begin(name, "histogram", help);
    const std::string bucket_name = fmt::format("{}_bucket", name);
    std::uint64_t so_far = 0;
    for (std::size_t bucket = 0; bucket < kLatencyBoundCount; ++bucket) {
      so_far += counts.buckets[bucket];
      sample(bucket_name, "le", fmt::to_string(seconds_of(latency_bound(bucket))), so_far);
    }
    so_far += counts.buckets.back();
    sample(bucket_name, "le", "+Inf", so_far);
    sample(fmt::format("{}_sum", name), seconds_of(counts.sum_ns));
    sample(fmt::format("{}_count", name), so_far);
  }

  std::string take() { return std::move(text_); }

 private:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                   type);
  }

  template <class Number>
  void sample(std::string_view name, Number value) {
    fmt::format_to(std::back_inserter(text_), "{} {}\n", name, value);
  }

  template <class Number>
  void sample(std::string_view name, std::string_view label, std::string_view label_value,
              Number value) {
    text_.append(name).append("{").append(label).append("=\"");
    append_escaped(label_value);
    fmt::format_to(std::back_inserter(text_), "\"}} {}\n", value);
  }

  void append_escaped(std::string_view label_value) {
    for (const char c : label_value) {
      if (c == '\\' || c == '"' || c == '\n') {
        text_ += '\\';
      }
      text_ += c == '\n' ? 'n' : c;
    }
  }

  std::string text_;
};

void add_sessions(PrometheusText& page, const MetricsReading& reading) {
  page.by_label<Protocol>("reactor_chat_connections", "gauge",
                          "Connections now, by what they speak.", "protocol", reading.sessions);
  page.gauge("reactor_chat_clients", "Clients registered and connected now.", reading.clients);
  page.gauge("reactor_chat_detached_clients",
             "Clients that have lost the connection and may come back.", reading.detached_clients);
  page.gauge("reactor_chat_rooms", "Rooms now, the lobby included.", reading.rooms);
  page.gauge("reactor_chat_lagging_sessions",
             "Sessions fed from the log now because they read too slowly or catch up.",
             reading.lagging_sessions);
  page.counter("reactor_chat_sessions_opened_total", "Connections taken.", reading.sessions_opened);
  page.by_label<EndReason>("reactor_chat_sessions_closed_total", "counter",
                           "Connections that have ended, by why.", "reason",
                           reading.sessions_closed);
  page.counter("reactor_chat_connections_refused_total",
               "Connections turned away because there were too many.", reading.connections_refused);
  page.counter("reactor_chat_tls_handshakes_total", "TLS handshakes completed.",
               reading.tls_handshakes);
}

void add_traffic(PrometheusText& page, const MetricsReading& reading) {
  page.counter("reactor_chat_messages_total", "Messages accepted.", reading.messages);
  page.counter("reactor_chat_deliveries_total",
               "Events given to the outputs of connections: each message once for each recipient.",
               reading.deliveries);
  page.counter("reactor_chat_received_bytes_total", "Bytes read from connections.",
               reading.bytes_received);
  page.counter("reactor_chat_sent_bytes_total", "Bytes written to connections.",
               reading.bytes_sent);
  page.histogram("reactor_chat_fanout_latency_seconds",
                 "From accepting a message to having written it to a recipient, for each delivery.",
                 reading.fanout);
  page.histogram("reactor_chat_loop_turn_seconds",
                 "How long a turn of an event loop took, without waiting.", reading.turns);
}

void add_store(PrometheusText& page, const MetricsReading& reading) {
  page.gauge("reactor_chat_store_queue_bytes", "What waits to be kept.", reading.store_queue_bytes);
  page.counter("reactor_chat_store_records_total", "Records kept.", reading.store_records_kept);
  page.histogram("reactor_chat_store_commit_seconds",
                 "How long a transaction of the store took until it was kept.",
                 reading.store_commits);
  page.gauge("reactor_chat_store_failing", "1 while nothing can be kept.", reading.store_failing);
}

}  // namespace

std::string metrics_text(const Metrics& metrics, const ServerInfo& info) {
  const MetricsReading reading = metrics.read();
  PrometheusText page;
  add_sessions(page, reading);
  add_traffic(page, reading);
  add_store(page, reading);
  page.info("reactor_chat_build_info", "1; its labels say what is running.", "version",
            info.version);
  // Every program calls it so: no prefix.
  page.gauge("process_start_time_seconds", "When the server started, in seconds since 1970.",
             static_cast<double>(info.started_unix_ms) / 1000.0);
  return page.take();
}

}  // namespace chat
