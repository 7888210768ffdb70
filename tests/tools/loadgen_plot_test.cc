#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "tests/tools/loadgen_example_result.h"
#include "tools/loadgen/report_plots.h"
#include "tools/loadgen/svg_plot.h"

namespace loadgen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> labels_between(const Axis& axis, double lowest, double highest) {
  std::vector<std::string> labels;
  for (const Tick& tick : ticks_between(axis, lowest, highest)) {
    labels.push_back(tick.label);
  }
  return labels;
}

TEST(Ticks, AreRoundAndInTheUnitThatFits) {
  EXPECT_THAT(labels_between({Quantity::kNumber, false, ""}, 0, 5230),
              ElementsAre("0", "2k", "4k", "6k"));
  EXPECT_THAT(labels_between({Quantity::kNumber, false, ""}, 0, 0.93),
              ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1"));
  EXPECT_THAT(labels_between({Quantity::kBytes, false, ""}, 0, 5.3 * 1024 * 1024),
              ElementsAre("0", "2 MiB", "4 MiB", "6 MiB"));
  EXPECT_THAT(labels_between({Quantity::kSeconds, false, ""}, -2, 30),
              ElementsAre("-10 s", "0", "10 s", "20 s", "30 s"));
  EXPECT_THAT(labels_between({Quantity::kSeconds, false, ""}, 0, 600),
              ElementsAre("0", "2 min", "4 min", "6 min", "8 min", "10 min"));
  EXPECT_THAT(labels_between({Quantity::kDurationNs, true, ""}, 1.2e6, 14e6),
              ElementsAre("1 ms", "2 ms", "5 ms", "10 ms", "20 ms"));
  EXPECT_THAT(labels_between({Quantity::kDurationNs, true, ""}, 30e3, 2e9),
              ElementsAre("20 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "2 s"));
  EXPECT_THAT(labels_between({Quantity::kTail, true, ""}, 1, 20'000),
              ElementsAre("0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"));
}

TEST(Ticks, EncloseTheValues) {
  for (const bool logarithmic : {false, true}) {
    for (double lowest = 0.001; lowest < 1e12; lowest *= 7.3) {
      for (const double factor : {1.0, 1.1, 3.0, 999.0, 1e6}) {
        const Axis axis{Quantity::kDurationNs, logarithmic, ""};
        const std::vector<Tick> ticks = ticks_between(axis, lowest, lowest * factor);
        ASSERT_GE(ticks.size(), 2U);
        EXPECT_LE(ticks.size(), 20U);
        EXPECT_LE(ticks.front().at, lowest * (1 + 1e-6));
        EXPECT_GE(ticks.back().at, lowest * factor * (1 - 1e-6));
      }
    }
  }
}

Plot plot_of(std::vector<Point> points, bool logarithmic = false) {
  Plot plot;
  plot.title = "a < b";
  plot.x = {Quantity::kSeconds, false, "time"};
  plot.y = {Quantity::kNumber, logarithmic, "value"};
  plot.series = {{"first & only", std::move(points)}};
  return plot;
}

// Every place that the lines of a plot go through.
std::vector<Point> places_in(const std::string& svg) {
  static const std::regex place_pattern("[ML]([-0-9.]+) ([-0-9.]+)");
  std::vector<Point> places;
  const std::size_t line = svg.find("class=\"line s0\" d=\"");
  EXPECT_NE(line, std::string::npos);
  const std::string path = svg.substr(line, svg.find("/>", line) - line);
  for (std::sregex_iterator it(path.begin(), path.end(), place_pattern);
       it != std::sregex_iterator(); ++it) {
    places.push_back({std::stod((*it)[1]), std::stod((*it)[2])});
  }
  return places;
}

TEST(SvgPlot, PutsValuesWhereTheAxesSay) {
  const std::string svg = to_svg(plot_of({{0, 0}, {5, 50}, {10, 100}}));
  const std::vector<Point> places = places_in(svg);
  ASSERT_EQ(places.size(), 3U);
  EXPECT_NEAR(places[1].x, (places[0].x + places[2].x) / 2, 0.2);
  EXPECT_NEAR(places[1].y, (places[0].y + places[2].y) / 2, 0.2);
  EXPECT_GT(places[0].y, places[2].y) << "larger values are further up";
}

TEST(SvgPlot, StaysInItsFrame) {
  const Plot plot = percentile_plot(example_result().total.latency);
  const std::vector<Point> places = places_in(to_svg(plot));
  ASSERT_GT(places.size(), 100U);
  for (const Point& place : places) {
    EXPECT_GE(place.x, 66 - 0.1);
    EXPECT_LE(place.x, 984 - 16 + 0.1);
    EXPECT_GE(place.y, 30 - 0.1);
    EXPECT_LE(place.y, 360 - 46 + 0.1);
  }
}

TEST(SvgPlot, OfNothing_IsEmpty) {
  EXPECT_EQ(to_svg(plot_of({})), "");
  EXPECT_EQ(to_svg(plot_of({{1, 0}}, true)), "") << "a logarithm has no zero";
  EXPECT_EQ(to_svg(plot_of({{1, NAN}})), "");
}

TEST(SvgPlot, OfOnePoint_IsAPlot) {
  EXPECT_THAT(to_svg(plot_of({{3, 7}})), HasSubstr("class=\"line s0\""));
  EXPECT_THAT(to_svg(plot_of({{0, 0}})), HasSubstr("class=\"line s0\""));
  EXPECT_THAT(to_svg(plot_of({{3, 7}}, true)), HasSubstr("class=\"line s0\""));
}

TEST(SvgPlot, WhatALogarithmCantShow_BreaksTheLine) {
  const std::string svg = to_svg(plot_of({{0, 5}, {1, 6}, {2, 0}, {3, 7}, {4, 8}}, true));
  const std::string path = svg.substr(svg.find("class=\"line s0\""));
  EXPECT_EQ(std::count(path.begin(), path.begin() + path.find("/>"), 'M'), 2);
}

TEST(SvgPlot, IsNamedForWhoCantSeeIt) {
  const std::string svg = to_svg(plot_of({{0, 1}, {1, 2}}));
  EXPECT_THAT(svg, HasSubstr("role=\"img\" aria-label=\"a &lt; b\""));
  EXPECT_THAT(svg, HasSubstr("<title>a &lt; b</title>"));
}

TEST(SvgPlot, SeveralSeries_GetALegend) {
  Plot plot = plot_of({{0, 1}, {1, 2}});
  EXPECT_THAT(to_svg(plot), Not(HasSubstr("class=\"legend\"")));
  plot.series.push_back({"second", {{0, 2}, {1, 1}}});
  EXPECT_THAT(to_svg(plot), HasSubstr(">first &amp; only</text>"));
  EXPECT_THAT(to_svg(plot), HasSubstr(">second</text>"));
}

std::vector<std::string> titles_of(const std::vector<Plot>& plots) {
  std::vector<std::string> titles;
  for (const Plot& plot : plots) {
    titles.push_back(plot.title);
  }
  return titles;
}

TEST(PlotsOverTime, ShowOnlyWhatWasMeasured) {
  Result result = example_result();
  EXPECT_THAT(
      titles_of(plots_over_time(result)),
      ElementsAre("Messages per second", "Deliveries per second", "Latency over time, corrected",
                  "Connections", "CPU", "Memory of the server"));
  for (Sample& sample : result.samples) {
    sample = {sample.at_seconds, sample.seconds};
    sample.connections = 10'000;
  }
  EXPECT_THAT(titles_of(plots_over_time(result)), ElementsAre("Connections"));
  EXPECT_TRUE(plots_over_time(Result{}).empty());
}

TEST(PlotsOverTime, OfALongRun_KeepTheirPeaksInFewPoints) {
  Result result;
  for (int i = 0; i < 86'400; ++i) {
    Sample sample;
    sample.at_seconds = i + 1;
    sample.seconds = 1;
    sample.delivered = 1000;
    sample.p99_ns = i == 40'001 ? 5'000'000'000 : 1'000'000;
    result.samples.push_back(sample);
  }
  const std::vector<Plot> plots = plots_over_time(result);
  ASSERT_EQ(plots.size(), 2U);
  for (const Plot& plot : plots) {
    EXPECT_LE(plot.series[0].points.size(), 600U);
  }
  for (const Point& point : plots[0].series[0].points) {
    EXPECT_DOUBLE_EQ(point.y, 1000);
  }
  double peak = 0;
  for (const Point& point : plots[1].series[0].points) {
    peak = std::max(peak, point.y);
  }
  EXPECT_EQ(peak, 5e9);
}

TEST(PlotsOverTime, ShortSamplesAtTheEndsOfStages_MakeNoSpikes) {
  Result result;
  for (const double seconds : {0.02, 1.0, 1.0, 0.05, 1.0, 0.01}) {
    Sample sample;
    sample.at_seconds = (result.samples.empty() ? 0 : result.samples.back().at_seconds) + seconds;
    sample.seconds = seconds;
    sample.delivered = seconds < 1 ? 0 : 1000;
    result.samples.push_back(sample);
  }
  const std::vector<Plot> plots = plots_over_time(result);
  ASSERT_EQ(plots.size(), 1U);
  ASSERT_EQ(plots[0].series[0].points.size(), 3U);
  for (const Point& point : plots[0].series[0].points) {
    EXPECT_NEAR(point.y, 1000, 60);
  }
}

}  // namespace
}  // namespace loadgen
