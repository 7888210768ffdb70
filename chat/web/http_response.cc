#include "chat/web/http_response.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>

namespace chat {
namespace {

// Neither an answer to HEAD nor these have a body; a 204 must not even tell its length, and that
// of a 304 would be that of what is not sent.
bool has_content(HttpStatus status) {
  return status != HttpStatus::kNoContent && status != HttpStatus::kNotModified;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) {
    out.append(name).append(": ").append(value).append("\r\n");
  }
}

void append_status_line(std::string& out, HttpStatus status) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", static_cast<unsigned>(status),
                 reason_phrase(status));
}

}  // namespace

std::string_view reason_phrase(HttpStatus status) {
  switch (status) {
    case HttpStatus::kContinue:
      return "Continue";
    case HttpStatus::kSwitchingProtocols:
      return "Switching Protocols";
    case HttpStatus::kOk:
      return "OK";
    case HttpStatus::kNoContent:
      return "No Content";
    case HttpStatus::kNotModified:
      return "Not Modified";
    case HttpStatus::kBadRequest:
      return "Bad Request";
    case HttpStatus::kForbidden:
      return "Forbidden";
    case HttpStatus::kNotFound:
      return "Not Found";
    case HttpStatus::kMethodNotAllowed:
      return "Method Not Allowed";
    case HttpStatus::kRequestTimeout:
      return "Request Timeout";
    case HttpStatus::kPayloadTooLarge:
      return "Payload Too Large";
    case HttpStatus::kUriTooLong:
      return "URI Too Long";
    case HttpStatus::kExpectationFailed:
      return "Expectation Failed";
    case HttpStatus::kUpgradeRequired:
      return "Upgrade Required";
    case HttpStatus::kTooManyRequests:
      return "Too Many Requests";
    case HttpStatus::kHeadersTooLarge:
      return "Request Header Fields Too Large";
    case HttpStatus::kInternalError:
      return "Internal Server Error";
    case HttpStatus::kNotImplemented:
      return "Not Implemented";
    case HttpStatus::kUnavailable:
      return "Service Unavailable";
    case HttpStatus::kVersionNotSupported:
      return "HTTP Version Not Supported";
  }
  return "Unknown";
}

HttpResponse http_error(HttpStatus status, std::string_view why) {
  HttpResponse response;
  response.status = status;
  response.text =
      fmt::format("{} {}: {}\n", static_cast<unsigned>(status), reason_phrase(status), why);
  return response;
}

void append_http_response(std::string& out, const HttpResponse& response,
                          const HttpDelivery& delivery, const HttpPolicy& policy) {
  const std::string_view content = response.content();
  append_status_line(out, response.status);
  append_field(out, "Date", http_date(delivery.unix_ms));
  if (has_content(response.status)) {
    append_field(out, "Content-Type", content.empty() ? "" : response.content_type);
    append_field(out, "Content-Length", fmt::to_string(content.size()));
  }
  append_field(out, "ETag", response.etag);
  append_field(out, "Cache-Control", response.cache_control);
  append_field(out, "Allow", response.allow);
  out.append(response.fields);
  append_field(out, "Content-Security-Policy", policy.content_security_policy);
  append_field(out, "X-Content-Type-Options", "nosniff");
  append_field(out, "Referrer-Policy", "no-referrer");
  append_field(out, "Strict-Transport-Security",
               delivery.secure ? policy.strict_transport_security : "");
  append_field(out, "Connection", delivery.keep_alive ? "" : "close");
  out.append("\r\n");
  if (has_content(response.status) && !delivery.head) {
    out.append(content);
  }
}

void append_http_continue(std::string& out) {
  append_status_line(out, HttpStatus::kContinue);
  out.append("\r\n");
}

std::string http_date(std::int64_t unix_ms) {
  using std::chrono::days;
  using std::chrono::seconds;
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds time{
      std::chrono::floor<seconds>(std::chrono::milliseconds{unix_ms})};
  const std::chrono::sys_days day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(std::chrono::weekday{day}.c_encoding()),
      static_cast<unsigned>(date.day()), kMonths.at(static_cast<unsigned>(date.month()) - 1),
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

}  // namespace chat
