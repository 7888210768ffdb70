#pragma once

#include <memory>
#include <optional>

#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"

namespace loadgen {

// Which stage comes next. Owned by the conductor.
class StagePlan {
 public:
  virtual ~StagePlan() = default;

  // previous: null before the first stage. Nothing when the run is complete.
  virtual std::optional<Stage> next(const StageResult* previous) = 0;
  // Whether stages that miss an objective are part of the search, and no failure of the run.
  virtual bool is_search() const = 0;
};

// The stages of the plan one after the other or, with find_max, a search for the highest rate that
// keeps the objectives: doubles or halves the first stage's rate until one trial passes and one
// fails, then narrows the range geometrically until its ends are kSearchPrecision apart.
// plan outlives it.
std::unique_ptr<StagePlan> make_stage_plan(const Plan& plan);

inline constexpr double kSearchPrecision = 1.05;
inline constexpr int kTrialsMax = 24;
// Less than this share of what was asked is not all of it.
inline constexpr double kSentShareMin = 0.99;

// Whether everything that was asked of this stage was sent.
bool was_sent(const Plan& plan, const StageResult& stage);
// Whether it was, and all its objectives were kept.
bool has_passed(const Plan& plan, const StageResult& stage);

}  // namespace loadgen
