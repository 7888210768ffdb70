#include "reactor/address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace reactor {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 16> kLoopback6 = {0, 0, 0, 0, 0, 0, 0, 0,
                                                     0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path);
constexpr std::size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t kHostBytesMax = 253;  // RFC 1035, 2.3.4, as text
constexpr std::size_t kShownMax = 120;
constexpr std::string_view kUnixPrefix = "unix:";

// BSD and macOS keep the size inside the structure too, and their calls look at it.
template <class SockAddr>
void set_inner_size([[maybe_unused]] SockAddr& address, [[maybe_unused]] std::size_t size) {
#if !defined(__linux__)
  std::memcpy(&address, std::array{static_cast<std::uint8_t>(size)}.data(), 1);
#endif
}

// What a person typed, fit for a message on a terminal.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, kShownMax)) {
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  out += text.size() > kShownMax ? "...'" : "'";
  return out;
}

Resolved failed(std::string error) { return {{}, std::move(error)}; }

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= kHostBytesMax && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

bool is_localhost(std::string_view host) {
  return std::ranges::equal(host, std::string_view("localhost"), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b;
  });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

// Asks the system: the only way to the scope of "[fe80::1%eth0]" and to names.
Resolved look_up(std::string_view host, std::uint16_t port, int family, int flags) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(std::string(host).c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return failed(quoted(host) + " could not be resolved: " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  Resolved resolved;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    const auto address = Address::from_sockaddr(entry->ai_addr, entry->ai_addrlen);
    // A hosts file may name the same address twice; binding it twice would fail.
    const bool known = address && std::ranges::any_of(resolved.addresses, [&](const Address& a) {
                         return a.size() == address->size() &&
                                std::memcmp(a.data(), address->data(), a.size()) == 0;
                       });
    if (address && !known) {
      resolved.addresses.push_back(*address);
    }
  }
  if (resolved.addresses.empty()) {
    resolved.error = quoted(host) + " has no IPv4 or IPv6 address";
  }
  return resolved;
}

Resolved resolve_unix(std::string_view path) {
  if (const auto address = Address::unix_path(path)) {
    return {{*address}, {}};
  }
  return failed("unix: needs a path of 1 to " + std::to_string(kPathBytesMax) + " bytes, not " +
                quoted(path));
}

Resolved resolve_bracketed(std::string_view host, std::uint16_t port) {
  const bool plausible = host.size() <= kHostBytesMax &&
                         std::ranges::all_of(host, [](char c) { return c > ' ' && c <= '~'; });
  Resolved resolved;
  if (plausible) {
    resolved = look_up(host, port, AF_INET6, AI_NUMERICHOST);
  }
  if (resolved.addresses.empty()) {
    resolved.error = quoted(host) + " in brackets is not an IPv6 address";
  }
  return resolved;
}

Resolved resolve_host(std::string_view host, std::uint16_t port) {
  if (host == "*") {
    return {{Address::ipv4(INADDR_ANY, port), Address::ipv6({}, port)}, {}};
  }
  if (is_localhost(host)) {
    return {{Address::ipv4(INADDR_LOOPBACK, port), Address::ipv6(kLoopback6, port)}, {}};
  }
  if (!is_host_name(host)) {
    return failed(quoted(host) + " is not a host name or an address");
  }
  // The resolver would take "1" or "10.1" for an address of the old short forms.
  if (host.find_first_not_of("0123456789.") == std::string_view::npos) {
    in_addr v4{};
    if (inet_pton(AF_INET, std::string(host).c_str(), &v4) != 1) {
      return failed(quoted(host) + " is not an IPv4 address");
    }
    return {{Address::ipv4(ntohl(v4.s_addr), port)}, {}};
  }
  return look_up(host, port, AF_UNSPEC, 0);
}

}  // namespace

bool Endpoint::is_loopback() const {
  switch (family) {
    case AF_UNIX:
      return true;
    case AF_INET:
      return host[12] == 127;
    case AF_INET6:
      return host == kLoopback6;
    default:
      return false;
  }
}

std::string Endpoint::host_to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  switch (family) {
    case AF_UNIX:
      return "unix";
    case AF_INET:
      inet_ntop(AF_INET, &host[kMappedPrefix.size()], text.data(), text.size());
      return text.data();
    case AF_INET6:
      inet_ntop(AF_INET6, host.data(), text.data(), text.size());
      return text.data();
    default:
      return "unknown";
  }
}

std::string Endpoint::to_string() const {
  const std::string name = host_to_string();
  if (family == AF_INET) {
    return name + ':' + std::to_string(port);
  }
  return family == AF_INET6 ? '[' + name + "]:" + std::to_string(port) : name;
}

