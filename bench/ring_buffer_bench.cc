// What do the bytes cost that wait for a socket: queued, gathered for a write, and dropped?

#include <benchmark/benchmark.h>

#include <string>

#include "reactor/buffer_pool.h"
#include "reactor/ring_buffer.h"

namespace {

using reactor::BufferPool;
using reactor::RingBuffer;

// What a connection does with its output in one turn: takes so many messages, shows them to the
// write, drops them. The ring is empty before and after, so its block is borrowed each time.
void queue_and_flush(benchmark::State& state, std::size_t messages) {
  const std::string message(static_cast<std::size_t>(state.range(0)), 'x');
  BufferPool pool;
  RingBuffer ring(pool);
  for ([[maybe_unused]] auto _ : state) {
    for (std::size_t i = 0; i < messages; ++i) {
      ring.append(message);
    }
    benchmark::DoNotOptimize(ring.parts());
    ring.consume(ring.size());
  }
  const auto count = static_cast<double>(state.iterations()) * static_cast<double>(messages);
  state.counters["messages/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(count) * state.range(0));
}

void BM_RingBuffer_OneMessageATurn(benchmark::State& state) { queue_and_flush(state, 1); }
BENCHMARK(BM_RingBuffer_OneMessageATurn)->ArgName("bytes")->Arg(64)->Arg(512);

void BM_RingBuffer_128MessagesATurn(benchmark::State& state) { queue_and_flush(state, 128); }
BENCHMARK(BM_RingBuffer_128MessagesATurn)->ArgName("bytes")->Arg(64)->Arg(512);

// The socket takes only part each time, so that the ring is never empty and its content wraps.
void BM_RingBuffer_AppendAndConsume_NeverEmpty(benchmark::State& state) {
  const std::string message(static_cast<std::size_t>(state.range(0)), 'x');
  BufferPool pool;
  RingBuffer ring(pool);
  for (int i = 0; i < 100; ++i) {
    ring.append(message);
  }
  for ([[maybe_unused]] auto _ : state) {
    ring.append(message);
    benchmark::DoNotOptimize(ring.parts());
    ring.consume(message.size());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(BM_RingBuffer_AppendAndConsume_NeverEmpty)->ArgName("bytes")->Arg(64)->Arg(512);

}  // namespace
