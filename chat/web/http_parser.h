#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "chat/limits.h"
#include "chat/web/http_request.h"
#include "chat/web/http_response.h"

namespace chat {

// Why a request is not served at all. The connection ends after the answer: where the next request
// would begin can't be known.
struct HttpRefusal {
  HttpStatus status = HttpStatus::kBadRequest;
  std::string_view why;  // one line, for the client; lives for ever
};

// HTTP/1.0 and 1.1 requests out of any bytes, one at a time: a plain state machine, owned by its
// connection's conversation. How the bytes are split changes nothing. Bodies are read over, up to
// Limits::http_body_bytes_max. Holds nothing between requests. limits is not owned.
class HttpParser {
 public:
  enum class Outcome : std::uint8_t {
    kIncomplete,  // more bytes are needed
    kContinue,    // the client waits for "100 Continue" before it sends its body; once at most
    kRequest,     // request() is complete, its body read over
    kRefused,     // refusal() says why; every further byte is consumed and means nothing
  };
  struct Result {
    std::size_t consumed = 0;  // from the front of the bytes; the rest comes again
    Outcome outcome = Outcome::kIncomplete;
  };

  explicit HttpParser(const Limits& limits);
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;
  ~HttpParser();

  // bytes: everything received and not yet consumed. After kIncomplete at most
  // Limits::http_header_bytes_max are left unconsumed. After kRequest the next call begins the
  // next request, with the bytes behind this one.
  Result parse(std::string_view bytes);

  // REQUIRES: parse has just returned kRequest, and is called again only after this.
  HttpRequest take_request();
  // REQUIRES: parse has returned kRefused.
  const HttpRefusal& refusal() const { return refusal_; }
  // The refused request was for HEAD, as far as it was understood.
  bool refused_head() const { return refused_head_; }
  // Nothing of a request has come since the last one.
  bool is_between_requests() const { return !reading_; }

 private:
  class Reading;  // of one request; Boost stays behind it

  Result parse_request_line(std::string_view bytes);
  Result parse_fields(std::string_view bytes);
  Result parse_body(std::string_view bytes);
  Result refuse(const HttpRefusal& refusal);

  const Limits& limits_;
  std::unique_ptr<Reading> reading_;
  HttpRefusal refusal_;
  bool refused_ = false;
  bool refused_head_ = false;
};

}  // namespace chat
