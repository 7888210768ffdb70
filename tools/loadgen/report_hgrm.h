#pragma once

#include <string>

#include "tools/loadgen/histogram.h"

namespace loadgen {

// The percentile distribution in HdrHistogram's text format, as its plotters read it
// (https://hdrhistogram.github.io/HdrHistogram/plotFiles.html). Values are milliseconds.
std::string to_hgrm(const Histogram& histogram);

}  // namespace loadgen
