#pragma once

#include <string>

#include "tools/loadgen/result.h"

namespace loadgen {

// One row for each sample, as RFC 4180 has it, under a header with units in its names.
std::string to_csv(const Result& result);

}  // namespace loadgen
