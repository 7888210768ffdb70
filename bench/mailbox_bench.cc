// What does it cost to hand something to another thread: one item, and the items of a batch?

#include <benchmark/benchmark.h>

#include <memory>
#include <thread>

#include "reactor/mailbox.h"
#include "reactor/reactor.h"

namespace {

using reactor::Mailbox;
using reactor::Reactor;

// Counts the items that come, and answers when `batch` have.
class Answerer final : public reactor::MailHandler<std::int64_t> {
 public:
  void on_mail(std::int64_t& batch) override {
    if (++seen_ == batch) {
      seen_ = 0;
      answers->post(0);
    }
  }
  Mailbox<std::int64_t>* answers = nullptr;

 private:
  std::int64_t seen_ = 0;
};

class Asker final : public reactor::MailHandler<std::int64_t> {
 public:
  void on_mail(std::int64_t& /*answer*/) override { answered = true; }
  bool answered = false;
};

// Posts a batch to a loop on another thread and waits until the last item is answered.
void BM_Mailbox_HandOverAndAnswer(benchmark::State& state) {
  Reactor here(reactor::make_net());
  Asker asker;
  Mailbox<std::int64_t> answers(here, asker);
  Reactor there(reactor::make_net());
  Answerer answerer;
  answerer.answers = &answers;
  Mailbox<std::int64_t> items(there, answerer);
  std::thread thread([&there] { there.run(); });
  for ([[maybe_unused]] auto _ : state) {
    asker.answered = false;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      items.post(state.range(0));
    }
    while (!asker.answered) {
      here.turn();
    }
  }
  there.stop();
  thread.join();
  const auto count = static_cast<double>(state.iterations() * state.range(0));
  using benchmark::Counter;
  state.counters["items/s"] = Counter(count, Counter::kIsRate);
  state.counters["time/item"] = Counter(count, Counter::kIsRate | Counter::kInvert);
}
BENCHMARK(BM_Mailbox_HandOverAndAnswer)
    ->ArgName("batch")
    ->Arg(1)
    ->Arg(16)
    ->Arg(256)
    ->Arg(4096)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// The same without the other thread: what the lock and the two vectors cost, and for each batch the
// wake-up and the wait that it ends.
void BM_Mailbox_PostAndDeliver_OneThread(benchmark::State& state) {
  Reactor loop(reactor::make_net());
  Asker asker;
  Mailbox<std::int64_t> items(loop, asker);
  for ([[maybe_unused]] auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      items.post(i);
    }
    loop.turn(reactor::Duration::zero());
  }
  const auto count = static_cast<double>(state.iterations() * state.range(0));
  using benchmark::Counter;
  state.counters["items/s"] = Counter(count, Counter::kIsRate);
  state.counters["time/item"] = Counter(count, Counter::kIsRate | Counter::kInvert);
}
BENCHMARK(BM_Mailbox_PostAndDeliver_OneThread)->ArgName("batch")->Arg(1)->Arg(256);

}  // namespace
