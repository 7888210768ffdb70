#include "chat/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string_view>
#include <thread>
#include <utility>

#include "reactor/check.h"

namespace chat {

namespace {

// How often a drain looks whether everybody has gone.
constexpr reactor::Duration kDrainPoll = std::chrono::milliseconds{10};

}  // namespace

Server::Server(const ServerOptions& options, const NetFactory& make_net, Storage storage)
    : options_(options),
      metrics_(options.threads),
      front_{options.info, make_site(options.site, options_.info, metrics_, draining_),
             options.trusted_proxies},
      handover_(options.limits.handover_bytes_max) {
  CHECK(options.threads >= 1 && options.limits.clients_max > 0, "server options not resolved");
  for (std::uint16_t i = 0; i < options.threads; ++i) {
    shards_.push_back(std::make_unique<Shard>(i, make_net(), options_.limits, front_,
                                              metrics_.shards[i], handover_));
    shards_.back()->set_transports(options.transports);
  }
  switchboard_ = std::make_unique<Switchboard>(options_.limits, options.limits.clients_max,
                                               front_.info, metrics_, shards_, handover_,
                                               std::move(storage), options.make_token);
  reactor::MailHandler<char>& on_drain = *this;
  drain_mailbox_ = std::make_unique<reactor::Mailbox<char>>(loop(), on_drain);
}

Server::~Server() {
  // Sessions end while the hub that they tell is still there.
  for (const std::unique_ptr<Shard>& shard : shards_) {
    shard->close_all();
  }
  drain_mailbox_.reset();
  switchboard_.reset();
}

int Server::listen(const reactor::Address& address, reactor::Address& bound, ListenKind kind) {
  CHECK(!kind.tls || options_.transports, "listening for TLS, and there is none");
  entrances_.push_back(std::make_unique<Entrance>(*this, kind));
  reactor::ListenOptions listen_options;
  listen_options.backlog = options_.backlog;
  const auto [listener, error] = loop().listen(address, *entrances_.back(), listen_options);
  if (listener != nullptr) {
    listeners_.push_back(listener);
    bound = listener->local_address();
  }
  return error;
}

void Server::run() {
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    threads.emplace_back([shard = shards_[i].get()] { shard->reactor().run(); });
  }
  loop().run();
  for (std::thread& thread : threads) {
    thread.join();
  }
  log_summary();
}

void Server::drain() { drain_mailbox_->post(0); }

void Server::on_mail(char& /*mail*/) {
  if (!draining_.exchange(true)) {
    loop().timers().arm(loop().now() + options_.limits.drain_delay, *this);
  }
}

void Server::renew_transports(const TransportSource& transports) {
  for (const std::unique_ptr<Shard>& shard : shards_) {
    ShardMail mail;
    mail.transports = transports;
    shard->mailbox().post(std::move(mail));
  }
}

void Server::accept(const ShardMail::NewConnection& connection) {
  const Admission::Verdict verdict = switchboard_->admission().admit(connection.peer);
  if (verdict != Admission::Verdict::kWelcome) {
    refuse(connection, verdict);
    return;
  }
  const std::size_t shard = next_shard_;
  next_shard_ = (next_shard_ + 1) % shards_.size();
  if (shard == 0) {
    shards_[0]->add_connection(connection);
    return;
  }
  ShardMail mail;
  mail.connection = connection;
  shards_[shard]->mailbox().post(std::move(mail));
}

namespace {

// In a form that the client understands, as far as that is known before it has said a word.
std::string words_of_refusal(ListenKind kind, std::string_view why) {
  if (kind.tls) {
    return {};
  }
  switch (kind.speaks) {
    case ListenKind::Speaks::kIrc:
      return fmt::format("ERROR :{}\r\n", why);
    case ListenKind::Speaks::kHttp:
      return fmt::format(
          "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
          "Content-Length: {}\r\nRetry-After: 10\r\nConnection: close\r\n\r\n{}",
          why.size(), why);
    case ListenKind::Speaks::kNative:
    case ListenKind::Speaks::kAnything:
      break;
  }
  return fmt::format("ERROR:503::{}\n", why);
}

}  // namespace

void Server::refuse(const ShardMail::NewConnection& connection, Admission::Verdict verdict) {
  metrics_.hub.connections_refused.add();
  const std::string_view why = verdict == Admission::Verdict::kFull
                                   ? "the server is full, try again later"
                                   : "too many connections from your address";
  spdlog::debug("refused {}: {}", connection.peer.to_string(), why);
  if (refusal_.open >= options_.limits.refusals_max) {
    loop().discard(connection.fd);
    return;
  }
  if (reactor::Connection* refused = loop().adopt(connection.fd, refusal_)) {
    ++refusal_.open;
    refused->send(words_of_refusal(connection.kind, why));
    refused->finish();
  }
}

void Server::begin_drain() {
  spdlog::info("stopping: {} clients are told, at most {} s", switchboard_->admission().count(),
               std::chrono::duration<double>(options_.limits.drain_timeout).count());
  for (reactor::Listener* listener : listeners_) {
    loop().stop_listening(*listener);
  }
  listeners_.clear();
  switchboard_->hub().begin_drain();
  shards_[0]->drain();
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    ShardMail mail;
    mail.drain = true;
    shards_[i]->mailbox().post(std::move(mail));
  }
  drain_deadline_ = loop().now() + options_.limits.drain_timeout;
}

void Server::on_timer(std::uint64_t /*argument*/) {
  if (!drain_deadline_) {
    begin_drain();
  }
  go_on_draining();
}

void Server::go_on_draining() {
  const bool empty = switchboard_->admission().count() == 0 && refusal_.open == 0;
  if (!empty && loop().now() < *drain_deadline_) {
    loop().timers().arm(loop().now() + kDrainPoll, *this);
    return;
  }
  if (!empty) {
    spdlog::warn("{} clients did not take their leave in time", switchboard_->admission().count());
  }
  drained_ = true;
  for (const std::unique_ptr<Shard>& shard : shards_) {
    shard->reactor().stop();
  }
}

void Server::log_summary() const {
  const MetricsReading sum = metrics_.read();
  std::string ends;
  for (std::size_t i = 0; i < kEndReasonCount; ++i) {
    if (sum.sessions_closed[i] > 0) {
      ends += fmt::format("; {}: {}", to_string(static_cast<EndReason>(i)), sum.sessions_closed[i]);
    }
  }
  spdlog::info("stopped: {} messages, {} deliveries, {} connections, {} refused{}",
               switchboard_->hub().last_id(), sum.deliveries, sum.sessions_opened,
               sum.connections_refused, ends);
}

}  // namespace chat
