#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chat {

struct HttpRequest;

enum class HttpStatus : std::uint16_t {
  kContinue = 100,
  kSwitchingProtocols = 101,
  kOk = 200,
  kNoContent = 204,
  kNotModified = 304,
  kBadRequest = 400,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kRequestTimeout = 408,
  kPayloadTooLarge = 413,
  kUriTooLong = 414,
  kExpectationFailed = 417,
  kUpgradeRequired = 426,
  kTooManyRequests = 429,
  kHeadersTooLarge = 431,
  kInternalError = 500,
  kNotImplemented = 501,
  kUnavailable = 503,
  kVersionNotSupported = 505,
};
std::string_view reason_phrase(HttpStatus status);

// What is answered to one request. Views are of what lives for ever, or at least until the
// response is written.
struct HttpResponse {
  HttpStatus status = HttpStatus::kOk;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view body;  // what is sent, unless text is not empty
  std::string text;       // a body that was made for this answer
  // A strong entity tag with its quotes, as "\"5f3a\"". A GET or HEAD that has it gets a 304.
  std::string_view etag;
  std::string_view cache_control = "no-store";
  std::string_view allow;  // which methods there are, for 405, 501 and OPTIONS
  // Further header lines, each with its CR and LF.
  std::string fields;

  std::string_view content() const { return text.empty() ? body : std::string_view(text); }
};

// A short text in place of what was asked for.
HttpResponse http_error(HttpStatus status, std::string_view why);

// Sent along with every response of a server.
struct HttpPolicy {
  std::string content_security_policy;    // empty: not sent
  std::string strict_transport_security;  // the same; sent over TLS only
};

// What of a response depends on the request and the connection rather than on what is served.
struct HttpDelivery {
  bool head = false;        // the body is left out, its headers are not
  bool keep_alive = false;  // otherwise the connection ends after this response
  bool secure = false;      // it came over TLS
  std::int64_t unix_ms = 0;
};

// Appends the whole response: status line, headers, and a body if it has one.
void append_http_response(std::string& out, const HttpResponse& response,
                          const HttpDelivery& delivery, const HttpPolicy& policy);

// "HTTP/1.1 100 Continue": the client may send its body.
void append_http_continue(std::string& out);

// As RFC 7231, 7.1.1.1 prefers it: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::int64_t unix_ms);

}  // namespace chat
