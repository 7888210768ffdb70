// The steady state of a whole chat server, from the readable socket of a sender to the write for
// each of 500 members, allocates nothing.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "bench/scripted_server.h"
#include "tests/heap_counter.h"

namespace {

// The store takes memory by the chunk for what it keeps; everything else takes none.
TEST(FanOut, SteadyStateOfAWholeServer_AllocatesForWhatIsKeptOnly) {
  constexpr int kMessagesPerChunk = 50;
  constexpr std::size_t kMembers = 500;
  constexpr int kTurns = 2000;
  bench::ScriptedServer server;
  server.join(kMembers);
  const std::string message = bench::broadcasts(1, 64);
  server.warm_up(message);
  const std::uint64_t deliveries = server.deliveries();
  const std::uint64_t bytes = server.net().bytes_written();
  const std::size_t allocations = tests::heap.allocations;
  for (int i = 0; i < kTurns; ++i) {
    server.publish(message);
  }
  EXPECT_LE(tests::heap.allocations - allocations, kTurns / kMessagesPerChunk);
  EXPECT_EQ(server.deliveries() - deliveries, std::uint64_t{kTurns} * (kMembers - 1));
  EXPECT_GT(server.net().bytes_written() - bytes,
            std::uint64_t{kTurns} * (kMembers - 1) * message.size());
}

}  // namespace