Address Address::ipv4(std::uint32_t host, std::uint16_t port) {
  Address address;
  address.v4_ = {};
  address.v4_.sin_family = AF_INET;
  address.v4_.sin_port = htons(port);
  address.v4_.sin_addr.s_addr = htonl(host);
  address.size_ = sizeof(address.v4_);
  set_inner_size(address.v4_, sizeof(address.v4_));
  return address;
}

Address Address::ipv6(const std::array<std::uint8_t, 16>& host, std::uint16_t port) {
  Address address;
  address.v6_ = {};
  address.v6_.sin6_family = AF_INET6;
  address.v6_.sin6_port = htons(port);
  std::memcpy(&address.v6_.sin6_addr, host.data(), host.size());
  address.size_ = sizeof(address.v6_);
  set_inner_size(address.v6_, sizeof(address.v6_));
  return address;
}

std::optional<Address> Address::unix_path(std::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax || path.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  Address address;
  address.un_.sun_family = AF_UNIX;
  std::memcpy(address.un_.sun_path, path.data(), path.size());
  address.size_ = static_cast<socklen_t>(kPathOffset + path.size() + 1);
  set_inner_size(address.un_, address.size_);
  return address;
}

std::optional<Address> Address::from_sockaddr(const sockaddr* address, socklen_t size) {
  if (address == nullptr || size < offsetof(sockaddr, sa_data)) {
    return std::nullopt;
  }
  socklen_t size_min = 0;
  socklen_t size_max = 0;
  switch (address->sa_family) {
    case AF_INET:
      size_min = size_max = sizeof(sockaddr_in);
      break;
    case AF_INET6:
      size_min = size_max = sizeof(sockaddr_in6);
      break;
    case AF_UNIX:  // a client's has no name, which leaves the family alone
      size_min = kPathOffset;
      size_max = sizeof(sockaddr_un);
      break;
    default:
      return std::nullopt;
  }
  if (size < size_min) {
    return std::nullopt;
  }
  Address copy;
  copy.size_ = std::min(size, size_max);
  std::memcpy(&copy.un_, address, copy.size_);
  return copy;
}

std::uint16_t Address::port() const {
  switch (family()) {
    case AF_INET:
      return ntohs(v4_.sin_port);
    case AF_INET6:
      return ntohs(v6_.sin6_port);
    default:
      return 0;
  }
}

std::string Address::path() const {
  if (family() != AF_UNIX || size_ <= kPathOffset) {
    return {};
  }
  const char* const begin = un_.sun_path;
  return {begin, std::find(begin, begin + (size_ - kPathOffset), '\0')};
}

Endpoint Address::endpoint() const {
  Endpoint endpoint;
  endpoint.family = any_.sa_family;
  endpoint.port = port();
  if (family() == AF_INET) {
    std::ranges::copy(kMappedPrefix, endpoint.host.begin());
    std::memcpy(&endpoint.host[kMappedPrefix.size()], &v4_.sin_addr, sizeof(v4_.sin_addr));
  } else if (family() == AF_INET6) {
    std::memcpy(endpoint.host.data(), &v6_.sin6_addr, sizeof(v6_.sin6_addr));
  }
  return endpoint;
}

std::string Address::to_string() const {
  return family() == AF_UNIX ? "unix:" + path() : endpoint().to_string();
}

Resolved resolve(std::string_view host_and_port) {
  if (host_and_port.starts_with(kUnixPrefix)) {
    return resolve_unix(host_and_port.substr(kUnixPrefix.size()));
  }
  const bool bracketed = host_and_port.starts_with('[');
  const std::size_t host_end = bracketed ? host_and_port.find(']') : host_and_port.rfind(':');
  const std::size_t colon = bracketed && host_end != host_and_port.npos ? host_end + 1 : host_end;
  if (colon >= host_and_port.size() || host_and_port[colon] != ':') {
    return failed(quoted(host_and_port) + " has no port: write host:port, as in localhost:8888");
  }
  const auto port = parse_port(host_and_port.substr(colon + 1));
  if (!port) {
    return failed(quoted(host_and_port.substr(colon + 1)) + " is not a port from 0 to 65535");
  }
  const std::string_view host =
      bracketed ? host_and_port.substr(1, host_end - 1) : host_and_port.substr(0, host_end);
  if (bracketed) {
    return resolve_bracketed(host, *port);
  }
  if (host.empty()) {
    return failed(quoted(host_and_port) + " has no host: write *:" + std::to_string(*port) +
                  " for every interface");
  }
  if (host.find(':') != std::string_view::npos) {
    return failed(quoted(host_and_port) +
                  " is not host:port: IPv6 addresses go in brackets, as in [::1]:8888");
  }
  return resolve_host(host, *port);
}

}  // namespace reactor
