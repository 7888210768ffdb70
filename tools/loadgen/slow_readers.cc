#include "tools/loadgen/slow_readers.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace loadgen {

SlowReader::SlowReader(LoadClient& client, const RoomOrder& order, const SlowReaderPlan& plan,
                       reactor::Reactor& loop, SlowReaderResult& found)
    : client_(client), order_(order), plan_(plan), loop_(loop), found_(found) {
  ReadingPace* const pace = this;
  client_.set_pace(pace);
}

SlowReader::~SlowReader() {
  client_.set_pace(nullptr);
  loop_.timers().cancel(spell_timer_);
  loop_.timers().cancel(read_timer_);
}

void SlowReader::begin_spell() {
  state_ = State::kSlow;
  if (plan_.bytes_per_second == 0) {
    client_.pause_reading();
  }
  spell_timer_ = loop_.timers().arm(loop_.now() + plan_.spell, *this, kSpellEnds);
}

void SlowReader::end() {
  is_over_ = true;
  if (state_ == State::kSlow) {
    end_spell();
  }
}

void SlowReader::end_spell() {
  loop_.timers().cancel(spell_timer_);
  loop_.timers().cancel(read_timer_);
  state_ = State::kCatchingUp;
  if (client_.is_away()) {
    return;  // cut off: it never will
  }
  catching_up_since_ = loop_.now();
  got_before_ = client_.follower.integrity.delivered;
  wanted_ = order_.end();
  client_.resume_reading();
  if (behind() > 0) {
    found_.behind_max = std::max(found_.behind_max, behind());
  } else {
    note_caught_up();
  }
}

void SlowReader::on_read(LoadClient& /*client*/, std::size_t bytes) {
  if (state_ == State::kSlow) {
    pause_after(bytes);
  } else if (state_ == State::kCatchingUp) {
    found_.bytes += bytes;
    found_.behind_max = std::max(found_.behind_max, behind());
    if (*client_.follower.position >= wanted_) {
      found_.catching_up.record((loop_.now() - catching_up_since_).count());
      found_.messages += client_.follower.integrity.delivered - got_before_;
      note_caught_up();
    }
  }
}

// What comes at once is read at once, and then nothing until that much time has passed.
void SlowReader::pause_after(std::size_t bytes) {
  client_.pause_reading();
  if (plan_.bytes_per_second > 0) {
    const double spell = std::chrono::duration<double>(plan_.spell).count();
    const std::chrono::duration<double> pause{
        std::min(spell, static_cast<double>(bytes) / plan_.bytes_per_second)};
    read_timer_ = loop_.timers().arm(loop_.now() + std::chrono::duration_cast<Duration>(pause),
                                     *this, kMayRead);
  }
}

void SlowReader::on_timer(std::uint64_t argument) {
  if (argument == kMayRead) {
    client_.resume_reading();
  } else {
    end_spell();
  }
}

void SlowReader::note_caught_up() {
  state_ = State::kFast;
  if (!is_over_) {
    begin_spell();
  }
}

std::uint64_t SlowReader::behind() const {
  return order_.end() - std::min(order_.end(), *client_.follower.position);
}

void SlowReaders::add(LoadClient& client, const RoomOrder& order) {
  readers_.push_back(std::make_unique<SlowReader>(client, order, plan_, loop_, found_));
}

void SlowReaders::begin() {
  if (!std::exchange(has_begun_, true)) {
    for (const std::unique_ptr<SlowReader>& reader : readers_) {
      reader->begin_spell();
    }
  }
}

void SlowReaders::end() {
  for (const std::unique_ptr<SlowReader>& reader : readers_) {
    reader->end();
  }
}

SlowReaderResult SlowReaders::result() const {
  SlowReaderResult result = found_;
  result.readers = readers_.size();
  result.never = static_cast<std::uint64_t>(std::count_if(
      readers_.begin(), readers_.end(), [](const auto& reader) { return reader->is_behind(); }));
  return result;
}

}  // namespace loadgen
