#include "tools/loadgen/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <span>

#include "reactor/check.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

constexpr double kLeft = 66;
constexpr double kRight = 16;
constexpr double kTop = 30;  // the legend's
constexpr double kBottom = 46;

struct Unit {
  double size;
  std::string_view suffix;
};

std::span<const Unit> units_of(Quantity quantity) {
  static constexpr std::array<Unit, 4> kNumbers{{{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}}};
  static constexpr std::array<Unit, 4> kDurations{
      {{1, " ns"}, {1e3, " µs"}, {1e6, " ms"}, {1e9, " s"}}};
  static constexpr std::array<Unit, 3> kSeconds{{{1, " s"}, {60, " min"}, {3600, " h"}}};
  static constexpr std::array<Unit, 4> kBytes{
      {{1, " B"}, {0x1p10, " KiB"}, {0x1p20, " MiB"}, {0x1p30, " GiB"}}};
  switch (quantity) {
    case Quantity::kDurationNs:
      return kDurations;
    case Quantity::kSeconds:
      return kSeconds;
    case Quantity::kBytes:
      return kBytes;
    case Quantity::kNumber:
    case Quantity::kTail:
      break;
  }
  return kNumbers;
}

// The largest unit of which value has at least `least`.
Unit fitting_unit(Quantity quantity, double value, double least) {
  const std::span<const Unit> units = units_of(quantity);
  Unit fitting = units.front();
  for (const Unit& unit : units) {
    if (value >= unit.size * least) {
      fitting = unit;
    }
  }
  return fitting;
}

std::string label_of(const Axis& axis, const Unit& unit, double value) {
  if (axis.quantity == Quantity::kTail) {
    // Digits as needed: 90 %, 99 %, 99.9 %.
    const double nines = std::log10(value);
    return fmt::format("{:.{}f} %", 100 * (1 - 1 / value),
                       std::max(0, static_cast<int>(std::lround(nines)) - 2));
  }
  return value == 0 ? "0" : fmt::format("{:.6g}{}", value / unit.size, unit.suffix);
}

std::vector<Tick> linear_ticks(const Axis& axis, double lowest, double highest) {
  constexpr double kTicks = 5;
  const double width = highest > lowest ? highest - lowest : 1;
  const bool is_time = axis.quantity == Quantity::kSeconds;
  // Seconds stay seconds for some minutes.
  const Unit unit =
      fitting_unit(axis.quantity, std::max(std::abs(lowest), lowest + width), is_time ? 5 : 1);
  const double rough = width / unit.size / kTicks;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (rough <= factor * power) {
      step = factor * power;
    }
  }
  step *= unit.size;
  std::vector<Tick> ticks;
  // The margins keep a bound that is a tick itself from rounding away from it.
  const auto first = static_cast<std::int64_t>(std::floor(lowest / step + 1e-9));
  const auto last = static_cast<std::int64_t>(std::ceil((lowest + width) / step - 1e-9));
  for (std::int64_t i = first; i <= last; ++i) {
    const double at = static_cast<double>(i) * step;
    ticks.push_back({at, label_of(axis, unit, at)});
  }
  return ticks;
}

// The powers of ten, and around and between them 2 and 5 times these where they serve: as bounds,
// and everywhere when there are few powers.
std::vector<Tick> logarithmic_ticks(const Axis& axis, double lowest, double highest) {
  constexpr double kMargin = 1e-9;
  const bool is_tail = axis.quantity == Quantity::kTail;
  const bool dense = highest / lowest < 100;
  const auto factors = is_tail ? std::vector<double>{1} : std::vector<double>{1, 2, 5};
  std::vector<Tick> ticks;
  for (double power = std::pow(10, std::floor(std::log10(lowest) + kMargin));; power *= 10) {
    for (const double factor : factors) {
      const double at = power * factor;
      const bool is_last = at >= highest * (1 - kMargin) && !ticks.empty();
      if (at <= lowest * (1 + kMargin)) {
        ticks.clear();
      } else if (!is_last && !dense && factor != 1) {
        continue;
      }
      ticks.push_back({at, label_of(axis, fitting_unit(axis.quantity, at, 1), at)});
      if (is_last && ticks.size() > 1) {
        return ticks;
      }
    }
  }
}

