#include "chat/web/http_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chat {
namespace {

using namespace std::string_literals;

Limits small_limits() {
  Limits limits;
  limits.http_header_bytes_max = 512;
  limits.http_target_bytes_max = 64;
  limits.http_headers_max = 8;
  limits.http_body_bytes_max = 100;
  return limits;
}

// "GET /path?query 11 keep", or "417 why", or "continue": one line for each outcome.
std::string describe(HttpParser& parser, HttpParser::Outcome outcome) {
  switch (outcome) {
    case HttpParser::Outcome::kContinue:
      return "continue\n";
    case HttpParser::Outcome::kRefused:
      return fmt::format("{} {}\n", static_cast<int>(parser.refusal().status),
                         parser.refusal().why);
    case HttpParser::Outcome::kRequest: {
      const HttpRequest request = parser.take_request();
      return fmt::format("{} {}{}{} {} {}\n", static_cast<int>(request.method), request.path,
                         request.query.empty() ? "" : "?", request.query, request.version,
                         request.keep_alive ? "keep" : "close");
    }
    case HttpParser::Outcome::kIncomplete:
      break;
  }
  return {};
}

// Hands the bytes over in pieces that end at the cuts, keeping what was not consumed.
std::string parse_cut(std::string_view bytes, const std::vector<std::size_t>& cuts,
                      const Limits& limits) {
  HttpParser parser(limits);
  std::string log;
  std::string pending;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : bytes.size();
    pending.append(bytes.substr(begin, end - begin));
    begin = end;
    HttpParser::Result result;
    do {
      result = parser.parse(pending);
      pending.erase(0, result.consumed);
      log += describe(parser, result.outcome);
    } while (result.outcome == HttpParser::Outcome::kRequest ||
             result.outcome == HttpParser::Outcome::kContinue);
    if (result.outcome == HttpParser::Outcome::kRefused) {
      EXPECT_TRUE(pending.empty()) << "bytes are left after a refusal";
      return log;
    }
    EXPECT_LE(pending.size(), limits.http_header_bytes_max) << "too much is left";
  }
  return log;
}

// What the parser makes of the bytes, however they are cut.
std::string parse(std::string_view bytes, const Limits& limits = small_limits()) {
  std::string whole = parse_cut(bytes, {}, limits);
  std::vector<std::size_t> everywhere;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    EXPECT_EQ(parse_cut(bytes, {cut}, limits), whole) << "cut at " << cut;
    everywhere.push_back(cut);
  }
  EXPECT_EQ(parse_cut(bytes, everywhere, limits), whole) << "byte by byte";
  return whole;
}

constexpr std::string_view kGet = "0";
constexpr std::string_view kPost = "2";

std::string get(std::string_view rest) { return std::string(kGet).append(rest).append("\n"); }

TEST(HttpParser, TakesARequest) {
  EXPECT_EQ(parse("GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"), get(" /a?b=c 11 keep"));
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost:\r\n\r\n"), get(" / 11 keep"));
}

TEST(HttpParser, TakesOneRequestAfterTheOther) {
  EXPECT_EQ(parse("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                  "GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
            get(" /1 11 keep") + get(" /2 11 close"));
}

TEST(HttpParser, EmptyLinesBetweenRequestsAreReadOver) {
  EXPECT_EQ(
      parse("\r\n\r\nGET /1 HTTP/1.1\r\nHost: h\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"),
      get(" /1 11 keep") + get(" /2 11 keep"));
}

TEST(HttpParser, Http10Ends) {
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n"), get(" / 10 close"));
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), get(" / 10 close"));
}

TEST(HttpParser, HoldsNothingBetweenRequests) {
  const Limits limits;
  HttpParser parser(limits);
  EXPECT_TRUE(parser.is_between_requests());
  EXPECT_EQ(parser.parse("\r\n\r").consumed, 2U);
  EXPECT_TRUE(parser.is_between_requests());
  parser.parse("GET");
  EXPECT_FALSE(parser.is_between_requests());
  const std::string_view request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const HttpParser::Result result = parser.parse(request);
  EXPECT_EQ(result.outcome, HttpParser::Outcome::kRequest);
  EXPECT_EQ(result.consumed, request.size());
  parser.take_request();
  EXPECT_TRUE(parser.is_between_requests());
}

