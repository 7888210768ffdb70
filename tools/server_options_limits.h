#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tools/server_options.h"

namespace tools {

// A flag for every limit, with its unit and default. settings outlives the parsing.
std::vector<CLI::Option*> add_limits(CLI::App& app, ServerSettings& settings);

// What is wrong with the limits taken together, or empty.
std::string contradiction_in(const chat::Limits& limits);

}  // namespace tools
