#pragma once

#include <vector>

#include "tools/loadgen/result.h"
#include "tools/loadgen/svg_plot.h"

namespace loadgen {

// Latency by percentile, on an axis that gives each further nine the same room.
Plot percentile_plot(const Latency& latency);

// What there was to see over time: messages, deliveries, latency, connections, and the CPU and
// memory of whom was watched. Plots without anything to show are left out.
std::vector<Plot> plots_over_time(const Result& result);

}  // namespace loadgen
