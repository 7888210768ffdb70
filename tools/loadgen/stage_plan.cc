#include "tools/loadgen/stage_plan.h"

#include <cmath>
#include <cstddef>

namespace loadgen {
namespace {

class StageList final : public StagePlan {
 public:
  explicit StageList(const std::vector<Stage>& stages) : stages_(stages) {}

  std::optional<Stage> next(const StageResult* /*previous*/) override {
    return next_ < stages_.size() ? std::optional(stages_[next_++]) : std::nullopt;
  }
  bool is_search() const override { return false; }

 private:
  const std::vector<Stage> stages_;
  std::size_t next_ = 0;
};

class RateSearch final : public StagePlan {
 public:
  explicit RateSearch(const Plan& plan) : plan_(plan), trial_(plan.stages.front()) {}

  std::optional<Stage> next(const StageResult* previous) override {
    if (previous != nullptr) {
      (has_passed(plan_, *previous) ? highest_kept_ : lowest_missed_) = trial_.messages_per_second;
      const std::optional<double> rate = next_rate();
      if (!rate || trials_ >= kTrialsMax) {
        return std::nullopt;
      }
      trial_.messages_per_second = *rate;
    }
    ++trials_;
    return trial_;
  }
  bool is_search() const override { return true; }

 private:
  std::optional<double> next_rate() const {
    if (lowest_missed_ == 0) {
      return highest_kept_ * 2;
    }
    if (highest_kept_ == 0) {
      constexpr double kLowestRate = 0.5;
      const double half = lowest_missed_ / 2;
      return half < kLowestRate ? std::nullopt : std::optional(half);
    }
    if (lowest_missed_ <= highest_kept_ * kSearchPrecision) {
      return std::nullopt;
    }
    return std::sqrt(lowest_missed_ * highest_kept_);
  }

  const Plan& plan_;
  Stage trial_;
  double highest_kept_ = 0;   // 0: none yet
  double lowest_missed_ = 0;  // 0: none yet
  int trials_ = 0;
};

}  // namespace

bool was_sent(const Plan& plan, const StageResult& stage) {
  const double asked = stage.asked_per_second * stage.seconds;
  // Chance alone does not take more from a Poisson process, but for once in thirty thousand times.
  const double chance = plan.arrivals == Arrivals::kPoisson ? 4 * std::sqrt(asked) : 0;
  return static_cast<double>(stage.sent) >= asked * kSentShareMin - chance;
}

bool has_passed(const Plan& plan, const StageResult& stage) {
  return stage.objectives_kept && was_sent(plan, stage);
}

std::unique_ptr<StagePlan> make_stage_plan(const Plan& plan) {
  if (plan.find_max) {
    return std::make_unique<RateSearch>(plan);
  }
  return std::make_unique<StageList>(plan.stages);
}

}  // namespace loadgen
