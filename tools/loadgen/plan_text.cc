#include "tools/loadgen/plan_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "tools/loadgen/payload.h"

namespace loadgen {
namespace {

using Unit = std::pair<std::string_view, double>;

constexpr std::array<Unit, 7> kSeconds{
    {{"", 1}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}}};
constexpr std::array<Unit, 4> kCounts{{{"", 1}, {"k", 1e3}, {"K", 1e3}, {"M", 1e6}}};
constexpr std::array<Unit, 1> kNoUnits{{{"", 1}}};
constexpr double kSecondsMax = 7 * 24 * 3600;
constexpr double kCountMax = 1e9;
constexpr std::size_t kSourcesMax = 4096;

// A number that is not negative, with one of the units.
template <std::size_t N>
std::optional<double> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units) {
    if (error == std::errc{} && unit == name && number >= 0) {
      return number * factor;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::optional<std::size_t> parse_length(std::string_view text) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || length < kPayloadBytesMin || length > kPayloadBytesMax) {
    return std::nullopt;
  }
  return length;
}

std::optional<SizeRange> parse_size_range(std::string_view text) {
  SizeRange range;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::optional<double> weight = parse_count(text.substr(colon + 1));
    if (!weight || *weight <= 0) {
      return std::nullopt;
    }
    range.weight = *weight;
    text = text.substr(0, colon);
  }
  const std::size_t dash = text.find('-');
  const auto least = parse_length(text.substr(0, dash));
  const auto most = dash == std::string_view::npos ? least : parse_length(text.substr(dash + 1));
  if (!least || !most || *least > *most) {
    return std::nullopt;
  }
  range.bytes_min = *least;
  range.bytes_max = *most;
  return range;
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) {
    return std::nullopt;
  }
  return ntohl(address.s_addr);
}

bool append_source(std::string_view text, std::vector<reactor::Address>& sources) {
  const std::size_t dash = text.find('-');
  const auto first = parse_ipv4(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_ipv4(text.substr(dash + 1));
  if (first && last) {
    if (*last < *first || *last - *first >= kSourcesMax) {
      return false;
    }
    for (std::uint64_t host = *first; host <= *last; ++host) {
      sources.push_back(reactor::Address::ipv4(static_cast<std::uint32_t>(host), 0));
    }
    return true;
  }
  std::array<std::uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), v6.data()) != 1) {
    return false;
  }
  sources.push_back(reactor::Address::ipv6(v6, 0));
  return true;
}

// How many clients of one kind a mix has, for so many of the others.
std::optional<std::size_t> parse_share_of_mix(std::string_view text) {
  constexpr std::size_t kShareMax = 100;
  std::size_t share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && share > 0 && share <= kShareMax ? std::optional(share) : std::nullopt;
}

bool is_of_chat_server(const Kind& kind) {
  return kind.protocol == Protocol::kNative || kind.protocol == Protocol::kIrc;
}

// As it can stand in a request.
bool is_path(std::string_view path) {
  constexpr std::size_t kPathBytesMax = 1024;
  return path.size() <= kPathBytesMax &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool ends_with_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  return colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const std::optional<double> seconds = parse_with_unit(text, kSeconds);
  if (!seconds || *seconds > kSecondsMax) {
    return std::nullopt;
  }
  return std::chrono::nanoseconds{std::llround(*seconds * 1e9)};
}

std::optional<double> parse_count(std::string_view text) {
  const std::optional<double> count = parse_with_unit(text, kCounts);
  return count && *count <= kCountMax ? count : std::nullopt;
}

std::optional<std::vector<Stage>> parse_stages(std::string_view text) {
  std::vector<Stage> stages;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t at = part.find('@');
    if (at == std::string_view::npos) {
      return std::nullopt;
    }
    const auto duration = parse_duration(part.substr(0, at));
    const auto rate = parse_count(part.substr(at + 1));
    if (!duration || duration->count() == 0 || !rate) {
      return std::nullopt;
    }
    stages.push_back({*rate, *duration});
  }
  return stages;
}

std::optional<std::vector<SizeRange>> parse_sizes(std::string_view text) {
  std::vector<SizeRange> ranges;
  for (const std::string_view part : split(text, ',')) {
    const std::optional<SizeRange> range = parse_size_range(part);
    if (!range) {
      return std::nullopt;
    }
    ranges.push_back(*range);
  }
  return ranges;
}

std::optional<double> parse_share(std::string_view text) {
  const bool is_percent = text.ends_with('%');
  text.remove_suffix(is_percent ? 1 : 0);
  const std::optional<double> number = parse_with_unit(text, kNoUnits);
  if (!number) {
    return std::nullopt;
  }
  const double share = is_percent ? *number / 100 : *number;
  return share <= 1 ? std::optional(share) : std::nullopt;
}

std::optional<Objective> parse_objective(std::string_view text) {
  constexpr std::string_view kOfAcks = "ack-";
  const bool of_acks = text.starts_with(kOfAcks);
  text.remove_prefix(of_acks ? kOfAcks.size() : 0);
  const std::size_t less = text.find('<');
  if (less == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view name = text.substr(0, less);
  std::optional<double> percent;
  if (name == "max") {
    percent = 100;
  } else if (name.starts_with('p')) {
    percent = parse_count(name.substr(1));
  }
  const auto below = parse_duration(text.substr(less + 1));
  if (!percent || *percent <= 0 || *percent > 100 || !below || below->count() == 0) {
    return std::nullopt;
  }
  return Objective{*percent, static_cast<std::uint64_t>(below->count()), of_acks};
}

std::optional<Target> parse_target(std::string_view text) {
  Target target;
  Kind& kind = target.kinds.front().kind;
  const std::size_t mark = text.find("://");
  if (mark != std::string_view::npos) {
    const std::optional<Kind> named = kind_of_scheme(text.substr(0, mark));
    if (!named) {
      return std::nullopt;
    }
    kind = *named;
    text = text.substr(mark + 3);
  }
  while (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  const bool is_unix = text.starts_with("unix:");
  const std::size_t slash = is_unix ? text.npos : text.find('/');
  if (slash != text.npos) {
    target.path = text.substr(slash);
    text = text.substr(0, slash);
  }
  if (text.empty() || !is_path(target.path)) {
    return std::nullopt;
  }
  target.host_and_port = text;
  if (!is_unix && !ends_with_port(text)) {
    target.host_and_port += ":" + std::to_string(port_of(kind));
  }
  target.host = tools::host_in(target.host_and_port);
  return target;
}

std::optional<std::vector<KindShare>> parse_mix(std::string_view text) {
  std::vector<KindShare> kinds;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t sign = part.find('=');
    const std::optional<Kind> kind = kind_of_scheme(part.substr(0, sign));
    const auto share = sign == part.npos ? 1 : parse_share_of_mix(part.substr(sign + 1));
    const auto is_same = [&kind](const KindShare& other) { return other.kind == kind; };
    if (!kind || !share || !is_of_chat_server(*kind) ||
        std::any_of(kinds.begin(), kinds.end(), is_same)) {
      return std::nullopt;
    }
    kinds.push_back({*kind, *share});
  }
  return kinds.size() > 1 ? std::optional(kinds) : std::nullopt;
}

std::optional<std::vector<reactor::Address>> parse_sources(std::string_view text) {
  std::vector<reactor::Address> sources;
  for (const std::string_view part : split(text, ',')) {
    if (!append_source(part, sources)) {
      return std::nullopt;
    }
  }
  return sources;
}

}  // namespace loadgen
