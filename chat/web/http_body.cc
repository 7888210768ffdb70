#include "chat/web/http_body.h"

#include <algorithm>

#include "chat/web/http_request.h"

namespace chat {
namespace {

// What may stand in a chunk's extension or in a trailer.
bool is_line_char(char c) { return c == '\t' || !is_control(c); }

}  // namespace

HttpBody::Outcome HttpBody::begin(std::uint64_t length) {
  state_ = State::kContent;
  missing_ = length;
  if (length > limits_.http_body_bytes_max) {
    outcome_ = Outcome::kTooLarge;
  } else if (length == 0) {
    outcome_ = Outcome::kOver;
  }
  return outcome_;
}

HttpBody::Outcome HttpBody::begin_chunked() {
  state_ = State::kFirstDigit;
  return outcome_;
}

HttpBody::Result HttpBody::take(std::string_view bytes) {
  // However small the chunks are, and whatever is wrapped round them, there is an end to them.
  const std::uint64_t wire_bytes_max =
      2 * std::uint64_t{limits_.http_body_bytes_max} + limits_.http_header_bytes_max;
  std::size_t consumed = 0;
  while (outcome_ == Outcome::kIncomplete && consumed < bytes.size()) {
    std::size_t step = 1;
    if (state_ == State::kContent || state_ == State::kChunk) {
      step = static_cast<std::size_t>(std::min<std::uint64_t>(missing_, bytes.size() - consumed));
      missing_ -= step;
      if (missing_ == 0) {
        state_ = state_ == State::kChunk ? State::kChunkCr : State::kDone;
      }
    } else {
      take_byte(bytes[consumed]);
    }
    consumed += step;
    wire_bytes_ += step;
    if (outcome_ == Outcome::kIncomplete && state_ == State::kDone) {
      outcome_ = Outcome::kOver;
    } else if (wire_bytes_ > wire_bytes_max) {
      fail(Outcome::kTooLarge);
    }
  }
  return {consumed, outcome_};
}

void HttpBody::fail(Outcome outcome) {
  if (outcome_ == Outcome::kIncomplete) {
    outcome_ = outcome;
  }
}

void HttpBody::take_byte(char byte) {
  // Takes the byte that has to come, and goes on to the next state.
  const auto expect = [this, byte](char expected, State next) {
    state_ = next;
    if (byte != expected) {
      fail(Outcome::kMalformed);
    }
  };
  // Takes anything up to the end of a line.
  const auto skip_to = [this, byte](State end_of_line) {
    if (byte == '\r') {
      state_ = end_of_line;
    } else if (!is_line_char(byte)) {
      fail(Outcome::kMalformed);
    }
  };
  switch (state_) {
    case State::kFirstDigit:
    case State::kDigits:
      take_digit_or_end(byte);
      break;
    case State::kExtension:
      skip_to(State::kEndOfHead);
      break;
    case State::kEndOfHead:
      expect('\n', missing_ > 0 ? State::kChunk : State::kTrailerLine);
      break;
    case State::kChunkCr:
      expect('\r', State::kChunkLf);
      break;
    case State::kChunkLf:
      expect('\n', State::kFirstDigit);
      break;
    case State::kTrailerLine:
      state_ = State::kTrailer;
      skip_to(State::kEndOfBody);
      break;
    case State::kTrailer:
      skip_to(State::kEndOfTrailer);
      break;
    case State::kEndOfTrailer:
      expect('\n', State::kTrailerLine);
      break;
    case State::kEndOfBody:
      expect('\n', State::kDone);
      break;
    case State::kContent:
    case State::kChunk:
    case State::kDone:
      break;
  }
}

void HttpBody::take_digit_or_end(char byte) {
  const int digit = hex_value(byte);
  if (digit >= 0) {
    missing_ = (state_ == State::kFirstDigit ? 0 : missing_ * 16) + static_cast<unsigned>(digit);
    state_ = State::kDigits;
    if (missing_ > limits_.http_body_bytes_max) {
      fail(Outcome::kTooLarge);
    }
    return;
  }
  if (state_ == State::kFirstDigit || (byte != ';' && byte != '\r')) {
    fail(Outcome::kMalformed);
    return;
  }
  state_ = byte == ';' ? State::kExtension : State::kEndOfHead;
  content_bytes_ += missing_;
  if (content_bytes_ > limits_.http_body_bytes_max) {
    fail(Outcome::kTooLarge);
  }
}

}  // namespace chat
