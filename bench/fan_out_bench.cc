// What does a delivery cost the server besides the kernel? A whole server with N members on a
// system that only counts: CPU time, system calls and allocations for each delivery.

#include <benchmark/benchmark.h>

#include "bench/scripted_server.h"
#include "tests/heap_counter.h"

namespace {

// Every turn brings so many messages from one client to all the others.
void fan_out(benchmark::State& state, std::size_t messages_per_turn) {
  const auto members = static_cast<std::size_t>(state.range(0));
  const auto bytes = static_cast<std::size_t>(state.range(1));
  bench::ScriptedServer server;
  server.join(members);
  const std::string text = bench::broadcasts(messages_per_turn, bytes);
  server.warm_up(text);
  const std::uint64_t calls = server.net().calls();
  const std::uint64_t deliveries = server.deliveries();
  const std::size_t allocations = tests::heap.allocations;
  for ([[maybe_unused]] auto _ : state) {
    server.publish(text);
  }
  const std::size_t allocated = tests::heap.allocations - allocations;
  const auto delivered = static_cast<double>(server.deliveries() - deliveries);
  using benchmark::Counter;
  state.counters["deliveries/s"] = Counter(delivered, Counter::kIsRate);
  state.counters["time/delivery"] = Counter(delivered, Counter::kIsRate | Counter::kInvert);
  state.counters["deliveries/syscall"] =
      delivered / static_cast<double>(server.net().calls() - calls);
  state.counters["allocations/1M_deliveries"] = 1e6 * static_cast<double>(allocated) / delivered;
}

void BM_FanOut_OneMessageATurn(benchmark::State& state) { fan_out(state, 1); }
BENCHMARK(BM_FanOut_OneMessageATurn)
    ->ArgNames({"members", "bytes"})
    ->ArgsProduct({{10, 100, 500, 1000}, {64}})
    ->Args({500, 512});

void BM_FanOut_128MessagesATurn(benchmark::State& state) { fan_out(state, 128); }
BENCHMARK(BM_FanOut_128MessagesATurn)
    ->ArgNames({"members", "bytes"})
    ->ArgsProduct({{10, 100, 500, 1000}, {64}})
    ->Args({500, 512});

void BM_Registration_OfAThousandClients(benchmark::State& state) {
  constexpr std::size_t kClients = 1000;
  std::uint64_t calls = 0;
  std::size_t allocated = 0;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    {
      bench::ScriptedServer server;
      const std::uint64_t calls_before = server.net().calls();
      const std::size_t allocations_before = tests::heap.allocations;
      state.ResumeTiming();
      server.join(kClients);
      state.PauseTiming();
      calls += server.net().calls() - calls_before;
      allocated += tests::heap.allocations - allocations_before;
    }
    state.ResumeTiming();
  }
  const auto clients = static_cast<double>(state.iterations()) * kClients;
  state.counters["clients/s"] = benchmark::Counter(clients, benchmark::Counter::kIsRate);
  state.counters["syscalls/client"] = static_cast<double>(calls) / clients;
  state.counters["allocations/client"] = static_cast<double>(allocated) / clients;
}
BENCHMARK(BM_Registration_OfAThousandClients)->Unit(benchmark::kMillisecond);

}  // namespace
