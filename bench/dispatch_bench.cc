// What does a turn cost in which N connections have something to read, besides the kernel?

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "bench/scripted_net.h"
#include "reactor/reactor.h"

namespace {

class Listener final : public reactor::Handler {
 public:
  explicit Listener(bool answers) : answers_(answers) {}

  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override {
    ++heard;
    if (answers_) {
      connection.send(bytes);
    }
    return bytes.size();
  }
  void on_close(reactor::Connection& /*connection*/, reactor::CloseReason /*reason*/,
                int /*error*/) override {}
  std::int64_t heard = 0;

 private:
  bool answers_;
};

// Of a thousand connections, so many have a line to read in the same turn.
void dispatch(benchmark::State& state, bool answers) {
  constexpr std::size_t kConnections = 1000;
  const auto ready = static_cast<std::size_t>(state.range(0));
  const std::string line = std::string(63, 'x') + "\n";
  auto owned = std::make_unique<bench::ScriptedNet>();
  bench::ScriptedNet& net = *owned;
  reactor::Reactor loop(std::move(owned));
  Listener listener(answers);
  for (std::size_t i = 0; i < kConnections; ++i) {
    loop.adopt(net.add_client(false), listener);
  }
  for (int i = 0; i < 10; ++i) {
    loop.turn();
  }
  const std::uint64_t calls = net.calls();
  std::int64_t expected = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (std::size_t i = 0; i < ready; ++i) {
      net.say(i, line);
    }
    // Not all of a thousand are reported by one wait.
    for (expected += state.range(0); listener.heard < expected;) {
      loop.turn();
    }
  }
  const auto count = static_cast<double>(expected);
  using benchmark::Counter;
  state.counters["time/connection"] = Counter(count, Counter::kIsRate | Counter::kInvert);
  state.counters["syscalls/connection"] = static_cast<double>(net.calls() - calls) / count;
  loop.close_all();
}

void BM_Dispatch_ReadyConnections(benchmark::State& state) { dispatch(state, false); }
BENCHMARK(BM_Dispatch_ReadyConnections)->ArgName("ready")->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

void BM_Dispatch_ReadyConnectionsThatAreAnswered(benchmark::State& state) { dispatch(state, true); }
BENCHMARK(BM_Dispatch_ReadyConnectionsThatAreAnswered)
    ->ArgName("ready")
    ->Arg(1)
    ->Arg(10)
    ->Arg(100)
    ->Arg(1000);

}  // namespace
