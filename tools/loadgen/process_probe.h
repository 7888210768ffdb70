#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace loadgen {

// What a process uses, read from /proc (Linux; elsewhere nothing is ever known).
struct ProcessUse {
  double cpu_seconds = 0;  // of all its threads, since its start
  std::uint64_t resident_bytes = 0;
  std::size_t processors = 1;                // that it may run on
  std::map<int, double> thread_cpu_seconds;  // of those that run now
};

// Nothing when there is no such process or it can't be looked at.
std::optional<ProcessUse> look_at_process(int pid);

// The CPU time between two looks of the thread that used most.
double busiest_thread_between(const ProcessUse& before, const ProcessUse& after);

// How near the process was to what it can do between two looks, the seconds lying between them: the
// share of a processor that its busiest thread had, or of all its processors that all threads had,
// whichever is larger.
double load_between(const ProcessUse& before, const ProcessUse& after, double seconds);

}  // namespace loadgen
