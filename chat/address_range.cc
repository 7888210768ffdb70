#include "chat/address_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <climits>
#include <string>

#include "chat/number.h"

namespace chat {
namespace {

// IPv4 hosts stand behind so many bits of ::ffff:0:0/96.
constexpr unsigned kMappedBits = 96;

std::optional<reactor::Endpoint> endpoint_of(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return reactor::Address::ipv4(ntohl(v4.s_addr), 0).endpoint();
  }
  std::array<std::uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, host.c_str(), v6.data()) == 1) {
    return reactor::Address::ipv6(v6, 0).endpoint();
  }
  return std::nullopt;
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  AddressRange range;
  if (text == "unix") {
    range.is_unix_ = true;
    return range;
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::optional<reactor::Endpoint> host = endpoint_of(std::string(text.substr(0, slash)));
  if (!host) {
    return std::nullopt;
  }
  const bool is_v4 = host->family == AF_INET;
  const unsigned bits_max = is_v4 ? 32 : 128;
  unsigned bits = bits_max;
  if (slash < text.size()) {
    bits = parse_number<unsigned>(text.substr(slash + 1)).value_or(UINT_MAX);
    if (bits > bits_max) {
      return std::nullopt;
    }
  }
  range.host_ = host->host;
  range.bits_ = is_v4 ? kMappedBits + bits : bits;
  return range;
}

bool AddressRange::contains(const reactor::Endpoint& endpoint) const {
  if (is_unix_ || endpoint.family == AF_UNIX) {
    return is_unix_ && endpoint.family == AF_UNIX;
  }
  const std::size_t whole = bits_ / 8;
  if (!std::equal(host_.begin(), host_.begin() + whole, endpoint.host.begin())) {
    return false;
  }
  const unsigned rest = bits_ % 8;
  return rest == 0 || (host_[whole] ^ endpoint.host[whole]) >> (8 - rest) == 0;
}

}  // namespace chat
