#include "tools/loadgen/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>

namespace loadgen {
namespace {

struct Unit {
  double size;
  std::string_view name;
};

double shown(double value) { return std::isfinite(value) && value > 0 ? value : 0; }

// REQUIRES: value is shown(). Smallest units first; the last one takes all that is longer.
template <std::size_t N>
std::string in_fitting_unit(double value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    // What rounds up to the next unit is shown in the next unit.
    const bool is_last = &unit == &units.back();
    const double next = is_last ? 0 : (&unit + 1)->size / unit.size;
    if (is_last || value / unit.size < next - 0.5) {
      const double in_unit = value / unit.size;
      return fmt::format("{} {}", unit.size == 1 ? format_count(in_unit) : format_number(in_unit),
                         unit.name);
    }
  }
  return {};
}

}  // namespace

std::string format_duration_ns(double duration_ns) {
  static constexpr std::array<Unit, 4> kUnits{{{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}}};
  constexpr double kMinutesFromSeconds = 120;
  constexpr double kHoursFromMinutes = 120;
  const double duration = shown(duration_ns);
  const double seconds = std::round(duration / 1e9);
  if (seconds < kMinutesFromSeconds) {
    return in_fitting_unit(duration, kUnits);
  }
  const double minutes = std::floor(seconds / 60);
  if (minutes < kHoursFromMinutes) {
    return fmt::format("{:.0f} min {:02.0f} s", minutes, seconds - minutes * 60);
  }
  const double hours = std::floor(minutes / 60);
  return fmt::format("{} h {:02.0f} min", format_count(hours), minutes - hours * 60);
}

std::string format_count(double count) {
  std::string digits = fmt::format("{:.0f}", shown(count));
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string format_number(double number) {
  const double value = shown(number);
  if (value == 0) {
    return "0";
  }
  // The limits are where rounding would make a digit more.
  if (value < 9.995) {
    return fmt::format("{:.2f}", value);
  }
  return value < 99.95 ? fmt::format("{:.1f}", value) : format_count(value);
}

std::string format_bytes(double bytes) {
  constexpr double kStep = 1024;
  static constexpr std::array<Unit, 5> kUnits{{{1, "B"},
                                               {kStep, "KiB"},
                                               {kStep * kStep, "MiB"},
                                               {kStep * kStep * kStep, "GiB"},
                                               {kStep * kStep * kStep * kStep, "TiB"}}};
  return in_fitting_unit(shown(bytes), kUnits);
}

std::string format_percent(double share) { return fmt::format("{:.1f} %", shown(share) * 100); }

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    // U+0080 to U+009F control terminals too.
    const bool is_c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F;
    result += is_c1 || byte < 0x20 || byte == 0x7F ? '?' : text[i];
    i += is_c1 ? 1 : 0;
  }
  return result;
}

}  // namespace loadgen
