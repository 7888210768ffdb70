// What does a timer cost among those of ten or ten thousand connections?

#include <benchmark/benchmark.h>

#include <chrono>
#include <random>
#include <vector>

#include "reactor/timers.h"

namespace {

using reactor::Duration;
using reactor::TimePoint;

class CountingHandler final : public reactor::TimerHandler {
 public:
  void on_timer(std::uint64_t /*argument*/) override { ++fired; }
  std::int64_t fired = 0;
};

// Times within the next minute, in no order and the same in every run.
class SomeTimes {
 public:
  Duration next() {
    return std::chrono::microseconds{std::uniform_int_distribution<int>(1, 60'000'000)(random_)};
  }

 private:
  std::minstd_rand random_{7};
};

// A connection that comes and goes: one timer armed and cancelled while the others wait.
void BM_Timers_ArmAndCancel_WhileOthersWait(benchmark::State& state) {
  reactor::Timers timers;
  CountingHandler handler;
  SomeTimes times;
  const TimePoint start{std::chrono::hours{1}};
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    timers.arm(start + times.next(), handler);
  }
  for ([[maybe_unused]] auto _ : state) {
    timers.cancel(timers.arm(start + times.next(), handler));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Timers_ArmAndCancel_WhileOthersWait)->ArgName("waiting")->Range(10, 10'000);

// A deadline that is over and is armed again, as those of busy connections are.
void BM_Timers_FireAndArmAgain_WhileOthersWait(benchmark::State& state) {
  reactor::Timers timers;
  CountingHandler handler;
  SomeTimes times;
  TimePoint now{std::chrono::hours{1}};
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    timers.arm(now + times.next(), handler);
  }
  for ([[maybe_unused]] auto _ : state) {
    now = *timers.next_due();
    const std::int64_t before = handler.fired;
    timers.fire(now);
    for (std::int64_t i = before; i < handler.fired; ++i) {
      timers.arm(now + times.next(), handler);
    }
  }
  state.SetItemsProcessed(handler.fired);
}
BENCHMARK(BM_Timers_FireAndArmAgain_WhileOthersWait)->ArgName("waiting")->Range(10, 10'000);

// What every turn pays: a look at timers of which none is due.
void BM_Timers_TurnWithNothingDue(benchmark::State& state) {
  reactor::Timers timers;
  CountingHandler handler;
  SomeTimes times;
  const TimePoint now{std::chrono::hours{1}};
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    timers.arm(now + times.next(), handler);
  }
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(timers.next_due());
    timers.fire(now);
  }
}
BENCHMARK(BM_Timers_TurnWithNothingDue)->ArgName("waiting")->Arg(10'000);

}  // namespace
