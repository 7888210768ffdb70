#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tools/loadgen/result.h"

namespace loadgen {

// What is told of acknowledgements, slow readers, reconnects and crashes, and of nothing else: the
// same words for every report.

// Each a name of at most 13 characters and a sentence or two; a name of its own for each subject,
// an empty one for what belongs to the same.
std::vector<Setting> facts_of_log(const Result& result);

// How many kinds of clients can be told apart: 0 where all are of one.
std::size_t kinds_in(const Result& result);

struct Distribution {
  std::string name;  // at most 14 characters
  const Histogram& histogram;
};
// Those that are not empty.
std::vector<Distribution> distributions_of_log(const Result& result);

}  // namespace loadgen
