#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "reactor/address.h"

namespace chat {

// What a proxy puts in front of a connection that it hands on, to tell where it comes from: the
// PROXY protocol, versions 1 and 2, as haproxy's doc/proxy-protocol.txt describes it.
struct ProxyHeader {
  enum class Outcome : std::uint8_t {
    kIncomplete,  // more bytes are needed
    kComplete,
    kMalformed,  // it is none, or is not right
  };
  Outcome outcome = Outcome::kIncomplete;
  std::size_t bytes = 0;  // of the header, when it is complete
  // Whom the proxy speaks for; none when it speaks for itself (a health check).
  std::optional<reactor::Endpoint> source;
};

// Version 2 leaves room for additions of any kind; nobody sends more than a few of them.
inline constexpr std::size_t kProxyHeaderBytesMax = 536;

// bytes: everything received so far. A pure function that takes any bytes.
ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace chat
