#pragma once

#include <string>
#include <string_view>

namespace loadgen {

// Figures as people read them, in three significant digits and the unit that fits. What is below
// zero or not finite is shown as 0.

// "842 ns", "12.3 µs", "4.07 ms", "1.20 s", "3 min 05 s", "2 h 10 min".
std::string format_duration_ns(double duration_ns);
// "1,234,567": whole.
std::string format_count(double count);
// "0.25", "12.5", "1,234": for what may be a fraction.
std::string format_number(double number);
// "812 B", "12.3 KiB", "1.20 GiB".
std::string format_bytes(double bytes);
// A share from 0 to 1 as "97.4 %".
std::string format_percent(double share);

// Text from elsewhere, safe on a terminal: control characters become question marks.
std::string printable(std::string_view text);

}  // namespace loadgen
