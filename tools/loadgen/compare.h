#pragma once

#include <string>
#include <vector>

namespace loadgen {

struct CompareReport {
  std::string text;   // the comparison, or one line that says what was wrong
  int exit_code = 0;  // 0 compared, 1 a file can't be read, 2 usage
};

// `chat-loadgen compare`: sides, each the name of a file that --json wrote, or of several joined by
// commas, which are repeated runs. The first side is the base, each other one is compared with it.
// Several runs on both sides are compared by their medians; else a side's seconds have to tell how
// sure a difference is, and the text says that they can't tell what differs between runs.
CompareReport compare(const std::vector<std::string>& sides);

}  // namespace loadgen
