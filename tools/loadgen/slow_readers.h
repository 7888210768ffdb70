#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "reactor/reactor.h"
#include "reactor/timers.h"
#include "tools/loadgen/load_client.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"
#include "tools/loadgen/room_order.h"

namespace loadgen {

// Makes one client read slowly, or not at all, for a spell; then lets it catch up as fast as it
// can, and begins again. Sees how far behind it falls and how long catching up takes. Used on the
// client's thread only.
class SlowReader final : private ReadingPace, private reactor::TimerHandler {
 public:
  // order: of the room where the client listens. All outlive the reader; found is added to.
  SlowReader(LoadClient& client, const RoomOrder& order, const SlowReaderPlan& plan,
             reactor::Reactor& loop, SlowReaderResult& found);
  SlowReader(const SlowReader&) = delete;
  SlowReader& operator=(const SlowReader&) = delete;
  ~SlowReader();

  void begin_spell();
  // No more spells: it catches up now.
  void end();
  bool is_behind() const { return state_ == State::kSlow || state_ == State::kCatchingUp; }

 private:
  enum class State : std::uint8_t { kFast, kSlow, kCatchingUp };
  // Timer arguments.
  static constexpr std::uint64_t kSpellEnds = 0;
  static constexpr std::uint64_t kMayRead = 1;

  void on_read(LoadClient& client, std::size_t bytes) override;
  void on_timer(std::uint64_t argument) override;
  void pause_after(std::size_t bytes);
  void end_spell();
  void note_caught_up();
  // Messages that it has yet to get.
  std::uint64_t behind() const;

  LoadClient& client_;
  const RoomOrder& order_;
  const SlowReaderPlan& plan_;
  reactor::Reactor& loop_;
  SlowReaderResult& found_;
  State state_ = State::kFast;
  bool is_over_ = false;
  reactor::TimerId spell_timer_;
  reactor::TimerId read_timer_;
  reactor::TimePoint catching_up_since_;
  std::uint64_t got_before_ = 0;  // messages, when it began to catch up
  std::uint64_t wanted_ = 0;      // the order's end then
};

// The slow readers of one thread. Owned by its Worker.
class SlowReaders final {
 public:
  SlowReaders(const SlowReaderPlan& plan, reactor::Reactor& loop) : plan_(plan), loop_(loop) {}

  void add(LoadClient& client, const RoomOrder& order);
  // The first spell of all of them begins. A second call does nothing.
  void begin();
  // No more spells: all catch up.
  void end();
  // Whoever is behind now has never caught up.
  SlowReaderResult result() const;

 private:
  const SlowReaderPlan& plan_;
  reactor::Reactor& loop_;
  SlowReaderResult found_;
  std::vector<std::unique_ptr<SlowReader>> readers_;
  bool has_begun_ = false;
};

}  // namespace loadgen
