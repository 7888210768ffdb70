#include "reactor/timers.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace reactor {
namespace {

using std::chrono::milliseconds;

TimePoint at(int ms) { return TimePoint{milliseconds{ms}}; }

class Recorder final : public TimerHandler {
 public:
  std::vector<std::uint64_t> fired;
  std::function<void(std::uint64_t)> then;

  void on_timer(std::uint64_t argument) override {
    fired.push_back(argument);
    if (then) {
      then(argument);
    }
  }
};

using Fired = std::vector<std::uint64_t>;

TEST(Timers, NotYetDue_DoNotFire) {
  Timers timers;
  Recorder recorder;
  timers.arm(at(10), recorder, 1);
  timers.fire(at(9));
  EXPECT_EQ(recorder.fired, Fired{});
  EXPECT_EQ(timers.next_due(), at(10));
  timers.fire(at(10));
  EXPECT_EQ(recorder.fired, Fired{1});
  EXPECT_EQ(timers.next_due(), std::nullopt);
}

TEST(Timers, Due_FireEarliestFirstAndEqualOnesInTheOrderArmed) {
  Timers timers;
  Recorder recorder;
  timers.arm(at(30), recorder, 1);
  timers.arm(at(10), recorder, 2);
  timers.arm(at(20), recorder, 3);
  timers.arm(at(10), recorder, 4);
  timers.arm(at(10), recorder, 5);
  timers.fire(at(100));
  EXPECT_EQ(recorder.fired, (Fired{2, 4, 5, 3, 1}));
}

TEST(Timers, Cancelled_DoesNotFireAndIsCancelledOnce) {
  Timers timers;
  Recorder recorder;
  const TimerId id = timers.arm(at(10), recorder, 1);
  EXPECT_TRUE(timers.armed(id));
  EXPECT_TRUE(timers.cancel(id));
  EXPECT_FALSE(timers.armed(id));
  EXPECT_FALSE(timers.cancel(id));
  timers.fire(at(10));
  EXPECT_EQ(recorder.fired, Fired{});
}

TEST(Timers, OldId_DoesNotCancelTheTimerThatFollowed) {
  Timers timers;
  Recorder recorder;
  const TimerId old_id = timers.arm(at(10), recorder, 1);
  timers.fire(at(10));
  const TimerId id = timers.arm(at(20), recorder, 2);
  EXPECT_EQ(id.slot, old_id.slot);
  EXPECT_FALSE(timers.cancel(old_id));
  EXPECT_FALSE(timers.cancel(TimerId{}));
  EXPECT_TRUE(timers.armed(id));
}

TEST(Timers, HandlerCancelsOneThatIsDueToo_ItDoesNotFire) {
  Timers timers;
  Recorder recorder;
  const TimerId own = timers.arm(at(10), recorder, 1);
  const TimerId other = timers.arm(at(11), recorder, 2);
  recorder.then = [&](std::uint64_t) {
    EXPECT_FALSE(timers.cancel(own)) << "it fires right now";
    EXPECT_TRUE(timers.cancel(other));
  };
  timers.fire(at(20));
  EXPECT_EQ(recorder.fired, Fired{1});
}

TEST(Timers, ManyAtOnce_FireInSeveralCallsInTheirOrder) {
  Timers timers;
  Recorder recorder;
  Fired all;
  for (std::uint64_t i = 0; i < 2 * Timers::kFiredAtOnceMax + 1; ++i) {
    timers.arm(at(10), recorder, i);
    all.push_back(i);
  }
  timers.fire(at(10));
  EXPECT_EQ(recorder.fired.size(), Timers::kFiredAtOnceMax);
  EXPECT_EQ(timers.next_due(), at(10)) << "nobody sleeps over the others";
  timers.arm(at(5), recorder, all.size());
  all.push_back(all.size());
  timers.fire(at(10));
  timers.fire(at(10));
  EXPECT_EQ(recorder.fired, all);
}

TEST(Timers, ArmedByAHandler_WaitsForTheNextCallEvenIfDue) {
  Timers timers;
  Recorder recorder;
  timers.arm(at(10), recorder, 1);
  recorder.then = [&](std::uint64_t argument) { timers.arm(at(10), recorder, argument + 1); };
  timers.fire(at(10));
  EXPECT_EQ(recorder.fired, Fired{1});
  EXPECT_EQ(timers.next_due(), at(10));
  timers.fire(at(10));
  EXPECT_EQ(recorder.fired, (Fired{1, 2}));
}

TEST(Timers, HandlerThatAlwaysRearmsInThePast_DelaysNobody) {
  Timers timers;
  Recorder restless;
  Recorder patient;
  timers.arm(at(10), restless);
  timers.arm(at(20), patient, 7);
  restless.then = [&](std::uint64_t) { timers.arm(TimePoint{}, restless); };
  timers.fire(at(20));
  EXPECT_EQ(patient.fired, Fired{7});
  EXPECT_EQ(restless.fired.size(), 1U);
  timers.fire(at(20));
  EXPECT_EQ(restless.fired.size(), 2U);
}

// The model is a sorted map of (due, sequence). Handlers arm and cancel while they fire.
class TimersModel {
 public:
  explicit TimersModel(unsigned seed) : random_(seed) {
    recorder_.then = [this](std::uint64_t key) { on_fire(key); };
    timers_.fire(now_);  // tells them the time
  }

