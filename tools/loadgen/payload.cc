#include "tools/loadgen/payload.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "reactor/check.h"

namespace loadgen {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 64;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

// The fields in their order, in digits of six bits.
constexpr std::size_t kChecksumDigits = 6;
constexpr std::size_t kSenderDigits = 4;
constexpr std::size_t kSequenceDigits = 6;
constexpr std::size_t kDueDigits = 8;  // 78 hours, more than kRunMax
constexpr std::size_t kLatenessDigits = 6;
static_assert(kChecksumDigits + kSenderDigits + kSequenceDigits + kDueDigits + kLatenessDigits <=
              kPayloadBytesMin);

constexpr std::uint64_t kChecksumMask = (std::uint64_t{1} << (6 * kChecksumDigits)) - 1;

void append_digits(std::string& out, std::uint64_t value, std::size_t digits) {
  for (std::size_t i = digits; i > 0; --i) {
    out += kDigits[(value >> (6 * (i - 1))) & 63];
  }
}

// Takes digits from the front; bad gets a bit that stays when one of them is none.
std::uint64_t take_digits(std::string_view& bytes, std::size_t digits, unsigned& bad) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const std::uint8_t digit = kValues[static_cast<unsigned char>(bytes[i])];
    bad |= digit;
    value = value << 6 | (digit & 63);
  }
  bytes.remove_prefix(digits);
  return value;
}

}  // namespace

void PayloadFormat::write(const Stamp& stamp, std::size_t bytes, std::string& out) const {
  CHECK(bytes >= kPayloadBytesMin && bytes <= kPayloadBytesMax, "length of a payload", bytes);
  out.assign(kChecksumDigits, '-');
  append_digits(out, stamp.sender, kSenderDigits);
  append_digits(out, stamp.sequence, kSequenceDigits);
  append_digits(out, static_cast<std::uint64_t>(stamp.due_ns), kDueDigits);
  const std::int64_t lateness =
      std::clamp<std::int64_t>(stamp.sent_ns - stamp.due_ns, 0, kStampedLatenessMaxNs);
  append_digits(out, static_cast<std::uint64_t>(lateness), kLatenessDigits);
  // The filling differs from message to message, so that a piece of one can't stand in for another.
  while (out.size() < bytes) {
    out += kDigits[(stamp.sequence + out.size()) & 63];
  }
  std::string digits;
  append_digits(digits, checksum(std::string_view(out).substr(kChecksumDigits)), kChecksumDigits);
  std::copy(digits.begin(), digits.end(), out.begin());
}

std::optional<Stamp> PayloadFormat::read(std::string_view payload) const {
  if (payload.size() < kPayloadBytesMin) {
    return std::nullopt;
  }
  unsigned bad = 0;
  const std::uint64_t claimed = take_digits(payload, kChecksumDigits, bad);
  if (claimed != checksum(payload)) {
    return std::nullopt;
  }
  Stamp stamp;
  stamp.sender = static_cast<std::uint32_t>(take_digits(payload, kSenderDigits, bad));
  stamp.sequence = take_digits(payload, kSequenceDigits, bad);
  stamp.due_ns = static_cast<std::int64_t>(take_digits(payload, kDueDigits, bad));
  stamp.sent_ns =
      stamp.due_ns + static_cast<std::int64_t>(take_digits(payload, kLatenessDigits, bad));
  return (bad & kNoDigit) != 0 ? std::nullopt : std::optional(stamp);
}

// A multiply-and-shift hash over words of eight bytes, after the mixing step of SplitMix64
// (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
std::uint64_t PayloadFormat::checksum(std::string_view bytes) const {
  constexpr std::uint64_t kMultiplier = 0xBF58476D1CE4E5B9;
  std::uint64_t hash = run_key_ ^ bytes.size() * 0x9E3779B97F4A7C15;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 29;
  };
  for (; bytes.size() >= sizeof(std::uint64_t); bytes.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    mix(word);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, bytes.data(), bytes.size());
  mix(rest);
  return (hash ^ hash >> 32) & kChecksumMask;
}

}  // namespace loadgen
