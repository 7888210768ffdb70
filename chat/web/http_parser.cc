#include "chat/web/http_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <utility>

#include "chat/web/http_body.h"
#include "chat/web/http_target.h"
#include "reactor/check.h"

namespace chat {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

constexpr HttpRefusal kBadLine{HttpStatus::kBadRequest, "not a request line"};
constexpr HttpRefusal kBadVersion{HttpStatus::kVersionNotSupported, "HTTP/1.1 is spoken here"};
constexpr HttpRefusal kTargetTooLong{HttpStatus::kUriTooLong, "the target is too long"};
constexpr HttpRefusal kBadTarget{HttpStatus::kBadRequest, "not a target, or not a safe one"};
constexpr HttpRefusal kHeadersTooLarge{HttpStatus::kHeadersTooLarge,
                                       "too many or too long headers"};
constexpr HttpRefusal kBadHost{HttpStatus::kBadRequest, "exactly one proper Host is needed"};
constexpr HttpRefusal kTwoLengths{HttpStatus::kBadRequest, "Content-Length with Transfer-Encoding"};
constexpr HttpRefusal kBadCoding{HttpStatus::kNotImplemented,
                                 "no Transfer-Encoding but chunked is known"};
constexpr HttpRefusal kCodingTooNew{HttpStatus::kBadRequest, "Transfer-Encoding in HTTP/1.0"};
constexpr HttpRefusal kBadExpectation{HttpStatus::kExpectationFailed,
                                      "only 100-continue can be expected"};
constexpr HttpRefusal kBadChunk{HttpStatus::kBadRequest, "not a proper chunk"};
constexpr HttpRefusal kBodyTooLarge{HttpStatus::kPayloadTooLarge, "the body is too long"};

HttpRefusal refusal_of(const error_code& error) {
  if (error == http::error::header_limit) {
    return kHeadersTooLarge;
  }
  if (error == http::error::bad_target) {
    return kBadTarget;
  }
  if (error == http::error::bad_method || error == http::error::bad_version) {
    return kBadLine;
  }
  if (error == http::error::bad_content_length || error == http::error::bad_transfer_encoding) {
    return {HttpStatus::kBadRequest, "the length of the body is not clear"};
  }
  return {HttpStatus::kBadRequest, "not a proper header"};
}

// Whether a request line that could not be parsed would be right but for its version.
bool is_of_other_version(std::string_view line) {
  constexpr std::size_t kVersionSize = 8;  // "HTTP/2.0"
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!line.ends_with("\r\n") || line.size() < kVersionSize + 3) {
    return false;
  }
  const std::string_view version = line.substr(line.size() - kVersionSize - 2, kVersionSize);
  return line[line.size() - kVersionSize - 3] == ' ' && version.starts_with("HTTP/") &&
         is_digit(version[5]) && version[6] == '.' && is_digit(version[7]) &&
         version != "HTTP/1.0" && version != "HTTP/1.1";
}

}  // namespace

