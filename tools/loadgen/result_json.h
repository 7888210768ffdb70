#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tools/loadgen/result.h"

namespace loadgen {

// A result as a JSON object of schema 1: the fields of Result under their own names, one line for
// each; beside them "exit_code", the rates of each stage and the percentiles of each histogram,
// which are there to be read by others.
std::string to_json(const Result& result);

struct ReadResult {
  std::optional<Result> result;
  std::string error;  // one line, when there is no result
};

// The longest text that is looked at: a day of samples is a third of it.
constexpr std::size_t kJsonBytesMax = std::size_t{64} << 20;

// What to_json wrote, of this version or an earlier one. All that those wrote must be there; other
// keys are ignored. Durations come back
// as exact as the histogram's buckets, settings in the order of their names. Never throws,
// whatever the text is.
ReadResult from_json(std::string_view text);

}  // namespace loadgen
