#pragma once

#include <cstdint>
#include <optional>

namespace loadgen {

// What a process uses, read from /proc (Linux; elsewhere nothing is ever known).
struct ProcessUse {
  double cpu_seconds = 0;  // of all its threads, since its start
  std::uint64_t resident_bytes = 0;
};

// Nothing when there is no such process or it can't be looked at.
std::optional<ProcessUse> look_at_process(int pid);

}  // namespace loadgen
