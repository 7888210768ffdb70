#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chat/limits.h"

namespace chat {

// Reads over a request's body: finds its end, keeps nothing. A plain value, and strict: where two
// readers could see two ends, there is none (RFC 7230, 3.3.3 and 4.1). limits is not owned.
class HttpBody {
 public:
  enum class Outcome : std::uint8_t { kIncomplete, kOver, kMalformed, kTooLarge };
  struct Result {
    std::size_t consumed = 0;  // all of the bytes, unless it is over
    Outcome outcome = Outcome::kIncomplete;
  };

  explicit HttpBody(const Limits& limits) : limits_(limits) {}

  // A body of length bytes, which may be over or refused at once.
  Outcome begin(std::uint64_t length);
  // One in chunks, each with its length in front, and trailers behind the last.
  Outcome begin_chunked();

  // What is over, and what is refused, stays so.
  Result take(std::string_view bytes);

 private:
  // What comes next. Lines end in CR and LF, nothing else.
  enum class State : std::uint8_t {
    kContent,  // all of a body of known length
    kFirstDigit,
    kDigits,
    kExtension,
    kEndOfHead,  // the LF
    kChunk,
    kChunkCr,
    kChunkLf,
    kTrailerLine,  // its first character
    kTrailer,
    kEndOfTrailer,
    kEndOfBody,
    kDone,
  };

  void take_byte(char byte);
  void take_digit_or_end(char byte);
  void fail(Outcome outcome);

  const Limits& limits_;
  State state_ = State::kDone;
  Outcome outcome_ = Outcome::kIncomplete;
  std::uint64_t missing_ = 0;        // of the content, or of the chunk
  std::uint64_t content_bytes_ = 0;  // of all chunks so far
  std::uint64_t wire_bytes_ = 0;
};

}  // namespace chat
