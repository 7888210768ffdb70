#include "chat/web/http_response.h"

#include <gtest/gtest.h>

#include <string>

namespace chat {
namespace {

// RFC 7231, 7.1.1.1 gives this very second as its example.
constexpr std::int64_t kUnixMs = 784'111'777'999;

std::string respond(const HttpResponse& response, const HttpDelivery& delivery,
                    const HttpPolicy& policy = {}) {
  std::string out = "before ";
  append_http_response(out, response, delivery, policy);
  return out;
}

TEST(HttpResponse, HasALengthAndADate) {
  HttpResponse response;
  response.content_type = "text/html";
  response.body = "<p>";
  response.etag = "\"1\"";
  response.cache_control = "no-cache";
  EXPECT_EQ(respond(response, {.keep_alive = true, .unix_ms = kUnixMs}),
            "before HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/html\r\nContent-Length: 3\r\nETag: \"1\"\r\n"
            "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"
            "Referrer-Policy: no-referrer\r\n\r\n<p>");
}

TEST(HttpResponse, HeadHasTheHeadersOfGetAndNoBody) {
  HttpResponse response;
  response.text = "made";
  const std::string get = respond(response, {.keep_alive = true});
  EXPECT_EQ(respond(response, {.head = true, .keep_alive = true}) + "made", get);
  EXPECT_NE(get.find("Content-Length: 4\r\n"), std::string::npos);
}

TEST(HttpResponse, AnEmptyBodyHasALengthAndNoType) {
  const std::string out = respond({}, {});
  EXPECT_NE(out.find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_EQ(out.find("Content-Type:"), std::string::npos);
}

// RFC 7230, 3.3.2
TEST(HttpResponse, NoContentAndNotModifiedHaveNeitherLengthNorBody) {
  for (const HttpStatus status : {HttpStatus::kNoContent, HttpStatus::kNotModified}) {
    HttpResponse response;
    response.status = status;
    response.body = "body";
    response.etag = "\"1\"";
    const std::string out = respond(response, {});
    EXPECT_EQ(out.find("Content-Length"), std::string::npos);
    EXPECT_TRUE(out.ends_with("\r\n\r\n")) << out;
    EXPECT_NE(out.find("ETag: \"1\"\r\n"), std::string::npos);
    EXPECT_NE(out.find("Cache-Control: no-store\r\n"), std::string::npos);
  }
}

TEST(HttpResponse, TellsThatTheConnectionEnds) {
  EXPECT_NE(respond({}, {}).find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(respond({}, {.keep_alive = true}).find("Connection:"), std::string::npos);
}

TEST(HttpResponse, CarriesThePolicyOfTheSite) {
  const HttpPolicy policy{.content_security_policy = "default-src 'self'",
                          .strict_transport_security = "max-age=60"};
  const std::string plain = respond({}, {}, policy);
  EXPECT_NE(plain.find("Content-Security-Policy: default-src 'self'\r\n"), std::string::npos);
  EXPECT_EQ(plain.find("Strict-Transport-Security"), std::string::npos)
      << "must not be sent in the clear (RFC 6797, 7.2)";
  EXPECT_NE(respond({}, {.secure = true}, policy).find("Strict-Transport-Security: max-age=60\r\n"),
            std::string::npos);
}

TEST(HttpResponse, AnErrorSaysWhy) {
  const HttpResponse response = http_error(HttpStatus::kNotFound, "nothing is here");
  EXPECT_EQ(response.content(), "404 Not Found: nothing is here\n");
}

TEST(HttpResponse, EveryDateHasTheSameLength) {
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(http_date(951'782'400'000), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(http_date(4'102'444'799'000), "Thu, 31 Dec 2099 23:59:59 GMT");
}

}  // namespace
}  // namespace chat
