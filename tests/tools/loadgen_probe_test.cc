#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <limits>
#include <optional>
#include <thread>

#include "tools/loadgen/process_probe.h"

namespace loadgen {
namespace {

constexpr double kBurntSeconds = 0.1;
// The system may count what ended threads have used in clock ticks, of user and of system time.
constexpr double kCoarseSeconds = 0.05;

// Uses so much CPU time on the thread that calls it.
void burn() {
  timespec used{};
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  } while (static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9 <
           kBurntSeconds);
}

TEST(ProcessProbe, CpuTimeOfThreadsThatHaveEnded_IsCounted) {
  const std::optional<ProcessUse> before = look_at_process(getpid());
  if (!before) {
    GTEST_SKIP() << "no /proc here";
  }
  std::thread(burn).join();
  const std::optional<ProcessUse> after = look_at_process(getpid());
  ASSERT_TRUE(after);
  EXPECT_GE(after->cpu_seconds - before->cpu_seconds, kBurntSeconds - kCoarseSeconds);
  EXPECT_GT(after->resident_bytes, 0U);
}

TEST(ProcessProbe, Load_IsThatOfTheBusiestThreadOrOfAllProcessors) {
  ProcessUse before;
  before.cpu_seconds = 10;
  before.processors = 4;
  before.thread_cpu_seconds = {{1, 6.0}, {2, 4.0}};
  ProcessUse after = before;
  after.cpu_seconds = 12.8;
  after.thread_cpu_seconds = {{1, 6.5}, {2, 5.8}, {3, 0.5}};
  EXPECT_DOUBLE_EQ(load_between(before, after, 2), 0.9) << "thread 2";
  EXPECT_DOUBLE_EQ(busiest_thread_between(before, after), 1.8) << "thread 2";
  after.thread_cpu_seconds = {{3, 1.0}};
  EXPECT_DOUBLE_EQ(load_between(before, after, 2), 0.5) << "thread 3, which is new";
  after.cpu_seconds = 17.2;
  EXPECT_DOUBLE_EQ(load_between(before, after, 2), 0.9) << "7.2 of 8 seconds";
  EXPECT_EQ(load_between(before, after, 0), 0);
}

TEST(ProcessProbe, NoSuchProcess_IsNothing) {
  EXPECT_FALSE(look_at_process(std::numeric_limits<int>::max()));
}

}  // namespace
}  // namespace loadgen
