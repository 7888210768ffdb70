#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tools/loadgen/options.h"

namespace loadgen {

// What chat-loadgen makes of these arguments.
inline ParsedOptions parse(const std::vector<std::string>& words) {
  std::vector<const char*> argv{"chat-loadgen"};
  for (const std::string& word : words) {
    argv.push_back(word.c_str());
  }
  return parse_options(static_cast<int>(argv.size()), argv.data());
}

// REQUIRES: there is no mistake in it.
inline Plan plan_of(const std::vector<std::string>& words) {
  const ParsedOptions parsed = parse(words);
  EXPECT_FALSE(parsed.is_over) << parsed.output;
  return parsed.options.plan;
}

}  // namespace loadgen
