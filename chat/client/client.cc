#include "chat/client/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "chat/client/close_text.h"
#include "reactor/check.h"

namespace chat {
// One connection of the client. It lives as long as the reactor's connection, which may be longer
// than the client wants it: then it has no owner any more and swallows what comes.
class Client::Link final : public reactor::Handler {
 public:
  explicit Link(Client& owner) : owner_(&owner) {}

  void set_connection(reactor::Connection& connection) { connection_ = &connection; }
  reactor::Connection& connection() const { return *connection_; }
  void disown() { owner_ = nullptr; }

  void on_open(reactor::Connection& connection) override {
    connection_ = &connection;
    if (owner_ != nullptr) {
      if (owner_->options_.new_transport) {
        connection.secure(owner_->options_.new_transport());
      }
      owner_->on_open();
    }
  }

  std::size_t on_data(reactor::Connection&, std::string_view bytes) override {
    std::size_t done = 0;
    while (owner_ != nullptr) {
      owner_->heard_ = true;
      const std::size_t end = bytes.find('\n', done);
      const std::size_t length = std::min(end, bytes.size()) - done;
      if (length > kReceivedLineBytesMax) {
        owner_->drop(
            fmt::format("the server sent a line of more than {} bytes", kReceivedLineBytesMax));
        break;
      }
      if (end == std::string_view::npos) {
        return done;
      }
      std::string_view line = bytes.substr(done, length);
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      done = end + 1;
      owner_->on_line(line);
    }
    return bytes.size();
  }

  void on_drained(reactor::Connection&) override {
    if (owner_ != nullptr) {
      owner_->handler_.on_sent();
    }
  }

  void on_close(reactor::Connection& connection, reactor::CloseReason reason, int error) override {
    if (owner_ != nullptr) {
      owner_->link_ = nullptr;
      owner_->on_closed(describe_close(connection, reason, error),
                        failed_to_secure(connection, reason));
    }
    delete this;
  }

