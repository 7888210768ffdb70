#include "tools/server_options_limits.h"

#include <chrono>
#include <cstddef>

#include "tools/duration.h"

namespace tools {

namespace {

using std::chrono::milliseconds;

// The command line under construction, and which of its options are the limits.
class OptionSet {
 public:
  explicit OptionSet(CLI::App& app) : app_(app) {}

  void duration(const std::string& name, milliseconds& value, const std::string& what) {
    duration(
        name, value, [&value](milliseconds given) { value = given; }, what);
  }

  template <class Taker>
  void duration(const std::string& name, milliseconds standard, Taker take,
                const std::string& what) {
    limits_.push_back(app_.add_option_function<std::string>(
        name,
        [take, name](const std::string& text) {
          const milliseconds parsed = parse_duration(text);
          if (parsed.count() < 0) {
            throw CLI::ValidationError(name,
                                       "\"" + text + "\" is no time: 30s, 500ms, 2m, 1h, 90d");
          }
          take(parsed);
        },
        what));
    limits_.back()->type_name("TIME")->default_str(show_duration(standard));
  }

  void bytes(const std::string& name, std::size_t& value, const std::string& what) {
    limits_.push_back(app_.add_option(name, value, what));
    limits_.back()
        ->transform(CLI::AsSizeValue(false).description(""))
        ->type_name("BYTES")
        ->capture_default_str();
  }

  template <class Number>
  void count(const std::string& name, Number& value, const std::string& what) {
    limits_.push_back(app_.add_option(name, value, what));
    limits_.back()->type_name("N")->capture_default_str();
  }

  void flag(const std::string& name, bool& value, const std::string& what) {
    limits_.push_back(app_.add_flag(name, value, what));
  }

  const std::vector<CLI::Option*>& limits() const { return limits_; }

