#pragma once

#include <map>
#include <string>
#include <string_view>

namespace chat {

// What stands in a page of metrics, or why it is none: a strict reading of the text format 0.0.4 of
// Prometheus and of the conventions for names, written from their descriptions and not from what
// makes the page.
struct MetricsPage {
  std::string mistake;  // empty: there is none
  // By name and labels with their values as they are meant: name{a=x,b=y}.
  std::map<std::string, double> samples;
  std::map<std::string, std::string> types;  // by family
};

MetricsPage parse_metrics_page(std::string_view text);

}  // namespace chat
