// How fast does a client that comes back get what it has missed: from what the log has in memory,
// and from each store? A whole server on a system that only counts.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "bench/scratch_directory.h"
#include "bench/scripted_server.h"
#include "chat/storage/open_storage.h"

namespace {

constexpr std::size_t kMissed = 50'000;
constexpr std::size_t kBytes = 64;
constexpr const char* kToken = "token";

// What comes back at least: the lines of the messages.
std::uint64_t bytes_missed() {
  std::uint64_t bytes = 0;
  for (std::size_t id = 1; id <= kMissed; ++id) {
    bytes +=
        fmt::format("@id={};ts=1700000000000;room=lobby MESSAGE:client0:\n", id).size() + kBytes;
  }
  return bytes;
}

void catch_up(benchmark::State& state, std::size_t tail_bytes, chat::Storage storage) {
  chat::ServerOptions options = bench::ScriptedServer::default_options();
  options.limits.tail_bytes = tail_bytes;
  options.make_token = [] { return std::string(kToken); };
  bench::ScriptedServer server(options, std::move(storage));
  server.join(1);
  server.serve("HELLO:1:tags,resume\nREGISTER:reader\n", 1);
  const std::string text = bench::broadcasts(kMissed / 100, kBytes);
  for (int i = 0; i < 100; ++i) {
    server.publish(text);
  }
  const std::uint64_t bytes = bytes_missed();
  const std::string resume = fmt::format("HELLO:1:tags,resume\nRESUME:{}:0\n", kToken);
  for ([[maybe_unused]] auto _ : state) {
    server.serve(resume, bytes);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kMissed));
}

chat::Storage on_disk(const std::string& directory) {
  chat::StorageOptions options;
  options.directory = directory;
  return chat::open_storage(options);
}

void BM_CatchUp_FromTheLog(benchmark::State& state) {
  catch_up(state, std::size_t{64} << 20, chat::open_memory_storage());
}
void BM_CatchUp_FromMemory(benchmark::State& state) {
  catch_up(state, std::size_t{64} << 10, chat::open_memory_storage());
}
void BM_CatchUp_FromDisk(benchmark::State& state) {
  const bench::ScratchDirectory directory;
  catch_up(state, std::size_t{64} << 10, on_disk(directory.path()));
}
// Items are messages. Real time: a store on disk has a thread of its own.
BENCHMARK(BM_CatchUp_FromTheLog)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_CatchUp_FromMemory)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_CatchUp_FromDisk)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
