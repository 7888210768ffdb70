#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reactor {

// The far end of a connection in 20 bytes: enough to name it in a log line and to count
// connections per host. IPv4 hosts are kept as IPv4-mapped IPv6 addresses (RFC 4291, 2.5.5.2).
struct Endpoint {
  std::array<std::uint8_t, 16> host{};
  std::uint16_t port = 0;
  sa_family_t family = AF_UNSPEC;

  // True for 127.0.0.0/8, ::1 and Unix sockets.
  bool is_loopback() const;
  // "192.0.2.7:4711", "[2001:db8::7]:4711", "unix" or "unknown".
  std::string to_string() const;
  // The same without the port and the brackets.
  std::string host_to_string() const;
};

// A socket address: IPv4, IPv6 or Unix. A plain value.
class Address {
 public:
  Address() = default;  // empty: names no host, family() is AF_UNSPEC
  static Address ipv4(std::uint32_t host, std::uint16_t port);  // host in host byte order
  static Address ipv6(const std::array<std::uint8_t, 16>& host, std::uint16_t port);
  // Empty when the path is empty or longer than the system's sun_path (107 bytes on Linux).
  static std::optional<Address> unix_path(std::string_view path);
  // Empty for a family that is none of the three.
  static std::optional<Address> from_sockaddr(const sockaddr* address, socklen_t size);

  int family() const { return any_.sa_family; }
  std::uint16_t port() const;  // 0 for Unix sockets
  std::string path() const;    // empty unless this is a Unix socket
  Endpoint endpoint() const;
  // "127.0.0.1:8888", "[::1]:8888" or "unix:/run/chat.sock".
  std::string to_string() const;

  const sockaddr* data() const { return &any_; }
  socklen_t size() const { return size_; }

 private:
  union {
    sockaddr any_;
    sockaddr_in v4_;
    sockaddr_in6 v6_;
    sockaddr_un un_{};
  };
  socklen_t size_ = 0;
};

struct Resolved {
  std::vector<Address> addresses;  // in the order to try or to bind
  std::string error;               // why addresses is empty, in words for a person
};

// Turns "host:port", "[v6]:port", "*:port" (every interface), or "unix:path" into addresses.
// "localhost" is both 127.0.0.1 and ::1, whatever the resolver says. Other names ask the system's
// resolver and may block: for start-up and for clients, never from a loop's callback.
Resolved resolve(std::string_view host_and_port);

}  // namespace reactor