// Beast takes the grammar of the head; what it means, and how much of it may come, is checked here.
class HttpParser::Reading final : public http::basic_parser<true> {
 public:
  explicit Reading(const Limits& limits) : body(limits), limits_(limits) {
    // Whole heads are given to it, of which the length is known.
    header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.http_header_bytes_max, UINT32_MAX)));
    skip(true);  // the body
    eager(true);
  }

  enum class Phase : std::uint8_t { kRequestLine, kFields, kBody };

  // As Beast's put; sets refusal when the request can't go on.
  std::size_t put_some(std::string_view bytes) {
    error_code error;
    const std::size_t taken = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    needs_more = error == http::error::need_more;
    if (error && !needs_more && !refusal) {
      refusal = refusal_of(error);
    }
    return taken;
  }

  // How much of bytes the fields take, with the empty line behind them; nothing while that is not
  // there. Bytes that were looked at are not looked at again.
  std::optional<std::size_t> find_end_of_fields(std::string_view bytes) {
    while (true) {
      const std::string_view line = bytes.substr(line_begin_);
      if (line.starts_with("\r\n")) {
        return line_begin_ + 2;
      }
      if (line.starts_with('\n')) {
        return line_begin_ + 1;
      }
      const std::size_t end = bytes.find('\n', std::max(line_begin_, looked_at));
      if (end == std::string_view::npos) {
        looked_at = bytes.size();
        return std::nullopt;
      }
      line_begin_ = end + 1;
    }
  }

  // kOver when there is none. REQUIRES: the head is complete.
  HttpBody::Outcome begin_body() {
    return chunked() ? body.begin_chunked() : body.begin(content_length().value_or(0));
  }

  Phase phase = Phase::kRequestLine;
  HttpRequest request;
  std::optional<HttpRefusal> refusal;
  bool needs_more = false;
  bool expects_continue = false;
  std::size_t looked_at = 0;  // of the bytes that are not consumed yet
  std::size_t head_bytes = 0;
  HttpBody body;

 private:
  void refuse(const HttpRefusal& why, error_code& error) {
    refusal = why;
    error = http::error::bad_value;  // any will do
  }

  void on_request_impl(http::verb /*verb*/, boost::beast::string_view method,
                       boost::beast::string_view target, int version, error_code& error) override {
    request.method = http_method(view(method));
    request.version = version;
    request.target = view(target);
    if (target.size() > limits_.http_target_bytes_max) {
      refuse(kTargetTooLong, error);
    }
  }

  void on_field_impl(http::field /*field*/, boost::beast::string_view name,
                     boost::beast::string_view value, error_code& error) override {
    if (request.fields.size() >= limits_.http_headers_max) {
      refuse(kHeadersTooLarge, error);
      return;
    }
    request.fields.push_back({std::string(view(name)), std::string(view(value))});
  }

  void on_header_impl(error_code& error) override {
    request.keep_alive = request.version >= 11 && keep_alive();
    if (const std::optional<HttpRefusal> wrong = what_is_wrong()) {
      refuse(*wrong, error);
    }
  }

  std::optional<HttpRefusal> what_is_wrong() {
    const std::size_t hosts = request.count_of("Host");
    if (hosts > 1 || (hosts == 0 && request.version >= 11) ||
        (hosts == 1 && !is_authority(*request.field("Host")))) {
      return kBadHost;
    }
    std::optional<HttpTarget> target = parse_http_target(request.method, request.target);
    if (!target) {
      return kBadTarget;
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    request.authority = std::move(target->authority);
    if (request.authority.empty() && hosts == 1) {
      request.authority = *request.field("Host");
    }
    if (const std::optional<HttpRefusal> wrong = what_is_wrong_with_body()) {
      return wrong;
    }
    const std::string* const expectation = request.field("Expect");
    if (expectation != nullptr && request.version >= 11) {
      if (!equals_ignoring_case(*expectation, "100-continue")) {
        return kBadExpectation;
      }
      expects_continue = true;
    }
    return std::nullopt;
  }

  // Where a body ends must be beyond doubt: whoever is between us and the client may see it
  // otherwise (RFC 7230, 3.3.3).
  std::optional<HttpRefusal> what_is_wrong_with_body() const {
    const std::string* const coding = request.field("Transfer-Encoding");
    if (coding == nullptr) {
      return std::nullopt;
    }
    if (request.version < 11) {
      return kCodingTooNew;
    }
    if (request.field("Content-Length") != nullptr) {
      return kTwoLengths;
    }
    // Beast has seen to it that nothing comes after "chunked".
    if (!equals_ignoring_case(*coding, "chunked")) {
      return kBadCoding;
    }
    return std::nullopt;
  }

  // Of a body that is not read, and of a response.
  std::size_t on_body_impl(boost::beast::string_view part, error_code& /*error*/) override {
    return part.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, boost::beast::string_view part,
                                 error_code& /*error*/) override {
    return part.size();
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                         error_code& /*error*/) override {}
  void on_chunk_header_impl(std::uint64_t /*size*/, boost::beast::string_view /*extensions*/,
                            error_code& /*error*/) override {}
  void on_finish_impl(error_code& /*error*/) override {}
  void on_response_impl(int /*code*/, boost::beast::string_view /*reason*/, int /*version*/,
                        error_code& /*error*/) override {}

  const Limits& limits_;
  std::size_t line_begin_ = 0;  // of the line of the head that is looked for
};

HttpParser::HttpParser(const Limits& limits) : limits_(limits) {}

HttpParser::~HttpParser() = default;

HttpRequest HttpParser::take_request() {
  CHECK(reading_ && reading_->phase == Reading::Phase::kBody, "there is no request");
  HttpRequest request = std::move(reading_->request);
  reading_.reset();
  return request;
}

