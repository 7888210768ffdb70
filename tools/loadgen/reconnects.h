#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "reactor/reactor.h"
#include "reactor/timers.h"
#include "tools/loadgen/load_client.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"

namespace loadgen {

// Lets some clients lose their connection in turn, abruptly or as one does whose process ends, and
// come back after a moment; sees how long that takes. Owned by their Crowd, which connects them;
// used on its thread only.
class Reconnects final : private reactor::TimerHandler {
 public:
  class Host {
   public:
    virtual void come_back(LoadClient& client) = 0;

   protected:
    ~Host() = default;
  };

  // clients: of all threads. host outlives this.
  Reconnects(const ReconnectPlan& plan, std::size_t clients, std::uint64_t seed,
             reactor::Reactor& loop, Host& host);
  Reconnects(const Reconnects&) = delete;
  Reconnects& operator=(const Reconnects&) = delete;
  ~Reconnects();

  void add(LoadClient& client);
  // From now on they drop, at this thread's share of the plan's rate. Again: nothing happens.
  void begin();
  // Nobody drops any more; who is away comes back at once.
  void end();
  // Nobody even comes back.
  void quit();

  // What has become of a client's connection. The first two return true when that was to be
  // expected of it, and nobody else need know.
  bool on_gone(LoadClient& client, bool is_lost);
  bool on_ready(LoadClient& client);
  void on_gap(std::uint64_t first, std::uint64_t last);
  void on_caught_up(LoadClient& client);

  const ReconnectResult& result() const { return result_; }

 private:
  // How long one stays away at most; usually half of it.
  static constexpr Duration kAwayMax = std::chrono::milliseconds{500};
  // Timer arguments: the next one drops, or this one comes back.
  static constexpr std::uint64_t kDrop = UINT64_MAX;

  enum class State : std::uint8_t {
    kThere,
    kDropping,
    kAway,
    kResuming,
    kCatchingUp,
    kLost,  // against our will: it is out
  };
  struct Member {
    LoadClient* client = nullptr;
    State state = State::kThere;
    reactor::TimerId timer;
  };

  void on_timer(std::uint64_t argument) override;
  Member* find(const LoadClient& client);
  void arm_next();
  void drop_next();
  void come_back(Member& member);

  const ReconnectPlan& plan_;
  const std::size_t clients_;
  reactor::Reactor& loop_;
  Host& host_;
  std::mt19937_64 random_;
  std::vector<Member> members_;
  std::size_t next_ = 0;  // to drop
  reactor::TimerId timer_;
  reactor::TimePoint next_due_;
  bool is_over_ = true;
  ReconnectResult result_;
};

}  // namespace loadgen
