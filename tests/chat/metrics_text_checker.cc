#include "tests/chat/metrics_text_checker.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace chat {
namespace {

using Labels = std::map<std::string, std::string>;

struct Mistake : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void require(bool condition, const std::string& what) {
  if (!condition) {
    throw Mistake(what);
  }
}

double number(const std::string& text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "+Inf" || text == "-Inf") {
    return text == "+Inf" ? kInfinity : -kInfinity;
  }
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  require(!text.empty() && text.find_first_not_of("0123456789+-.e") == std::string::npos &&
              end == text.c_str() + text.size() && std::isfinite(value),
          "not a number: " + text);
  return value;
}

struct Sample {
  std::string name;
  Labels labels;
  double value = 0;
};

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:";
// Without the colon.
constexpr std::string_view kLabelCharacters = kNameCharacters.substr(0, kNameCharacters.size() - 1);

// One line: name, labels in braces if there are any, a space, the value.
class SampleLine {
 public:
  explicit SampleLine(std::string_view line) : rest_(line) {}

  Sample parse() {
    Sample sample;
    sample.name = word(kNameCharacters);
    if (take('{')) {
      do {
        const std::string label = word(kLabelCharacters);
        require(take('=') && take('"'), "no value of the label " + label);
        require(sample.labels.emplace(label, label_value()).second, "twice the label " + label);
      } while (take(','));
      require(take('}'), "labels without an end");
    }
    require(take(' '), "no value of " + sample.name);
    sample.value = number(std::string(rest_));
    return sample;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  std::string word(std::string_view characters) {
    const std::size_t end = std::min(rest_.find_first_not_of(characters), rest_.size());
    std::string result(rest_.substr(0, end));
    require(!result.empty() && (result[0] < '0' || result[0] > '9'),
            "no name at: " + std::string(rest_));
    rest_.remove_prefix(end);
    return result;
  }

  // Behind the opening quote; takes the closing one.
  std::string label_value() {
    std::string value;
    while (!take('"')) {
      if (take('\\')) {
        const bool is_newline = take('n');
        require(is_newline || (!rest_.empty() && (rest_[0] == '\\' || rest_[0] == '"')),
                "an escape that there is not");
        value += is_newline ? '\n' : rest_[0];
        rest_.remove_prefix(is_newline ? 0 : 1);
        continue;
      }
      require(!rest_.empty(), "a label's value without an end");
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    return value;
  }

  std::string_view rest_;
};

bool ends_with_one_of(const std::string& name, const std::vector<std::string>& ends) {
  for (const std::string& end : ends) {
    if (name.ends_with(end)) {
      return true;
    }
  }
  return false;
}

// A metric with all that belongs to it.
struct Family {
  std::string name;
  std::string type;
  std::vector<Sample> samples;
};

void check_histogram(const Family& family) {
  double last_bound = -std::numeric_limits<double>::infinity();
  double so_far = 0;
  std::optional<double> sum;
  std::optional<double> count;
  for (const Sample& sample : family.samples) {
    if (sample.name == family.name + "_sum") {
      sum = sample.value;
    } else if (sample.name == family.name + "_count") {
      count = sample.value;
    } else {
      require(sample.name == family.name + "_bucket" && sample.labels.size() == 1 &&
                  sample.labels.contains("le") && !sum && !count,
              "not of a histogram: " + sample.name);
      const double bound = number(sample.labels.at("le"));
      require(bound > last_bound, "bounds that do not grow: " + family.name);
      require(sample.value >= so_far, "buckets that are not cumulative: " + family.name);
      last_bound = bound;
      so_far = sample.value;
    }
  }
  require(std::isinf(last_bound), "no bucket +Inf: " + family.name);
  require(sum && count && *count == so_far && *sum >= 0, "sum or count is wrong: " + family.name);
}

void check_family(const Family& family) {
  require(!family.type.empty(), "no type of " + family.name);
  require(!family.samples.empty(), "no sample of " + family.name);
  const bool is_counter = family.type == "counter";
  require(is_counter == family.name.ends_with("_total"), "_total is for counters: " + family.name);
  require(!ends_with_one_of(family.name, {"_count", "_sum", "_bucket", "_milliseconds", "_ms"}),
          "a name that it may not have: " + family.name);
  if (family.type == "histogram") {
    return check_histogram(family);
  }
  require(is_counter || family.type == "gauge", "a type that is not used: " + family.type);
  for (const Sample& sample : family.samples) {
    require(sample.name == family.name, sample.name + " among those of " + family.name);
    require(!is_counter || sample.value >= 0, "a negative counter: " + sample.name);
  }
}

class PageParser {
 public:
  explicit PageParser(MetricsPage& page) : page_(page) {}

  void take_line(std::string_view line) {
    constexpr std::string_view kHelp = "# HELP ";
    constexpr std::string_view kType = "# TYPE ";
    if (line.starts_with(kHelp)) {
      end_family();
      const auto [name, help] = split(line.substr(kHelp.size()));
      require(!help.empty() && help.find('\\') == std::string::npos, "no help for " + name);
      require(page_.types.emplace(name, "").second, "twice: " + name);
      family_.name = name;
    } else if (line.starts_with(kType)) {
      const auto [name, type] = split(line.substr(kType.size()));
      require(name == family_.name && family_.type.empty() && family_.samples.empty(),
              "a type in the wrong place: " + std::string(line));
      family_.type = type;
      page_.types[name] = type;
    } else {
      require(!family_.type.empty(), "neither help nor type before: " + std::string(line));
      take_sample(SampleLine(line).parse());
    }
  }

  void end_family() {
    if (!family_.name.empty()) {
      check_family(family_);
    }
    family_ = {};
  }

 private:
  static std::pair<std::string, std::string> split(std::string_view line) {
    const std::size_t space = std::min(line.find(' '), line.size());
    return {std::string(line.substr(0, space)),
            std::string(line.substr(std::min(space + 1, line.size())))};
  }

  void take_sample(const Sample& sample) {
    std::string id = sample.name;
    char before = '{';
    for (const auto& [label, value] : sample.labels) {
      id.append(1, before).append(label).append("=").append(value);
      before = ',';
    }
    id += sample.labels.empty() ? "" : "}";
    require(page_.samples.emplace(id, sample.value).second, "twice: " + id);
    family_.samples.push_back(sample);
  }

  MetricsPage& page_;
  Family family_;
};

}  // namespace

MetricsPage parse_metrics_page(std::string_view text) {
  MetricsPage page;
  PageParser parser(page);
  try {
    require(text.ends_with('\n'), "a last line without an end");
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      parser.take_line(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    parser.end_family();
  } catch (const Mistake& mistake) {
    page.mistake = mistake.what();
  }
  return page;
}

}  // namespace chat