HttpParser::Result HttpParser::refuse(const HttpRefusal& refusal) {
  refused_ = true;
  refused_head_ = reading_->request.method == HttpMethod::kHead;
  refusal_ = refusal;
  reading_.reset();
  return {0, Outcome::kRefused};
}

// One part after the other, each as soon as it is whole, so that the split makes no difference.
HttpParser::Result HttpParser::parse(std::string_view bytes) {
  std::size_t consumed = 0;
  if (!reading_) {
    // Old clients put an empty line behind a body (RFC 7230, 3.5).
    while (bytes.substr(consumed).starts_with("\r\n")) {
      consumed += 2;
    }
  }
  Outcome outcome = refused_ ? Outcome::kRefused : Outcome::kIncomplete;
  while (outcome == Outcome::kIncomplete && consumed < bytes.size()) {
    if (!reading_) {
      if (bytes.substr(consumed) == "\r") {
        break;
      }
      reading_ = std::make_unique<Reading>(limits_);
    }
    const Reading::Phase phase = reading_->phase;
    const std::string_view rest = bytes.substr(consumed);
    const Result result = phase == Reading::Phase::kRequestLine ? parse_request_line(rest)
                          : phase == Reading::Phase::kFields    ? parse_fields(rest)
                                                                : parse_body(rest);
    consumed += result.consumed;
    outcome = result.outcome;
    if (result.consumed == 0) {
      break;
    }
  }
  return {refused_ ? bytes.size() : consumed, outcome};
}

HttpParser::Result HttpParser::parse_request_line(std::string_view bytes) {
  const std::size_t looked_at = reading_->looked_at;
  const std::string_view within = bytes.substr(0, limits_.http_header_bytes_max);
  const std::size_t end = within.find('\n', looked_at);
  const std::string_view line = within.substr(0, std::min(end, within.size() - 1) + 1);
  const auto is_bad = [](char c) { return is_control(c) && c != '\r' && c != '\n'; };
  if (std::any_of(line.begin() + static_cast<std::ptrdiff_t>(looked_at), line.end(), is_bad)) {
    return refuse(kBadLine);
  }
  if (end == std::string_view::npos) {
    reading_->looked_at = within.size();
    return within.size() < limits_.http_header_bytes_max ? Result{} : refuse(kTargetTooLong);
  }
  reading_->put_some(line);
  if (reading_->refusal || reading_->request.target.empty()) {
    return refuse(is_of_other_version(line) ? kBadVersion : reading_->refusal.value_or(kBadLine));
  }
  reading_->phase = Reading::Phase::kFields;
  reading_->head_bytes = line.size();
  reading_->looked_at = 0;
  return {line.size(), Outcome::kIncomplete};
}

HttpParser::Result HttpParser::parse_fields(std::string_view bytes) {
  const std::size_t room = limits_.http_header_bytes_max - reading_->head_bytes;
  const std::string_view within = bytes.substr(0, room);
  const std::optional<std::size_t> size = reading_->find_end_of_fields(within);
  if (!size) {
    return within.size() < room ? Result{} : refuse(kHeadersTooLarge);
  }
  const std::size_t taken = reading_->put_some(within.substr(0, *size));
  if (reading_->refusal || reading_->needs_more || taken != *size) {
    return refuse(reading_->refusal.value_or(refusal_of(http::error::bad_line_ending)));
  }
  reading_->phase = Reading::Phase::kBody;
  switch (reading_->begin_body()) {
    case HttpBody::Outcome::kOver:
      return {taken, Outcome::kRequest};
    case HttpBody::Outcome::kIncomplete:
      return {taken, reading_->expects_continue ? Outcome::kContinue : Outcome::kIncomplete};
    default:
      return refuse(kBodyTooLarge);
  }
}

HttpParser::Result HttpParser::parse_body(std::string_view bytes) {
  const HttpBody::Result result = reading_->body.take(bytes);
  switch (result.outcome) {
    case HttpBody::Outcome::kMalformed:
      return refuse(kBadChunk);
    case HttpBody::Outcome::kTooLarge:
      return refuse(kBodyTooLarge);
    case HttpBody::Outcome::kOver:
      return {result.consumed, Outcome::kRequest};
    case HttpBody::Outcome::kIncomplete:
      break;
  }
  return {result.consumed, Outcome::kIncomplete};
}

}  // namespace chat