  void step() {
    switch (random_() % 4) {
      case 0:
      case 1:
        arm();
        break;
      case 2:
        cancel_one();
        break;
      default:
        fire();
    }
    ASSERT_EQ(timers_.size(), model_.size());
    if (model_.empty()) {
      ASSERT_EQ(timers_.next_due(), std::nullopt);
    } else {
      ASSERT_EQ(timers_.next_due(), model_.begin()->first.first);
    }
  }

 private:
  using Key = std::pair<TimePoint, std::uint64_t>;  // the number is also the argument

  void arm() {
    const TimePoint due = now_ + milliseconds{static_cast<int>(random_() % 60) - 10};
    const TimerId id = timers_.arm(due, recorder_, sequence_);
    model_[{std::max(due, now_), sequence_}] = id;
    ++sequence_;
  }

  void cancel_one() {
    if (model_.empty()) {
      return;
    }
    const auto victim = std::next(model_.begin(), static_cast<long>(random_() % model_.size()));
    EXPECT_TRUE(timers_.cancel(victim->second));
    EXPECT_FALSE(timers_.cancel(victim->second));
    model_.erase(victim);
  }

  void fire() {
    now_ += milliseconds{random_() % 20};
    armed_before_ = sequence_;
    timers_.fire(now_);
    for (const auto& [key, id] : model_) {
      EXPECT_TRUE(key.first > now_ || key.second >= armed_before_) << "one that was due is left";
    }
  }

  void on_fire(std::uint64_t number) {
    ASSERT_FALSE(model_.empty());
    const Key first = model_.begin()->first;
    EXPECT_EQ(number, first.second) << "not the earliest";
    EXPECT_LE(first.first, now_) << "too early";
    EXPECT_LT(number, armed_before_) << "armed by a handler of this very call";
    EXPECT_FALSE(timers_.armed(model_.begin()->second));
    model_.erase(model_.begin());
    if (random_() % 3 == 0) {
      arm();
    }
    if (random_() % 3 == 0) {
      cancel_one();
    }
  }

  std::mt19937 random_;
  Timers timers_;
  Recorder recorder_;
  std::map<Key, TimerId> model_;
  TimePoint now_ = at(1000);
  std::uint64_t sequence_ = 0;
  std::uint64_t armed_before_ = 0;
};

TEST(Timers, RandomUse_BehavesLikeASortedMap) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TimersModel model(seed);
    for (int step = 0; step < 3000 && !testing::Test::HasFailure(); ++step) {
      model.step();
    }
  }
}

}  // namespace
}  // namespace reactor
