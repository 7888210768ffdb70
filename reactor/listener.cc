#include "reactor/listener.h"

#include <cerrno>

#include "reactor/reactor.h"

namespace reactor {

namespace {

// What concerns only the connection that would have been accepted: take the next one. The list is
// that of accept(2) on Linux, which hands up errors of the new socket.
bool concerns_one_peer(int error) {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener::Listener(Reactor& reactor, int fd, Token token, Acceptor& acceptor)
    : reactor_(reactor),
      acceptor_(acceptor),
      local_address_(reactor.net_->local_address(fd)),
      token_(token),
      fd_(fd) {}

Listener::~Listener() { close(); }

void Listener::close() {
  if (closed_) {
    return;
  }
  closed_ = true;
  reactor_.timers().cancel(retry_);
  reactor_.net_->unwatch(fd_);
  reactor_.net_->close(fd_);
}

void Listener::accept_burst() {
  for (int budget = kAcceptBudget; budget > 0; --budget) {
    if (closed_) {
      return;  // by the acceptor
    }
    const Accepted accepted = reactor_.net_->accept(fd_);
    if (accepted.error == 0) {
      ++reactor_.stats_.accepted;
      acceptor_.on_accept(accepted.fd, accepted.peer);
      continue;
    }
    if (accepted.error == EAGAIN || accepted.error == EWOULDBLOCK) {
      return;
    }
    ++reactor_.stats_.accept_errors;
    if (concerns_one_peer(accepted.error)) {
      continue;
    }
    if (accepted.error == EMFILE || accepted.error == ENFILE) {
      shed();
    }
    retry_later();
    return;
  }
  reactor_.add_ready(*this);
}

void Listener::shed() {
  for (int budget = kShedBudget; budget > 0 && reactor_.net_->shed(fd_); --budget) {
    ++reactor_.stats_.shed;
  }
}

void Listener::retry_later() {
  // What is left in the backlog makes no new edge, so only a timer brings us back.
  if (!reactor_.timers().armed(retry_)) {
    retry_ = reactor_.timers().arm(reactor_.now() + kRetryDelay, *this);
  }
}

void Listener::on_timer(std::uint64_t /*argument*/) { reactor_.add_ready(*this); }

}  // namespace reactor
