#include "tools/loadgen/load_client.h"

#include <system_error>
#include <utility>

#include "reactor/check.h"

namespace loadgen {

LoadClient::LoadClient(ClientHost& host, std::uint32_t number, std::size_t room,
                       std::unique_ptr<Wire> wire)
    : host_(host), wire_(std::move(wire)), room_(room), number_(number) {}

int LoadClient::connect(reactor::Reactor& loop, const reactor::Address& to,
                        const reactor::Address& from) {
  int error = 0;
  connected_at_ = loop.now();
  connection_ = loop.connect(to, *this, error, from);
  return error;
}

void LoadClient::publish(std::string_view payload) {
  CHECK(is_ready(), "a client publishes that is not logged in", number_);
  wire_->publish(payload, answers_);
  send_answers();
}

void LoadClient::quit() {
  if (connection_ == nullptr || state_ == State::kQuitting) {
    return;
  }
  if (is_ready()) {
    wire_->quit(answers_);
    send_answers();
  }
  state_ = State::kQuitting;
  connection_->finish();
}

void LoadClient::on_open(reactor::Connection& /*connection*/) {
  wire_->begin(answers_);
  send_answers();
}

std::size_t LoadClient::on_data(reactor::Connection& /*connection*/, std::string_view bytes) {
  if (state_ == State::kQuitting || state_ == State::kRefused) {
    return bytes.size();
  }
  host_.on_received();
  const std::size_t consumed = wire_->parse(bytes, answers_, *this);
  send_answers();
  if (state_ == State::kRefused) {
    connection_->close();
  }
  return consumed;
}

void LoadClient::on_close(reactor::Connection& /*connection*/, reactor::CloseReason reason,
                          int error) {
  connection_ = nullptr;
  std::string why;
  if (state_ == State::kRefused) {
    why = refusal_;
  } else if (state_ != State::kQuitting) {
    why = error != 0 ? std::generic_category().message(error) : reactor::to_string(reason);
  }
  host_.on_gone(*this, why);
}

void LoadClient::on_ready() {
  if (state_ == State::kLoggingIn) {
    state_ = State::kReady;
    has_been_ready_ = true;
    host_.on_ready(*this);
  }
}

void LoadClient::on_delivery(std::string_view payload) { host_.on_delivery(*this, payload); }

void LoadClient::on_refused(std::string_view why) {
  state_ = State::kRefused;
  refusal_ = why.empty() ? "refused" : why;
}

void LoadClient::send_answers() {
  if (!answers_.empty()) {
    connection_->send(answers_);
    answers_.clear();
  }
}

}  // namespace loadgen
