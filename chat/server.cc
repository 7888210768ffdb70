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
    : options_(options), handover_(options.limits.handover_bytes_max) {
  CHECK(options.threads >= 1 && options.limits.clients_max > 0, "server options not resolved");
  for (std::uint16_t i = 0; i < options.threads; ++i) {
    shards_.push_back(std::make_unique<Shard>(i, make_net(), options_.limits, handover_));
  }
  switchboard_ = std::make_unique<Switchboard>(options_.limits, options.limits.clients_max, shards_,
                                               handover_, std::move(storage), options.make_token);
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

int Server::listen(const reactor::Address& address, reactor::Address& bound) {
  reactor::ListenOptions listen_options;
  listen_options.backlog = options_.backlog;
  const auto [listener, error] = loop().listen(address, *this, listen_options);
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

void Server::on_mail(char& /*mail*/) { begin_drain(); }

void Server::on_accept(int fd, const reactor::Address& peer_address) {
  const reactor::Endpoint peer = peer_address.endpoint();
  const Admission::Verdict verdict = switchboard_->admission().admit(peer);
  if (verdict != Admission::Verdict::kWelcome) {
    refuse(fd, peer, verdict);
    return;
  }
  const std::size_t shard = next_shard_;
  next_shard_ = (next_shard_ + 1) % shards_.size();
  if (shard == 0) {
    shards_[0]->add_connection(fd, peer);
    return;
  }
  ShardMail mail;
  mail.connection = {fd, peer};
  shards_[shard]->mailbox().post(std::move(mail));
}

void Server::refuse(int fd, const reactor::Endpoint& peer, Admission::Verdict verdict) {
  ++refused_;
  const bool full = verdict == Admission::Verdict::kFull;
  spdlog::debug("refused {}: {}", peer.to_string(),
                full ? "the server is full" : "too many connections from there");
  if (refusal_.open >= options_.limits.refusals_max) {
    loop().discard(fd);
    return;
  }
  reactor::Connection* connection = loop().adopt(fd, refusal_);
  if (connection == nullptr) {
    return;
  }
  ++refusal_.open;
  connection->send(full ? std::string_view("ERROR:503::the server is full, try again later\n")
                        : std::string_view("ERROR:503::too many connections from your address\n"));
  connection->finish();
}

void Server::begin_drain() {
  if (std::exchange(draining_, true)) {
    return;
  }
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
  loop().timers().arm(loop().now(), *this);
}

void Server::on_timer(std::uint64_t /*argument*/) {
  const bool empty = switchboard_->admission().count() == 0 && refusal_.open == 0;
  if (!empty && loop().now() < drain_deadline_) {
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
  Shard::Counts sum;
  for (const std::unique_ptr<Shard>& shard : shards_) {
    sum.sessions += shard->counts().sessions;
    sum.deliveries += shard->counts().deliveries;
    for (std::size_t i = 0; i < kEndReasonCount; ++i) {
      sum.ends[i] += shard->counts().ends[i];
    }
  }
  std::string ends;
  for (std::size_t i = 0; i < kEndReasonCount; ++i) {
    if (sum.ends[i] > 0) {
      ends += fmt::format("; {}: {}", to_string(static_cast<EndReason>(i)), sum.ends[i]);
    }
  }
  spdlog::info("stopped: {} messages, {} deliveries, {} connections, {} refused{}",
               switchboard_->hub().last_id(), sum.deliveries, sum.sessions, refused_, ends);
}

}  // namespace chat
