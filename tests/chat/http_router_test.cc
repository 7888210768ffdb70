#include "chat/web/http_router.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace chat {
namespace {

class HttpRouterTest : public testing::Test {
 protected:
  HttpRouterTest() {
    router_.add(Resource{"/", "text/html", "<html>", "\"abc\"", "no-cache"});
    router_.add(Resource{"/app.js", "text/javascript", "js", "\"def\"", "max-age=60"});
    router_.add("/healthz", [](const HttpRequest& request) {
      HttpResponse response;
      response.text = "well " + request.query;
      return response;
    });
    router_.add("/readyz", [](const HttpRequest&) {
      return http_error(HttpStatus::kUnavailable, "draining");
    });
    router_.add_websocket("/ws");
  }

  HttpResponse ask(HttpMethod method, std::string_view path, std::string_view tags = {}) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.query = "q";
    if (!tags.empty()) {
      request.fields.push_back({"if-none-match", std::string(tags)});
    }
    return router_.answer(request);
  }

  HttpRouter router_;
};

TEST_F(HttpRouterTest, ServesAResource) {
  const HttpResponse response = ask(HttpMethod::kGet, "/app.js");
  EXPECT_EQ(response.status, HttpStatus::kOk);
  EXPECT_EQ(response.content(), "js");
  EXPECT_EQ(response.content_type, "text/javascript");
  EXPECT_EQ(response.etag, "\"def\"");
  EXPECT_EQ(response.cache_control, "max-age=60");
  EXPECT_EQ(ask(HttpMethod::kHead, "/").content(), "<html>") << "the body is left out later";
}

TEST_F(HttpRouterTest, AsksAnEndpoint) {
  EXPECT_EQ(ask(HttpMethod::kGet, "/healthz").content(), "well q");
  EXPECT_EQ(ask(HttpMethod::kGet, "/readyz").status, HttpStatus::kUnavailable);
}

TEST_F(HttpRouterTest, WhatIsNotThereIsNotFound) {
  for (const std::string_view path : {"/app", "/app.js/", "/zzz", "//", "*"}) {
    EXPECT_EQ(ask(HttpMethod::kGet, path).status, HttpStatus::kNotFound) << path;
  }
}

TEST_F(HttpRouterTest, AFallbackComesLast) {
  router_.add_fallback([](const HttpRequest& request) {
    HttpResponse response;
    response.text = "file " + request.path;
    return response;
  });
  EXPECT_EQ(ask(HttpMethod::kGet, "/zzz").content(), "file /zzz");
  EXPECT_EQ(ask(HttpMethod::kGet, "/app.js").content(), "js");
}

// RFC 7232, 3.2
TEST_F(HttpRouterTest, WhoHasTheResourceIsNotSentItAgain) {
  for (const std::string_view tags :
       {"\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x\",W/\"abc\",\"y\""}) {
    const HttpResponse response = ask(HttpMethod::kGet, "/", tags);
    EXPECT_EQ(response.status, HttpStatus::kNotModified) << tags;
    EXPECT_EQ(response.etag, "\"abc\"");
    EXPECT_EQ(response.cache_control, "no-cache");
  }
  for (const std::string_view tags : {"\"ab\"", "abc", "\"\"", "\"x\", \"y\"", "W/\"x\""}) {
    EXPECT_EQ(ask(HttpMethod::kGet, "/", tags).status, HttpStatus::kOk) << tags;
  }
  EXPECT_EQ(ask(HttpMethod::kHead, "/", "*").status, HttpStatus::kNotModified);
  EXPECT_EQ(ask(HttpMethod::kGet, "/healthz", "*").status, HttpStatus::kOk) << "it has no tag";
  EXPECT_EQ(ask(HttpMethod::kGet, "/none", "*").status, HttpStatus::kNotFound);
}

TEST_F(HttpRouterTest, TellsWhichMethodsThereAre) {
  for (const std::string_view path : {"/", "/healthz", "*", "/none"}) {
    const HttpResponse response = ask(HttpMethod::kOptions, path);
    EXPECT_EQ(response.status, HttpStatus::kNoContent) << path;
    EXPECT_EQ(response.allow, "GET, HEAD, OPTIONS") << path;
  }
  EXPECT_EQ(ask(HttpMethod::kOptions, "/ws").allow, "GET, OPTIONS");
}

TEST_F(HttpRouterTest, RefusesOtherMethods) {
  for (const HttpMethod method : {HttpMethod::kPost, HttpMethod::kPut, HttpMethod::kDelete,
                                  HttpMethod::kConnect, HttpMethod::kTrace, HttpMethod::kPatch}) {
    const HttpResponse response = ask(method, "/");
    EXPECT_EQ(response.status, HttpStatus::kMethodNotAllowed);
    EXPECT_EQ(response.allow, "GET, HEAD, OPTIONS");
  }
  EXPECT_EQ(ask(HttpMethod::kUnknown, "/").status, HttpStatus::kNotImplemented);
  EXPECT_EQ(ask(HttpMethod::kHead, "/ws").status, HttpStatus::kMethodNotAllowed);
}

TEST_F(HttpRouterTest, KnowsItsWebSockets) {
  EXPECT_TRUE(router_.is_websocket("/ws"));
  EXPECT_FALSE(router_.is_websocket("/"));
  EXPECT_FALSE(router_.is_websocket("/none"));
}

}  // namespace
}  // namespace chat
