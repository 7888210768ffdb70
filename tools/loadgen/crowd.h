#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/reactor.h"
#include "reactor/timers.h"
#include "tools/loadgen/histogram.h"
#include "tools/loadgen/layout.h"
#include "tools/loadgen/load_client.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/reconnects.h"

namespace loadgen {

// What a crowd tells its worker.
class CrowdEvents {
 public:
  // Bytes have come; the deliveries in them follow.
  virtual void on_received() = 0;
  virtual void on_delivery(LoadClient& client, std::string_view payload) = 0;
  // What the client has sent as this number is kept.
  virtual void on_ack(LoadClient& client, std::uint64_t number) = 0;
  // One of those who come and go has left and is deleted when this returns.
  virtual void on_left(LoadClient& client) = 0;

 protected:
  ~CrowdEvents() = default;
};

// The clients of one thread and how they get in, come and go, and out. Owned by its Worker; used
// on its thread only.
class Crowd final : private ClientHost, private Reconnects::Host, private reactor::TimerHandler {
 public:
  struct Counts {
    std::uint64_t ready = 0;    // clients that have logged in, ever
    std::uint64_t open = 0;     // connections
    std::uint64_t lost = 0;     // connections that ended without our will, or could not be made
    std::uint64_t churned = 0;  // clients that left and were replaced
  };

  // thread: whose clients these are. Everything outlives the crowd.
  Crowd(const Plan& plan, const Layout& layout, std::size_t thread, reactor::Reactor& loop,
        CrowdEvents& events);
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd();

  // Begins to connect everybody, no faster than the plan says.
  void connect();
  // Messages are sent from now on: clients come and go, or lose their connection and resume, as the
  // plan says.
  void stir();
  // No more messages are sent: who is away comes back. Others come and go until quit.
  void settle();
  // Ends all connections; has_quit() when that is done.
  void quit();
  bool has_quit() const { return is_quitting_ && counts_.open == 0; }

  const std::vector<std::unique_ptr<LoadClient>>& clients() const { return clients_; }
  const Counts& counts() const { return counts_; }
  // How long it took to get in; by kind.
  const std::vector<Histogram>& registrations() const { return registrations_; }
  // Null when the plan has none.
  const Reconnects* reconnects() const { return reconnects_.get(); }
  // Why the first connection was lost or refused; empty when none was.
  const std::string& first_error() const { return first_error_; }

 private:
  // Timer arguments.
  static constexpr std::uint64_t kConnect = 0;
  static constexpr std::uint64_t kChurn = 1;

  void on_ready(LoadClient& client) override;
  void on_received() override { events_.on_received(); }
  void on_delivery(LoadClient& client, std::string_view payload) override {
    events_.on_delivery(client, payload);
  }
  void on_gone(LoadClient& client, std::string_view why) override;
  void on_ack(LoadClient& client, std::uint64_t number, std::uint64_t /*id*/) override {
    events_.on_ack(client, number);
  }
  void on_not_taken(LoadClient& client, std::uint64_t number, std::string_view why) override;
  void on_gap(LoadClient& client, std::uint64_t first, std::uint64_t last) override;
  void on_caught_up(LoadClient& client) override;
  void come_back(LoadClient& client) override;
  void on_timer(std::uint64_t argument) override;

  std::unique_ptr<LoadClient> make_client(std::size_t place, std::uint64_t number);
  bool begin_connection(LoadClient& client);
  void begin_churn();
  void connect_more();
  void connect_one(LoadClient& client);
  bool may_connect_now();
  void churn_one();
  void replace(LoadClient& gone);
  void note_lost(std::string_view why);
  void arm_churn();

  const Plan& plan_;
  const Layout& layout_;
  reactor::Reactor& loop_;
  CrowdEvents& events_;
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<std::size_t> places_;    // in the layout, of clients_
  std::vector<std::size_t> churners_;  // indexes in clients_
  std::size_t next_churner_ = 0;
  std::unique_ptr<Reconnects> reconnects_;
  std::uint64_t next_number_;  // of one who comes later
  std::size_t next_to_connect_ = 0;
  std::size_t logging_in_ = 0;
  std::size_t sources_used_ = 0;
  double connects_per_second_;  // this thread's share; 0: no limit
  double connects_saved_ = 0;   // that may be made now
  reactor::TimePoint connects_counted_at_;
  reactor::TimerId connect_timer_;
  reactor::TimerId churn_timer_;
  reactor::TimePoint next_churn_;
  bool is_quitting_ = false;
  Counts counts_;
  std::vector<Histogram> registrations_;
  std::string first_error_;
};

}  // namespace loadgen
