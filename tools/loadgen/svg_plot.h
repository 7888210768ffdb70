#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadgen {

struct Point {
  double x = 0;
  double y = 0;
};

struct Series {
  std::string name;
  std::vector<Point> points;  // x never goes back
};

// What an axis counts: how its ticks are chosen and labelled.
enum class Quantity : std::uint8_t { kNumber, kDurationNs, kSeconds, kBytes, kTail };

// A linear axis begins at 0, unless there is less; a logarithmic one where the values begin.
// kTail is 1/(1-p), always logarithmic, labelled with the percentile p.
struct Axis {
  Quantity quantity = Quantity::kNumber;
  bool logarithmic = false;
  std::string title;
};

// Lines in a frame with ticks and a legend. The first series is solid, the second dashed, the third
// dotted, so that they are told apart without colours too.
struct Plot {
  std::string title;  // also what is read aloud
  Axis x;
  Axis y;
  std::vector<Series> series;
  // Left of this x the background is shaded: what was not measured.
  std::optional<double> shaded_until_x;
  bool wide = false;
};

// An <svg> element without colours: classes (frame, grid, tick, line s0…s2, area, shade, legend)
// say what is what, and the page's style sheet how it looks. Values that a logarithmic axis can't
// show (0 and below) break the line. Empty when there is no value to show.
std::string to_svg(const Plot& plot);

// A tick of a linear axis: where, and its label.
struct Tick {
  double at = 0;
  std::string label;
};
// Round ticks; the first is at or below lowest, the last at or above highest. REQUIRES: both are
// finite, lowest <= highest; when logarithmic, lowest > 0.
std::vector<Tick> ticks_between(const Axis& axis, double lowest, double highest);

// Text from elsewhere, safe within elements and attributes.
std::string escape_markup(std::string_view text);

}  // namespace loadgen
