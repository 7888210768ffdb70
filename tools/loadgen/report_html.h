#pragma once

#include <string>

#include "tools/loadgen/result.h"

namespace loadgen {

// The result as one page of HTML that needs nothing else: no script, no font, no image from
// elsewhere. Follows the reader's choice of a dark or a light screen, and prints on A4.
std::string to_html(const Result& result);

}  // namespace loadgen