bool is_logarithmic(const Axis& axis) {
  return axis.logarithmic || axis.quantity == Quantity::kTail;
}

bool is_shown(const Axis& axis, double value) {
  return std::isfinite(value) && (value > 0 || !is_logarithmic(axis));
}

// From values to places on the page.
class Scale {
 public:
  Scale(const Axis& axis, double lowest, double highest, double from, double to)
      : logarithmic_(is_logarithmic(axis)), from_(from), to_(to) {
    ticks_ = ticks_between(axis, lowest, highest);
    // Time ends where the run ends; what is measured gets a round frame.
    const bool is_time = axis.quantity == Quantity::kSeconds;
    const bool is_tail = axis.quantity == Quantity::kTail;
    lowest_ = is_time ? lowest : ticks_.front().at;
    highest_ = is_time || is_tail ? highest : ticks_.back().at;
    std::erase_if(ticks_,
                  [&](const Tick& tick) { return tick.at < lowest_ || tick.at > highest_; });
  }

  double place(double value) const {
    const double share = logarithmic_ ? std::log(value / lowest_) / std::log(highest_ / lowest_)
                                      : (value - lowest_) / (highest_ - lowest_);
    return from_ + share * (to_ - from_);
  }

  double from() const { return from_; }
  double to() const { return to_; }
  double lowest() const { return lowest_; }
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  bool logarithmic_;
  double from_;
  double to_;
  double lowest_;
  double highest_;
  std::vector<Tick> ticks_;
};

// The scale that has room for every value of the plot, or nothing when there is none.
std::optional<Scale> scale_for(const Plot& plot, bool of_x, double from, double to) {
  const Axis& axis = of_x ? plot.x : plot.y;
  const bool from_zero = !is_logarithmic(axis);
  double lowest = from_zero ? 0 : HUGE_VAL;
  double highest = -HUGE_VAL;
  for (const Series& series : plot.series) {
    for (const Point& point : series.points) {
      if (is_shown(plot.x, point.x) && is_shown(plot.y, point.y)) {
        const double value = of_x ? point.x : point.y;
        lowest = std::min(lowest, value);
        highest = std::max(highest, value);
      }
    }
  }
  if (highest == -HUGE_VAL) {
    return std::nullopt;
  }
  // A frame needs an extent, also around a single value.
  const double least = from_zero ? lowest + 1 : lowest * 10;
  return Scale(axis, lowest, highest > lowest ? highest : least, from, to);
}

void add_ticks(std::string& svg, const Scale& x, const Scale& y) {
  for (const Tick& tick : y.ticks()) {
    const double at = y.place(tick.at);
    fmt::format_to(std::back_inserter(svg),
                   R"(<line class="grid" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)"
                   R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)",
                   x.from(), at, x.to(), at, x.from() - 8, at + 4, tick.label);
  }
  for (const Tick& tick : x.ticks()) {
    const double at = x.place(tick.at);
    fmt::format_to(std::back_inserter(svg),
                   R"(<line class="grid" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)"
                   R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)",
                   at, y.to(), at, y.from(), at, y.from() + 17, tick.label);
  }
  svg += '\n';
}

// The points as an SVG path; those that fall on the one before are left out.
std::string path_of(const Plot& plot, const Series& series, const Scale& x, const Scale& y) {
  constexpr double kVisible = 0.4;
  std::string path;
  Point last;
  bool is_begun = false;
  for (const Point& point : series.points) {
    if (!is_shown(plot.x, point.x) || !is_shown(plot.y, point.y)) {
      is_begun = false;
      continue;
    }
    const Point at{x.place(point.x), y.place(point.y)};
    if (is_begun && std::abs(at.x - last.x) < kVisible && std::abs(at.y - last.y) < kVisible) {
      continue;
    }
    fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", is_begun ? "L" : "M", at.x, at.y);
    last = at;
    is_begun = true;
  }
  return path;
}

