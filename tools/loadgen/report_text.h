#pragma once

#include <string>

#include "tools/loadgen/result.h"

namespace loadgen {

// The result as a table for a terminal or a pipe: at most 80 columns, and about 35 lines when
// little is wrong. Ends with the verdict.
std::string text_report(const Result& result);

// "passed", "INVALID: the generator was the limit", …: the verdict for people.
std::string describe(Verdict verdict);

}  // namespace loadgen