TEST(HttpParser, KeepsFieldsAsTheyCame) {
  const Limits limits;
  HttpParser parser(limits);
  parser.parse(
      "GET http://other:81/p HTTP/1.1\r\nHOST: h\r\nX-List:  a ,\t\r\nx-list: b\r\n"
      "X-Folded: one\r\n  two\r\nX-Bytes: \xFF\r\n\r\n");
  const HttpRequest request = parser.take_request();
  EXPECT_EQ(*request.field("host"), "h");
  EXPECT_EQ(request.authority, "other:81") << "an absolute target goes before Host";
  EXPECT_EQ(request.path, "/p");
  EXPECT_EQ(request.target, "http://other:81/p");
  EXPECT_EQ(request.count_of("x-list"), 2U);
  EXPECT_EQ(request.list("X-List"), "a ,,b");
  EXPECT_TRUE(request.list_has("X-List", "B"));
  EXPECT_FALSE(request.list_has("X-List", "c"));
  EXPECT_EQ(*request.field("x-folded"), "one two");
  EXPECT_EQ(*request.field("x-bytes"), "\xFF");
  EXPECT_EQ(request.field("none"), nullptr);
}

// RFC 7230, 5.3
TEST(HttpParser, TakesEveryFormOfTarget) {
  EXPECT_EQ(parse("GET HTTP://h HTTP/1.1\r\nHost: h\r\n\r\n"), get(" / 11 keep"));
  EXPECT_EQ(parse("GET https://h?q HTTP/1.1\r\nHost: h\r\n\r\n"), get(" /?q 11 keep"));
  EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), "6 * 11 keep\n");
  EXPECT_EQ(parse("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"), "5  11 keep\n");
  EXPECT_EQ(parse("GET /%41%c3%bc+%25 HTTP/1.1\r\nHost: h\r\n\r\n"), get(" /A\u00fc+% 11 keep"));
}

TEST(HttpParser, RefusesTargetsThatAreNone) {
  for (const std::string_view target :
       {"*",           "a",       "ftp://h/", "http://", "http:///a",     "http://h h/",
        "/a#b",        "/%",      "/%4",      "/%4g",    "/%00",          "/%0a",
        "/%7f",        "/%ff",    "/\xFF",    "/..",     "/../a",         "/a/..",
        "/a/%2e%2E/b", "/a%2f..", "/.",       "/a/./b",  "http://user@h/"}) {
    EXPECT_EQ(parse(fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", target)).substr(0, 4), "400 ")
        << target;
  }
  for (const std::string_view line :
       {"OPTIONS ** HTTP/1.1", "CONNECT / HTTP/1.1", "CONNECT h HTTP/1.1"}) {
    EXPECT_EQ(parse(fmt::format("{}\r\nHost: h\r\n\r\n", line)).substr(0, 4), "400 ") << line;
  }
  EXPECT_EQ(parse("GET /a..b/... HTTP/1.1\r\nHost: h\r\n\r\n"), get(" /a..b/... 11 keep"));
}

TEST(HttpParser, RefusesWhatIsNoRequestLineAtOnce) {
  for (const std::string_view line :
       {"GET /\r\n", "GET\r\n", " GET / HTTP/1.1\r\n", "GET  / HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n",
        "GET / HTTP/1.1\n", "GET / HTTP/1\r\n", "GET / HTPP/1.1\r\n", "GET / http/1.1\r\n",
        "G(T / HTTP/1.1\r\n", "GET\t/ HTTP/1.1\r\n", "GET / HTTP/1.1\r\r\n", "\n", "\x16\x03\x01",
        "GET /\x01", "GET / a HTTP/1.1\r\n"}) {
    EXPECT_EQ(parse(line).substr(0, 4), "400 ") << line;
  }
}

TEST(HttpParser, OtherVersionsAreTold) {
  for (const std::string_view line :
       {"PRI * HTTP/2.0\r\n", "GET / HTTP/3.0\r\n", "GET / HTTP/0.9\r\n", "GET / HTTP/1.2\r\n"}) {
    EXPECT_EQ(parse(line).substr(0, 4), "505 ") << line;
  }
}

// RFC 7230, 5.4
TEST(HttpParser, NeedsExactlyOneHost) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\n\r\n").substr(0, 4), "400 ");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").substr(0, 4), "400 ");
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n").substr(0, 4), "400 ");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a b\r\n\r\n").substr(0, 4), "400 ");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n").substr(0, 4), "400 ");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: [::1]:8888\r\n\r\n"), get(" / 11 keep"));
}