 private:
  CLI::App& app_;
  std::vector<CLI::Option*> limits_;
};

void add_counts(OptionSet& options, chat::Limits& limits) {
  options.count("--clients-max", limits.clients_max,
                "connections in all; 0: as many as descriptors allow");
  options.count("--clients-per-address-max", limits.clients_per_address_max,
                "connections from one address; 0: any");
  options.bytes("--line-bytes-max", limits.line_bytes_max, "length of a line from a client");
  options.count("--name-length-max", limits.name_length_max, "length of a client's name");
  options.count("--room-name-length-max", limits.room_name_length_max, "length of a room's name");
  options.count("--rooms-max", limits.rooms_max, "rooms in all");
  options.count("--rooms-per-client-max", limits.rooms_per_client_max, "rooms one client is in");
  options.count("--requests-per-client-max", limits.requests_per_client_max,
                "unanswered chat requests to one client");
  options.count("--detached-max", limits.detached_max,
                "lost connections that may be resumed; 0: none");
  options.count("--retries-max", limits.retries_max,
                "messages known when they are sent again; 0: none");
  options.count("--history-count-max", limits.history_count_max, "messages in one history");
  options.count("--cloaks-kept-max", limits.cloaks_kept_max,
                "addresses that keep their label when nobody is there");
  options.count("--room-list-max", limits.room_list_max, "masks in the lists of one room");
  options.count("--invitations-per-client-max", limits.invitations_per_client_max,
                "rooms one client is invited to");
  options.count("--monitor-max", limits.monitor_max, "names one client watches");
  options.count("--correspondents-max", limits.correspondents_max,
                "names that one client is told it has written to or heard from");
  options.count("--whowas-max", limits.whowas_max, "clients remembered when they are gone");
  options.count("--who-replies-max", limits.who_replies_max, "lines in one answer to WHO or LIST");
}

void add_times(OptionSet& options, chat::Limits& limits) {
  options.duration("--registration-timeout", limits.registration_timeout,
                   "a client must have registered by then");
  options.duration("--ping-interval", limits.ping_interval,
                   "IRC and WebSocket clients are asked whether they are there; 0: never");
  options.duration("--idle-timeout", limits.idle_timeout,
                   "a silent client is closed after; 0: never");
  options.duration("--stall-timeout", limits.stall_timeout,
                   "a client that takes nothing is closed after; 0: never");
  options.duration("--request-timeout", limits.request_timeout, "a chat request expires after");
  options.duration("--drain-delay", limits.drain_delay,
                   "told to stop, /readyz says no for so long before anything ends");
  options.duration("--drain-timeout", limits.drain_timeout, "for taking leave of clients");
  options.duration("--presence-interval", limits.presence_interval,
                   "joins and leaves are gathered for");
  options.duration("--resume-window", limits.resume_window,
                   "a lost connection may be resumed for; 0: never");
  options.duration("--retry-window", limits.retry_window,
                   "a message that is sent again is known for");
}

void add_rates_and_queues(OptionSet& options, chat::Limits& limits) {
  options.bytes("--out-bytes-max", limits.out_bytes_max, "output queued for one client");
  options.bytes("--out-high-mark-bytes", limits.out_high_mark_bytes,
                "above it a client is not read and gets no live copies");
  options.bytes("--out-low-mark-bytes", limits.out_low_mark_bytes,
                "below it it is read and fed again");
  options.count("--messages-per-second-max", limits.messages_per_second_max,
                "lines from one client; 0: any");
  options.count("--messages-burst", limits.messages_burst, "lines at once");
  options.count("--bytes-per-second-max", limits.bytes_per_second_max,
                "bytes from one client; 0: any");
  options.count("--bytes-burst", limits.bytes_burst, "bytes at once");
  options.flag("--limit-loopback", limits.limit_loopback,
               "rates and --clients-per-address-max bind local clients, too");
  options.bytes("--handover-bytes-max", limits.handover_bytes_max, "queued between threads");
  options.count("--refusals-max", limits.refusals_max, "refused connections being told why");
  options.bytes("--tail-bytes", limits.tail_bytes, "recent messages kept in memory per thread");
}

void add_web(OptionSet& options, chat::Limits& limits) {
  options.bytes("--http-header-bytes-max", limits.http_header_bytes_max, "headers of a request");
  options.bytes("--http-target-bytes-max", limits.http_target_bytes_max, "address in a request");
  options.count("--http-headers-max", limits.http_headers_max, "headers of a request");
  options.bytes("--http-body-bytes-max", limits.http_body_bytes_max, "body of a request");
  options.bytes("--ws-message-bytes-max", limits.ws_message_bytes_max, "a WebSocket message");
  options.count("--ws-fragments-max", limits.ws_fragments_max, "frames of a WebSocket message");
}

void add_retention(OptionSet& options, chat::StorageOptions& storage) {
  options.duration(
      "--retention-age", milliseconds{storage.retention.age_max_ms},
      [&storage](milliseconds age_max) { storage.retention.age_max_ms = age_max.count(); },
      "messages are kept for; 0: for ever");
  options.bytes("--retention-bytes", storage.retention.bytes_max,
                "what is kept takes at most; 0: no limit");
  options.bytes("--store-queue-bytes-max", storage.queue_bytes_max,
                "waiting for the disk, before who publishes waits, too");
}

}  // namespace

std::vector<CLI::Option*> add_limits(CLI::App& app, ServerSettings& settings) {
  OptionSet options(app);
  chat::Limits& limits = settings.server.limits;
  options.count("--backlog", settings.server.backlog, "connections waiting to be accepted");
  options.limits().back()->check(CLI::Range(1, 1 << 20).description(""));
  add_counts(options, limits);
  add_times(options, limits);
  add_rates_and_queues(options, limits);
  add_web(options, limits);
  add_retention(options, settings.storage);
  return options.limits();
}

std::string contradiction_in(const chat::Limits& limits) {
  constexpr std::size_t kOutBytesMax = std::size_t{1} << 30;
  if (limits.out_low_mark_bytes > limits.out_high_mark_bytes ||
      limits.out_high_mark_bytes > limits.out_bytes_max || limits.out_bytes_max > kOutBytesMax) {
    return "--out-low-mark-bytes <= --out-high-mark-bytes <= --out-bytes-max <= 1GiB must hold";
  }
  if (limits.line_bytes_max < 512 || limits.line_bytes_max > (1U << 20)) {
    return "--line-bytes-max must be from 512 to 1MiB";
  }
  if (limits.out_bytes_max < 4 * limits.line_bytes_max) {
    return "--out-bytes-max must be at least four times --line-bytes-max";
  }
  if (limits.name_length_max < 1 || limits.name_length_max > 128 ||
      limits.room_name_length_max < chat::kLobbyName.size() || limits.room_name_length_max > 128) {
    return "--name-length-max must be from 1 to 128, --room-name-length-max from 5 to 128";
  }
  if (limits.messages_burst < 1 || limits.bytes_burst < limits.line_bytes_max) {
    return "--messages-burst must be at least 1, --bytes-burst at least --line-bytes-max";
  }
  if (limits.history_count_max == 0) {
    return "--history-count-max must be at least 1";
  }
  constexpr std::size_t kHttpHeaderBytesMin = 512;
  if (limits.http_header_bytes_max < kHttpHeaderBytesMin ||
      limits.http_target_bytes_max >= limits.http_header_bytes_max) {
    return "--http-header-bytes-max must be at least 512, and more than --http-target-bytes-max";
  }
  if (limits.ws_fragments_max < 1 || limits.ws_message_bytes_max < 1) {
    return "--ws-fragments-max and --ws-message-bytes-max must be at least 1";
  }
  // Who leaves would not get the answers that are still on their way.
  if (limits.registration_timeout.count() == 0 || limits.request_timeout.count() == 0 ||
      limits.drain_timeout.count() == 0) {
    return "--registration-timeout, --request-timeout and --drain-timeout can't be 0";
  }
  return {};
}

}  // namespace tools
