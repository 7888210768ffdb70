// The work that tools/check-budget counts: a whole server on a system that only counts, so that
// every run does the same. Prints how many deliveries (or registrations) it made, and the system
// calls and allocations they took; the instructions are counted from outside.

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "bench/scripted_server.h"
#include "tests/heap_counter.h"

namespace {

constexpr std::size_t kMembers = 500;
constexpr std::size_t kNewcomers = 1000;
constexpr std::size_t kBytes = 64;

struct Workload {
  std::string_view name;
  std::size_t members = 0;            // before the count begins
  std::size_t newcomers = 0;          // who register while it is on
  std::size_t messages_per_turn = 0;  // from one member to all the others
  int turns = 0;
};

constexpr Workload kWorkloads[] = {
    {.name = "one_message_a_turn", .members = kMembers, .messages_per_turn = 1, .turns = 400},
    {.name = "saturated", .members = kMembers, .messages_per_turn = 128, .turns = 5},
    {.name = "registration", .newcomers = kNewcomers},
};

// What is counted lies between the beginning and the end of this function; tools/check-budget knows
// its name.
extern "C" [[gnu::noinline]] void budget_measured(bench::ScriptedServer& server,
                                                  const Workload& workload,
                                                  const std::string& text) {
  server.join(workload.newcomers);
  for (int i = 0; i < workload.turns; ++i) {
    server.publish(text);
  }
}

void run(const Workload& workload) {
  bench::ScriptedServer server;
  server.join(workload.members);
  const std::string text = bench::broadcasts(workload.messages_per_turn, kBytes);
  if (!text.empty()) {
    server.warm_up(text);
  }
  const std::uint64_t deliveries = server.deliveries();
  const std::uint64_t calls = server.net().calls();
  const std::size_t allocations = tests::heap.allocations;
  budget_measured(server, workload, text);
  const std::size_t allocated = tests::heap.allocations - allocations;
  const std::uint64_t done =
      workload.newcomers > 0 ? workload.newcomers : server.deliveries() - deliveries;
  std::printf("%llu %llu %zu\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(server.net().calls() - calls), allocated);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Workload& workload : kWorkloads) {
    if (argc == 2 && workload.name == argv[1]) {
      run(workload);
      return 0;
    }
  }
  std::fprintf(stderr, "usage: budget_workloads WORKLOAD\n");
  for (const Workload& workload : kWorkloads) {
    std::fprintf(stderr, "  %s\n", std::string(workload.name).c_str());
  }
  return 2;
}