// RFC 7230, 3.2
TEST(HttpParser, RefusesHeadersThatAreNone) {
  for (const std::string_view field :
       {"no colon\r\n", ": empty\r\n", "A : blank\r\n", "A: nul\x01\r\n", "A: lf\n", "A\r\n: b\r\n",
        " folded: first\r\n", "A: cr\rlf\r\n", "A\xC3: b\r\n", "Connection: a b\r\n"}) {
    EXPECT_EQ(parse(fmt::format("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", field)).substr(0, 4), "400 ")
        << field;
  }
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\n\n").substr(0, 4), "400 ");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\n\n").substr(0, 4), "400 ");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\nA: \0\r\n\r\n"s).substr(0, 4), "400 ");
}

TEST(HttpParser, BoundsTheHead) {
  const Limits limits = small_limits();
  const auto target = [](std::size_t size) {
    return fmt::format("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", std::string(size - 1, 'a'));
  };
  EXPECT_EQ(parse(target(limits.http_target_bytes_max)).substr(0, 2), "0 ");
  EXPECT_EQ(parse(target(limits.http_target_bytes_max + 1)).substr(0, 4), "414 ");
  EXPECT_EQ(parse("GET /" + std::string(limits.http_header_bytes_max, 'a')).substr(0, 4), "414 ");

  const auto head = [](std::size_t size) {
    const std::string_view before = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
    return fmt::format("{}{}\r\n\r\n", before, std::string(size - before.size() - 4, 'a'));
  };
  EXPECT_EQ(parse(head(limits.http_header_bytes_max)), get(" / 11 keep"));
  EXPECT_EQ(parse(head(limits.http_header_bytes_max + 1)).substr(0, 4), "431 ");

  const auto fields = [](std::size_t count) {
    std::string request = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (std::size_t i = 1; i < count; ++i) {
      request += "A: b\r\n";
    }
    return request + "\r\n";
  };
  EXPECT_EQ(parse(fields(limits.http_headers_max)), get(" / 11 keep"));
  EXPECT_EQ(parse(fields(limits.http_headers_max + 1)).substr(0, 4), "431 ");
}

TEST(HttpParser, ReadsOverABodyOfKnownLength) {
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /"
                  "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"),
            std::string(kPost) + " / 11 keep\n" + get(" /2 11 keep"));
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"), get(" / 11 keep"));
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n1234"), "");
}

TEST(HttpParser, ReadsOverAChunkedBody) {
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                  "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nHost: trailer\r\n\r\n"
                  "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"),
            std::string(kPost) + " / 11 keep\n" + get(" /2 11 keep"));
}

