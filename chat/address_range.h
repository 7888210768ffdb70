#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "reactor/address.h"

namespace chat {

// Addresses that begin alike: "192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "unix" (every Unix
// socket). A plain value.
class AddressRange {
 public:
  // Nothing when the text is none.
  static std::optional<AddressRange> parse(std::string_view text);

  bool contains(const reactor::Endpoint& endpoint) const;

 private:
  std::array<std::uint8_t, 16> host_{};  // as in Endpoint
  unsigned bits_ = 0;
  bool is_unix_ = false;
};

}  // namespace chat
