#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "reactor/reactor.h"

namespace reactor {

template <class Mail>
class MailHandler {
 public:
  virtual void on_mail(Mail& mail) = 0;

 protected:
  ~MailHandler() = default;
};

// Hands values from any thread to one loop, in the order posted. The loop is woken only when the
// mailbox was empty, and takes at most Reactor::kMailBudget items a turn; of a turn that is full,
// one. Owned by whoever owns the receiving side; outlives every thread that posts. The handler is
// called on the loop's thread.
template <class Mail>
class Mailbox final : private MailboxBase {
 public:
  Mailbox(Reactor& reactor, MailHandler<Mail>& handler) : reactor_(reactor), handler_(handler) {
    reactor_.add_mailbox(*this);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() { reactor_.remove_mailbox(*this); }

  // Any thread. Never blocks for longer than another post or the swap of a vector takes.
  void post(Mail mail) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = incoming_.empty();
      incoming_.push_back(std::move(mail));
    }
    if (was_empty) {
      reactor_.wake();
    }
  }

 private:
  bool drain(std::size_t budget) override {
    const bool was_backlog = next_ < taken_.size();
    if (!was_backlog) {
      taken_.clear();
      next_ = 0;
      const std::lock_guard lock(mutex_);
      taken_.swap(incoming_);
    }
    // One in any case: what is read from the network, however much, does not keep mail waiting.
    bool is_enough = false;
    for (; budget > 0 && next_ < taken_.size() && !is_enough; --budget) {
      handler_.on_mail(taken_[next_++]);
      is_enough = reactor_.turn_is_full();
    }
    if (next_ < taken_.size()) {
      return true;
    }
    if (!was_backlog) {
      return false;  // what has come meanwhile has a wake-up of its own
    }
    // That one may be used up: it came while the loop polled because of the backlog.
    const std::lock_guard lock(mutex_);
    return !incoming_.empty();
  }

  Reactor& reactor_;
  MailHandler<Mail>& handler_;
  std::mutex mutex_;
  std::vector<Mail> incoming_;  // guarded by mutex_
  std::vector<Mail> taken_;     // the loop's own
  std::size_t next_ = 0;
};

}  // namespace reactor
