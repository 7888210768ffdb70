#pragma once

#include <cstdint>
#include <string>

#include "tools/loadgen/result.h"

namespace loadgen {

// What a run is doing right now, for whoever watches.
struct Outlook {
  std::string phase;          // "connecting", "warming up", "stage 2", "trial 4", "draining"
  double seconds_left = 0;    // of the phase; 0 when nobody knows
  std::uint64_t clients = 0;  // ready
  std::uint64_t clients_asked = 0;
  const Sample* sample = nullptr;  // the latest; null before the first
};

class RunWatcher {
 public:
  // Once a second, and when the phase changes.
  virtual void on_progress(const Outlook& outlook) = 0;

 protected:
  ~RunWatcher() = default;
};

// A run of one kind or the other.
class Run {
 public:
  virtual ~Run() = default;

  // Makes the run. Returns what was measured, without a verdict. When the run could not be made,
  // error() says why and nothing else means anything. Once.
  virtual Result run() = 0;
  virtual const std::string& error() const = 0;
  // Any thread; async-signal-safe: ends the run early, in order. What was measured counts, but for
  // the trial of a search that it cuts short; when that is nothing, the run could not be made.
  virtual void interrupt() noexcept = 0;
};

}  // namespace loadgen