void add_series(std::string& svg, const Plot& plot, const Scale& x, const Scale& y) {
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const std::string path = path_of(plot, plot.series[i], x, y);
    // One line alone gets a surface under it, if it is one line and stands on 0.
    const bool is_whole = std::count(path.begin(), path.end(), 'M') == 1;
    if (plot.series.size() == 1 && is_whole && !is_logarithmic(plot.y)) {
      fmt::format_to(std::back_inserter(svg),
                     "<path class=\"area\" d=\"{}L{:.1f} {:.1f}L{:.1f} {:.1f}Z\"/>\n", path,
                     x.place(plot.series[i].points.back().x), y.from(),
                     x.place(plot.series[i].points.front().x), y.from());
    }
    fmt::format_to(std::back_inserter(svg), "<path class=\"line s{}\" d=\"{}\"/>\n", i, path);
  }
}

void add_legend(std::string& svg, const Plot& plot, double right) {
  constexpr double kCharacter = 6.6;  // about its width
  constexpr double kSwatch = 26;
  constexpr double kGap = 18;
  if (plot.series.size() < 2) {
    return;
  }
  double at = right;
  for (const Series& series : plot.series) {
    at -= kSwatch + 6 + kCharacter * static_cast<double>(series.name.size());
  }
  at -= kGap * static_cast<double>(plot.series.size() - 1);
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const std::string& name = plot.series[i].name;
    fmt::format_to(std::back_inserter(svg),
                   R"(<path class="line s{}" d="M{:.1f} 14h{}"/>)"
                   R"(<text class="legend" x="{:.1f}" y="18">{}</text>)",
                   i, at, kSwatch, at + kSwatch + 6, escape_markup(name));
    at += kSwatch + 6 + kCharacter * static_cast<double>(name.size()) + kGap;
  }
  svg += '\n';
}

}  // namespace

std::vector<Tick> ticks_between(const Axis& axis, double lowest, double highest) {
  CHECK(std::isfinite(lowest) && std::isfinite(highest) && lowest <= highest, "no range", lowest,
        highest);
  if (is_logarithmic(axis)) {
    CHECK(lowest > 0, "a logarithm has no zero", lowest);
    return logarithmic_ticks(axis, lowest, highest);
  }
  return linear_ticks(axis, lowest, highest);
}

std::string to_svg(const Plot& plot) {
  constexpr double kHeight = 270;
  constexpr double kWideHeight = 360;
  constexpr double kWidth = 480;
  constexpr double kWideWidth = 984;
  const double width = plot.wide ? kWideWidth : kWidth;
  const double height = plot.wide ? kWideHeight : kHeight;
  const auto x = scale_for(plot, true, kLeft, width - kRight);
  const auto y = scale_for(plot, false, height - kBottom, kTop);
  if (!x || !y) {
    return {};
  }
  std::string svg =
      fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n<title>{}</title>\n",
                  width, height, escape_markup(plot.title), escape_markup(plot.title));
  if (plot.shaded_until_x && *plot.shaded_until_x > x->lowest()) {
    fmt::format_to(std::back_inserter(svg),
                   "<rect class=\"shade\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" "
                   "height=\"{:.1f}\"/>\n",
                   kLeft, kTop, x->place(*plot.shaded_until_x) - kLeft, y->from() - kTop);
  }
  add_ticks(svg, *x, *y);
  fmt::format_to(std::back_inserter(svg),
                 "<path class=\"frame\" d=\"M{} {}V{:.1f}H{:.1f}\"/>\n"
                 "<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n"
                 "<text class=\"axis\" x=\"8\" y=\"18\">{}</text>\n",
                 kLeft, kTop, y->from(), x->to(), (kLeft + x->to()) / 2, height - 8,
                 escape_markup(plot.x.title), escape_markup(plot.y.title));
  add_series(svg, plot, *x, *y);
  add_legend(svg, plot, width - kRight);
  return svg + "</svg>\n";
}

std::string escape_markup(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace loadgen
