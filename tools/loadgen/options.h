#pragma once

#include <string>
#include <vector>

#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"

namespace loadgen {

// The command line of a run, complete: what is not given has the workload's defaults.
struct Options {
  Plan plan;
  std::string json_path;  // files to write; empty: none
  std::string csv_path;
  std::string hgrm_path;
  std::string html_path;
  bool quiet = false;
  std::string command_line;
};

struct ParsedOptions {
  Options options;
  // When set, the program ends here: exit_code is 0 for --help and --version, else 2.
  bool is_over = false;
  int exit_code = 0;
  std::string output;  // for standard output, or standard error when exit_code is not 0
};

ParsedOptions parse_options(int argc, const char* const* argv);

}  // namespace loadgen
