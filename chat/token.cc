#include "chat/token.h"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "reactor/check.h"

namespace chat {

std::string random_token() {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";  // five bits each
  std::array<std::uint8_t, 32> random{};
  const int result = ::getentropy(random.data(), random.size());
  CHECK(result == 0, "the system has no randomness", errno);
  std::string token;
  for (const std::uint8_t byte : random) {
    token += kDigits[byte % kDigits.size()];
  }
  return token;
}

}  // namespace chat
