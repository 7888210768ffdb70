#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace tools {

// "30", "30s" (seconds), "500ms", "2m", "1h", "90d". Negative for what is none of these.
std::chrono::milliseconds parse_duration(std::string_view text);
// The same the other way, in seconds or milliseconds.
std::string show_duration(std::chrono::milliseconds value);

}  // namespace tools
