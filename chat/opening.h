#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chat {

// What a listening address takes.
struct ListenKind {
  enum class Speaks : std::uint8_t { kAnything, kNative, kIrc, kHttp };

  bool tls = false;  // and nothing but TLS
  Speaks speaks = Speaks::kAnything;

  bool operator==(const ListenKind&) const = default;
};

// How a connection's first bytes tell what its client speaks.
enum class Spoken : std::uint8_t {
  kNotYet,  // more bytes are needed
  kTls,
  kHttp,
  kIrc,
  kNative,
};

// No first line that is longer is waited for; it is native then, which has an answer to any line.
inline constexpr std::size_t kFirstLineBytesMax = 512;

// bytes: everything received so far. A pure function that takes any bytes and never goes back on
// what it has said: more bytes behind the same ones change nothing but kNotYet.
Spoken sniff(std::string_view bytes);

}  // namespace chat
