#include "reactor/timers.h"

#include <algorithm>

#include "reactor/check.h"

namespace reactor {

TimerId Timers::arm(TimePoint due, TimerHandler& handler, std::uint64_t argument) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  slot.handler = &handler;
  slot.argument = argument;
  heap_.emplace_back();
  // Nothing is due before the present: a timer that is armed for the past again and again would
  // otherwise stand in front of all others for ever.
  place(heap_.size() - 1, {std::max(due, fired_at_), next_sequence_++, index});
  sift_up(heap_.size() - 1);
  return {index, slot.generation};
}

bool Timers::armed(TimerId id) const {
  return id.slot < slots_.size() && slots_[id.slot].handler != nullptr &&
         slots_[id.slot].generation == id.generation;
}

bool Timers::cancel(TimerId id) {
  if (!armed(id)) {
    return false;
  }
  remove(slots_[id.slot].position);
  return true;
}

std::optional<TimePoint> Timers::next_due() const {
  if (heap_.empty()) {
    return std::nullopt;
  }
  return heap_.front().due;
}

void Timers::fire(TimePoint now) {
  fired_at_ = now;
  const std::uint64_t armed_meanwhile = next_sequence_;
  for (std::size_t fired = 0; fired < kFiredAtOnceMax && !heap_.empty() && heap_.front().due <= now;
       ++fired) {
    const Entry first = heap_.front();
    if (first.sequence >= armed_meanwhile) {
      return;  // armed by a handler of this very call, as is all that is due behind it
    }
    TimerHandler& handler = *slots_[first.slot].handler;
    const std::uint64_t argument = slots_[first.slot].argument;
    remove(0);
    handler.on_timer(argument);
  }
}

bool Timers::before(const Entry& a, const Entry& b) {
  return a.due != b.due ? a.due < b.due : a.sequence < b.sequence;
}

void Timers::place(std::size_t position, const Entry& entry) {
  heap_[position] = entry;
  slots_[entry.slot].position = static_cast<std::uint32_t>(position);
}

void Timers::sift_up(std::size_t position) {
  const Entry entry = heap_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (!before(entry, heap_[parent])) {
      break;
    }
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void Timers::sift_down(std::size_t position) {
  const Entry entry = heap_[position];
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) {
      break;
    }
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) {
      ++child;
    }
    if (!before(heap_[child], entry)) {
      break;
    }
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

void Timers::remove(std::size_t position) {
  CHECK(position < heap_.size(), "no timer there", position);
  Slot& slot = slots_[heap_[position].slot];
  slot.handler = nullptr;
  ++slot.generation;
  free_slots_.push_back(heap_[position].slot);
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) {
    place(position, last);
    sift_up(position);
    sift_down(slots_[last.slot].position);
  }
}

}  // namespace reactor
