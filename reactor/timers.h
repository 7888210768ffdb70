#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reactor/net.h"

namespace reactor {

// Receives a timer that is due. Not owned by Timers; outlives its timers or cancels them.
class TimerHandler {
 public:
  virtual void on_timer(std::uint64_t argument) = 0;

 protected:
  ~TimerHandler() = default;
};

// Names one armed timer. A default TimerId names none.
struct TimerId {
  std::uint32_t slot = UINT32_MAX;
  std::uint32_t generation = 0;
};

// One-shot timers in a binary heap with positions, so that any of them can be cancelled in
// O(log n). Owned by the Reactor; used on its thread only.
class Timers {
 public:
  // One that is due already fires with the next call of fire(), behind all that were due before.
  TimerId arm(TimePoint due, TimerHandler& handler, std::uint64_t argument = 0);
  // False when the timer has fired or was cancelled before.
  bool cancel(TimerId id);
  bool armed(TimerId id) const;

  std::optional<TimePoint> next_due() const;
  // A call of fire() calls so many handlers at most, so that thousands of timers that are due at
  // once don't hold up everything else.
  static constexpr std::size_t kFiredAtOnceMax = 64;

  // Calls the handlers of what is due by now, earliest first, equal ones in the order armed. What
  // is left, and timers armed meanwhile, wait for the next call even if due, so that a turn ends.
  void fire(TimePoint now);
  std::size_t size() const { return heap_.size(); }

 private:
  struct Slot {
    TimerHandler* handler = nullptr;
    std::uint64_t argument = 0;
    std::uint32_t position = 0;  // in heap_
    std::uint32_t generation = 0;
  };
  struct Entry {
    TimePoint due;
    std::uint64_t sequence;  // the order armed
    std::uint32_t slot;
  };

  static bool before(const Entry& a, const Entry& b);
  void place(std::size_t position, const Entry& entry);
  void sift_up(std::size_t position);
  void sift_down(std::size_t position);
  void remove(std::size_t position);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_sequence_ = 0;
  TimePoint fired_at_;  // the last time given to fire()
};

}  // namespace reactor
