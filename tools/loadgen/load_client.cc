#include "tools/loadgen/load_client.h"

#include <utility>

#include "chat/client/close_text.h"
#include "reactor/check.h"

namespace loadgen {

reactor::ConnectionLimits load_client_limits() {
  reactor::ConnectionLimits limits;
  // A client that is not read while its output is full could wait for a server that waits for it.
  // So the marks are where the output ends; what is there meanwhile counts as latency.
  limits.out_bytes_max = std::size_t{64} << 20;
  limits.out_high_mark_bytes = limits.out_bytes_max;
  limits.out_low_mark_bytes = limits.out_bytes_max;
  limits.tail_bytes_max = Wire::kFrameBytesMax + 1024;
  limits.stall_timeout = {};  // what a stalled server costs is what we are here to tell
  limits.linger_timeout = std::chrono::seconds{2};
  return limits;
}

ClientPlace place_in(const Layout& layout, std::size_t client) {
  return {static_cast<std::uint32_t>(client), layout.listens_in(client), layout.kind_of(client),
          layout.role_of(client)};
}

LoadClient::LoadClient(ClientHost& host, const ClientPlace& place, std::unique_ptr<Wire> wire,
                       const tools::NewTransport* new_transport)
    : host_(host), wire_(std::move(wire)), new_transport_(new_transport), place_(place) {}

int LoadClient::connect(reactor::Reactor& loop, const reactor::Address& to,
                        const reactor::Address& from) {
  CHECK(is_away(), "a client connects twice", number());
  int error = 0;
  state_ = State::kLoggingIn;
  connected_at_ = loop.now();
  connection_ = loop.connect(to, *this, error, from);
  return error;
}

void LoadClient::publish(std::string_view payload) {
  CHECK(is_ready(), "a client publishes that is not logged in", number());
  wire_->publish(payload, answers_);
  send_answers();
}

void LoadClient::publish_numbered(std::uint64_t number, std::string_view payload) {
  CHECK(is_ready(), "a client publishes that is not logged in", this->number());
  wire_->publish_numbered(number, payload, answers_);
  send_answers();
}

void LoadClient::fence() {
  CHECK(is_ready(), "a client asks that is not logged in", number());
  wire_->fence(answers_);
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

void LoadClient::drop(bool abruptly) {
  CHECK(is_ready(), "a client drops what it does not have", number());
  state_ = State::kDropping;
  if (abruptly) {
    connection_->close();
  } else {
    connection_->finish();
  }
}

void LoadClient::give_up(std::string_view why) {
  if (connection_ != nullptr && !is_over()) {
    on_refused(why);
    connection_->close();
  }
}

void LoadClient::pause_reading() {
  if (connection_ != nullptr) {
    connection_->pause_reading();
  }
}

void LoadClient::resume_reading() {
  if (connection_ != nullptr) {
    connection_->resume_reading();
  }
}

void LoadClient::on_open(reactor::Connection& connection) {
  if (new_transport_ != nullptr) {
    connection.secure((*new_transport_)());
  }
  wire_->begin(answers_);
  send_answers();
}

std::size_t LoadClient::on_data(reactor::Connection& /*connection*/, std::string_view bytes) {
  if (is_over()) {
    return bytes.size();
  }
  host_.on_received();
  const std::size_t consumed = wire_->parse(bytes, answers_, *this);
  send_answers();
  if (state_ == State::kRefused) {
    connection_->close();
  }
  if (pace_ != nullptr) {
    pace_->on_read(*this, consumed);
  }
  return consumed;
}

void LoadClient::on_close(reactor::Connection& connection, reactor::CloseReason reason, int error) {
  connection_ = nullptr;
  std::string why;
  if (state_ == State::kRefused) {
    why = refusal_;
  } else if (!is_over()) {
    why = chat::describe_close(connection, reason, error);
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
