#include "chat/client/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "reactor/check.h"

namespace chat {
namespace {

// In the PINGs of our own keepalive, whose answers are no business of the handler's.
constexpr std::string_view kKeepAlive = "keep-alive";

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string describe(reactor::CloseReason reason, int error) {
  if (error != 0) {
    return std::generic_category().message(error);
  }
  if (reason == reactor::CloseReason::kPeerClosed) {
    return "the server closed the connection";
  }
  return reactor::to_string(reason);
}

}  // namespace

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

  void on_close(reactor::Connection&, reactor::CloseReason reason, int error) override {
    if (owner_ != nullptr) {
      owner_->link_ = nullptr;
      owner_->on_closed(describe(reason, error));
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
      name_(options_.name) {
  CHECK(!options_.addresses.empty(), "a client without a server's address");
}

Client::~Client() {
  reactor_.timers().cancel(timer_);
  forget_link();
}

void Client::start() {
  CHECK(state_ == State::kIdle, "a client is started once");
  state_ = State::kWaiting;
  arm({});
}

void Client::quit() {
  switch (state_) {
    case State::kReady:
      send_parts({"QUIT"});
      state_ = State::kLeaving;
      queued_when_checked_ = link_->connection().bytes_queued();
      arm(options_.answer_timeout);
      return;
    case State::kLeaving:
    case State::kEnded:
      return;
    default:
      // Nothing is under way that could be lost. The timer ends it, out of the caller's sight.
      forget_link();
      state_ = State::kLeaving;
      arm({});
  }
}

bool Client::is_congested() const {
  return state_ == State::kReady && link_->connection().above_high_mark();
}

SendResult Client::broadcast(std::string_view text) { return send_parts({"BROADCAST:", text}); }

SendResult Client::direct(std::string_view name, std::string_view text) {
  return send_to("CHAT:", name, text);
}

SendResult Client::list(std::string_view room) {
  return room.empty() ? send_parts({"LIST"}) : send_to("LIST:", room);
}

SendResult Client::rooms() { return send_parts({"ROOMS"}); }

SendResult Client::join(std::string_view room) { return send_to("JOIN:", room); }

SendResult Client::part(std::string_view room) { return send_to("PART:", room); }

SendResult Client::say(std::string_view room, std::string_view text) {
  return send_to("SAY:", room, text);
}

SendResult Client::set_topic(std::string_view room, std::string_view text) {
  return send_to("TOPIC:", room, text);
}

SendResult Client::request(std::string_view name) { return send_to("REQUEST:", name); }

SendResult Client::accept(std::string_view name) { return send_to("ACCEPT:", name); }

SendResult Client::decline(std::string_view name) { return send_to("DECLINE:", name); }

SendResult Client::leave() { return send_parts({"LEAVE"}); }

SendResult Client::send_line(std::string_view line) { return send_parts({line}); }

SendResult Client::send_to(std::string_view verb, std::string_view target) {
  const bool one_field = target.find(':') == std::string_view::npos;
  return one_field ? send_parts({verb, target}) : SendResult::kMalformed;
}

SendResult Client::send_to(std::string_view verb, std::string_view target, std::string_view text) {
  const bool one_field = target.find(':') == std::string_view::npos;
  return one_field ? send_parts({verb, target, ":", text}) : SendResult::kMalformed;
}

SendResult Client::send_parts(std::initializer_list<std::string_view> parts) {
  if (state_ != State::kReady) {
    return SendResult::kNotConnected;
  }
  line_.clear();
  for (const std::string_view part : parts) {
    line_ += part;
  }
  if (!is_one_line(line_)) {
    return SendResult::kMalformed;
  }
  if (line_.size() > kSentLineBytesMax) {
    return SendResult::kTooLong;
  }
  line_ += '\n';
  link_->connection().send(line_);
  return SendResult::kQueued;
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
  arm(options_.answer_timeout);
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

void Client::arm(std::chrono::milliseconds wait) {
  reactor_.timers().cancel(timer_);
  timer_ = reactor_.timers().arm(reactor_.now() + wait, *this);
}

void Client::on_timer(std::uint64_t /*argument*/) {
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

void Client::on_open() {
  state_ = State::kRegistering;
  link_->connection().send(
      fmt::format("HELLO:1:{}\nREGISTER:{}\n", options_.capabilities, options_.name));
}

void Client::on_line(std::string_view line) {
  const ServerLine parsed = parse_server_line(line);
  if (parsed.verb == ServerVerb::kBye) {
    said_bye_ = true;
    last_words_ = parsed.fields[0];
  } else if (state_ == State::kRegistering) {
    on_registration_line(parsed);
  } else {
    on_session_line(parsed);
  }
}

void Client::on_registration_line(const ServerLine& line) {
  if (line.verb == ServerVerb::kWelcome) {
    capabilities_ = line.fields[1];
  } else if (line.verb == ServerVerb::kRegistered) {
    on_registered(line.fields[0]);
  } else if (line.verb == ServerVerb::kError) {
    on_refused(line);
  }
}

void Client::on_session_line(const ServerLine& line) {
  if (line.verb != ServerVerb::kPong || line.fields[0] != kKeepAlive) {
    handler_.on_line(line);
  }
}

void Client::on_registered(std::string_view name) {
  name_ = name;
  state_ = State::kReady;
  ready_since_ = reactor_.now();
  attempts_ = 0;
  name_attempts_ = 0;
  unanswered_pings_ = 0;
  said_bye_ = false;
  arm(options_.ping_interval);
  handler_.on_ready(name_, std::exchange(had_session_, true));
}

void Client::on_refused(const ServerLine& error) {
  const std::string_view code = error.fields[0];
  const std::string reason(error.fields[2]);
  if (code == "409") {
    if (!had_session_ || ++name_attempts_ >= options_.name_attempts_max) {
      end(ClientEnd::kNameTaken, reason);
      return;
    }
  } else if (!had_session_ || (code != "429" && code != "503")) {
    // Only a server that is busy or restarting may think better of it.
    end(ClientEnd::kRefused, reason);
    return;
  }
  drop(reason);
}

void Client::drop(std::string_view reason) {
  forget_link();
  on_closed(reason);
}

void Client::on_closed(std::string_view reason) {
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
  try_again(why);
}

void Client::try_again(std::string_view reason) {
  if (!had_session_) {
    end(ClientEnd::kUnreachable, reason);
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
  arm(wait);
  if (was_ready) {
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
  arm(options_.ping_interval);
  send_parts({"PING:", kKeepAlive});
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
  arm(options_.answer_timeout);
}

void Client::end(ClientEnd end, std::string_view reason) {
  state_ = State::kEnded;
  reactor_.timers().cancel(timer_);
  forget_link();
  handler_.on_end(end, reason);
}

}  // namespace chat
