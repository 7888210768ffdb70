#pragma once

#include <vector>

#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"
#include "tools/loadgen/worker_pool.h"

namespace loadgen {

// Puts what the workers have counted into the result: registrations, integrity room by room, how
// evenly members were served. REQUIRES: the pool is joined. Once.
void collect_findings(const WorkerPool& pool, Result& result);

// Sums up the stages (of a search, takes the best trial) and gives the verdict, with its reasons.
void judge(const Plan& plan, Result& result);

// Whether every objective is kept.
bool keeps(const std::vector<Objective>& objectives, const StageResult& stage);

}  // namespace loadgen