 private:
  Client* owner_;
  reactor::Connection* connection_ = nullptr;
};

Client::Client(reactor::Reactor& reactor, ClientOptions options, ClientHandler& handler)
    : reactor_(reactor),
      options_(std::move(options)),
      handler_(handler),
      backoff_(options_.backoff_first, options_.backoff_max, options_.seed),
      name_(options_.name),
      entry_wanted_(options_.history_on_entry > 0) {
  CHECK(!options_.addresses.empty(), "a client without a server's address");
}

Client::~Client() {
  for (const reactor::TimerId timer : {timer_, history_timer_, quit_timer_}) {
    reactor_.timers().cancel(timer);
  }
  forget_link();
}

void Client::start() {
  CHECK(state_ == State::kIdle, "a client is started once");
  state_ = State::kWaiting;
  arm(timer_, {}, kStateTimer);
}

void Client::quit() {
  if (quitting_ || state_ == State::kLeaving || state_ == State::kEnded) {
    return;
  }
  if (outbox_.is_empty()) {
    say_goodbye();
    return;
  }
  quitting_ = true;
  arm(quit_timer_, options_.quit_timeout, kQuitTimer);
}

bool Client::is_congested() const {
  return state_ == State::kReady && (link_->connection().above_high_mark() || outbox_.is_full() ||
                                     questions_.size() >= kQuestionsMax);
}

void Client::begin_attempt() {
  if (!is_one_line(options_.name)) {
    end(ClientEnd::kRefused, "a name is one word");
    return;
  }
  ++attempts_;
  addresses_left_ = options_.addresses.size();
  try_address();
}

void Client::try_address() {
  state_ = State::kConnecting;
  last_words_.clear();
  arm(timer_, options_.answer_timeout, kStateTimer);
  link_ = new Link(*this);
  int error = 0;
  reactor::Connection* const connection =
      reactor_.connect(options_.addresses[address_index_], *link_, error);
  if (connection == nullptr) {
    delete std::exchange(link_, nullptr);
    on_closed(std::generic_category().message(error));
    return;
  }
  link_->set_connection(*connection);
}

void Client::forget_link() {
  if (link_ != nullptr) {
    link_->disown();
    link_->connection().close();
    link_ = nullptr;
  }
}

void Client::send_bytes(std::string_view bytes) { link_->connection().send(bytes); }

void Client::arm(reactor::TimerId& timer, std::chrono::milliseconds wait, Timer which) {
  reactor_.timers().cancel(timer);
  timer = reactor_.timers().arm(reactor_.now() + wait, *this, which);
}

void Client::on_timer(std::uint64_t which) {
  switch (which) {
    case kHistoryTimer:
      give_up_histories("the server does not answer");
      drop("the server does not answer");
      return;
    case kQuitTimer:
      say_goodbye();
      return;
    default:
      on_state_timer();
  }
}

void Client::on_state_timer() {
  switch (state_) {
    case State::kWaiting:
      begin_attempt();
      return;
    case State::kConnecting:
    case State::kRegistering:
      drop("the server does not answer");
      return;
    case State::kReady:
      keep_alive();
      return;
    case State::kLeaving:
      check_leaving();
      return;
    case State::kIdle:
    case State::kEnded:
      return;
  }
}

void Client::drop(std::string_view reason) {
  forget_link();
  on_closed(reason);
}

void Client::on_closed(std::string_view reason, bool not_secured) {
  const std::string why(last_words_.empty() ? reason : std::string_view(last_words_));
  if (state_ == State::kLeaving) {
    end(said_bye_ ? ClientEnd::kQuit : ClientEnd::kLost, why);
    return;
  }
  if (state_ == State::kConnecting) {
    address_index_ = (address_index_ + 1) % options_.addresses.size();
    if (--addresses_left_ > 0) {
      try_address();
      return;
    }
  }
  try_again(why, not_secured);
}

void Client::try_again(std::string_view reason, bool not_secured) {
  if (!had_session_) {
    end(not_secured ? ClientEnd::kNotSecured : ClientEnd::kUnreachable, reason);
    return;
  }
  if (options_.attempts_max > 0 && attempts_ >= options_.attempts_max) {
    end(ClientEnd::kLost, reason);
    return;
  }
  const bool was_ready = state_ == State::kReady;
  // A server that takes us and throws us out at once gets no quicker attempts than one that is
  // not there.
  if (was_ready && reactor_.now() - ready_since_ >= options_.backoff_max) {
    backoff_.reset();
  }
  const std::chrono::milliseconds wait = backoff_.next();
  state_ = State::kWaiting;
  arm(timer_, wait, kStateTimer);
  if (was_ready) {
    fail_questions("the connection was lost");
    handler_.on_lost(reason, wait);
  } else {
    handler_.on_retry(reason, wait);
  }
}

void Client::keep_alive() {
  if (std::exchange(heard_, false)) {
    unanswered_pings_ = 0;
  } else if (unanswered_pings_ >= options_.unanswered_pings_max) {
    drop("the server does not answer any more");
    return;
  }
  ++unanswered_pings_;
  arm(timer_, options_.ping_interval, kStateTimer);
  send_parts({"PING:", kKeepAlive});
}

void Client::say_goodbye() {
  reactor_.timers().cancel(quit_timer_);
  const bool is_ready = state_ == State::kReady;
  if (is_ready) {
    send_parts({"QUIT"});
    queued_when_checked_ = link_->connection().bytes_queued();
  } else {
    forget_link();
  }
  // Without a session the timer ends it at once, but out of the caller's sight.
  state_ = State::kLeaving;
  arm(timer_, is_ready ? options_.answer_timeout : std::chrono::milliseconds{0}, kStateTimer);
}

void Client::check_leaving() {
  if (link_ == nullptr) {
    end(ClientEnd::kQuit, {});
    return;
  }
  // A slow link that still takes bytes gets its time.
  const std::size_t queued = link_->connection().bytes_queued();
  if (queued >= queued_when_checked_) {
    drop("the server did not say goodbye");
    return;
  }
  queued_when_checked_ = queued;
  arm(timer_, options_.answer_timeout, kStateTimer);
}

void Client::end(ClientEnd end, std::string_view reason) {
  state_ = State::kEnded;
  for (const reactor::TimerId timer : {timer_, history_timer_, quit_timer_}) {
    reactor_.timers().cancel(timer);
  }
  forget_link();
  fail_questions(reason);
  release_held();
  tell_undelivered(outbox_.take_all());
  handler_.on_end(end, reason);
}

}  // namespace chat