TEST(HttpParser, TrailersAreNoHeaders) {
  const Limits limits;
  HttpParser parser(limits);
  parser.parse(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nOrigin: x\r\n\r\n");
  parser.parse("0\r\nOrigin: x\r\n\r\n");
  EXPECT_EQ(parser.take_request().field("Origin"), nullptr);
}

TEST(HttpParser, BoundsTheBody) {
  const Limits limits = small_limits();
  const auto body = [](std::size_t size) {
    return fmt::format("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", size,
                       std::string(size, 'a'));
  };
  const std::string post = std::string(kPost) + " / 11 keep\n";
  EXPECT_EQ(parse(body(limits.http_body_bytes_max)), post);
  EXPECT_EQ(parse(body(limits.http_body_bytes_max + 1)).substr(0, 4), "413 ");

  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto chunks = [&head](int count) {
    std::string request = head;
    for (int i = 0; i < count; ++i) {
      request += "a\r\n0123456789\r\n";
    }
    return request + "0\r\n\r\n";
  };
  EXPECT_EQ(parse(chunks(10)), post);
  EXPECT_EQ(parse(chunks(11)).substr(0, 4), "413 ");

  std::string extended = head;
  for (int i = 0; i < 50; ++i) {
    extended += "1;padding=padding\r\na\r\n";
  }
  EXPECT_EQ(parse(extended).substr(0, 4), "413 ") << "small chunks in large wrappings";
  const std::string endless(3 * limits.http_header_bytes_max, 'a');
  EXPECT_EQ(parse(head + "1;" + endless).substr(0, 4), "413 ");
  EXPECT_EQ(parse(head + "0\r\nA: " + endless).substr(0, 4), "413 ");
  EXPECT_EQ(parse(head + "65\r\n").substr(0, 4), "413 ") << "before the chunk is here";
  EXPECT_EQ(
      parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n")
          .substr(0, 4),
      "413 ")
      << "before it is asked for";
}

// RFC 7230, 3.3.3: what two readers could understand differently.
TEST(HttpParser, RefusesBodiesWhoseEndIsInDoubt) {
  for (const std::string_view fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5, 6\r\n",
        "Content-Length: -1\r\n", "Content-Length: +5\r\n", "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n", "Content-Length:\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(parse(fmt::format("POST / HTTP/1.1\r\nHost: h\r\n{}\r\n", fields)).substr(0, 4),
              "400 ")
        << fields;
  }
  for (const std::string_view coding :
       {"gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked", "chunked, chunked", ""}) {
    EXPECT_EQ(
        parse(fmt::format("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {}\r\n\r\n", coding))
            .substr(0, 4),
        "501 ")
        << coding;
  }
  EXPECT_EQ(parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").substr(0, 4), "400 ");
}

TEST(HttpParser, RefusesChunksThatAreNone) {
  for (const std::string_view chunk :
       {"g\r\n", "\r\n", "1\r\nab\r\n0\r\n\r\n", "-1\r\n", "1 x\r\na\r\n", "1\r\nabcdef",
        "0\r\nbad\n\r\n", "1;\n", "1\n", "0\r\n\r\r", "0\r\n\x01"}) {
    EXPECT_EQ(
        parse(fmt::format("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                          chunk))
            .substr(0, 4),
        "400 ")
        << chunk;
  }
}

// RFC 7231, 5.1.1
TEST(HttpParser, AsksForABodyThatWaits) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
  EXPECT_EQ(parse(head), "continue\n");
  EXPECT_EQ(parse(head + "ab"), "continue\n" + std::string(kPost) + " / 11 keep\n");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"), get(" / 11 keep"));
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\nExpect: coffee\r\n\r\n").substr(0, 4), "417 ");
  EXPECT_EQ(parse("POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nab"),
            std::string(kPost) + " / 10 close\n");
}

TEST(HttpParser, KnowsARefusedHead) {
  const Limits limits;
  HttpParser parser(limits);
  parser.parse("HEAD / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(parser.refused_head());
}

TEST(HttpRequest, FindsParametersOfTheQuery) {
  HttpRequest request;
  request.query = "a=1&b=x+y%2B&c&%64=4&e=%&a=2";
  EXPECT_EQ(request.parameter("a"), "1");
  EXPECT_EQ(request.parameter("b"), "x y+");
  EXPECT_EQ(request.parameter("c"), "");
  EXPECT_EQ(request.parameter("d"), "4");
  EXPECT_EQ(request.parameter("e"), std::nullopt);
  EXPECT_EQ(request.parameter("f"), std::nullopt);
}

}  // namespace
}  // namespace chat
