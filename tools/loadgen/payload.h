#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loadgen {

// What every payload carries, so that each delivery can be checked and timed by itself. Times are
// nanoseconds since the run's own origin.
struct Stamp {
  std::uint32_t sender = 0;    // the client's number, below kSendersMax
  std::uint64_t sequence = 0;  // of this sender, from 0
  std::int64_t due_ns = 0;     // when it was to be sent
  std::int64_t sent_ns = 0;    // when it was

  bool operator==(const Stamp&) const = default;
};

// Payloads are printable ASCII without spaces, colons or line ends: legal in every protocol.
inline constexpr std::size_t kPayloadBytesMin = 32;
inline constexpr std::size_t kPayloadBytesMax = 4000;
inline constexpr std::uint32_t kSendersMax = std::uint32_t{1} << 24;
// The longest that a run may send: its stamps count little longer.
inline constexpr std::chrono::hours kRunMax{72};
// A message that was sent later than this behind its time is stamped as so late.
inline constexpr std::int64_t kStampedLatenessMaxNs = (std::int64_t{1} << 36) - 1;

// Makes and reads the payloads of one run. A checksum over all bytes, keyed by the run, tells what
// was damaged on its way and what is not ours. A plain value.
class PayloadFormat {
 public:
  explicit PayloadFormat(std::uint64_t run_key) : run_key_(run_key) {}

  // Replaces out. REQUIRES: bytes between kPayloadBytesMin and kPayloadBytesMax.
  void write(const Stamp& stamp, std::size_t bytes, std::string& out) const;
  // Nothing when the bytes are not exactly what write made.
  std::optional<Stamp> read(std::string_view payload) const;

 private:
  std::uint64_t checksum(std::string_view bytes) const;

  std::uint64_t run_key_;
};

}  // namespace loadgen
