#include "chat/web/http_conversation.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace chat {
namespace {

using Next = HttpConversation::Next;

class HttpConversationTest : public testing::Test {
 protected:
  HttpConversationTest() {
    site_.router.add(Resource{"/", "text/html", "<html>", "\"abc\"", "no-cache"});
    site_.router.add_websocket("/ws");
  }

  // The part of the responses that tells them apart: everything but the headers.
  static std::string gist(std::string_view out) {
    std::string result;
    while (!out.empty()) {
      const std::size_t line = out.find("\r\n");
      const std::size_t head = out.find("\r\n\r\n") + 4;
      result.append(out.substr(9, line - 9)).append("\n");
      out.remove_prefix(std::min(head, out.size()));
      const std::string_view body = out.substr(0, out.find("HTTP/1.1 "));
      result.append(body);
      out.remove_prefix(body.size());
    }
    return result;
  }

  HttpSite site_;
  Limits limits_;
  HttpConversation conversation_{site_, limits_, false};
  std::string out_;
};

TEST_F(HttpConversationTest, AnswersOneRequestACall) {
  const std::string_view one = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string two = std::string(one) + std::string(one);
  HttpConversation::Step step = conversation_.parse(two, 0, out_);
  EXPECT_EQ(step.next, Next::kAnswer);
  EXPECT_EQ(step.consumed, one.size());
  EXPECT_EQ(gist(out_), "200 OK\n<html>");
  step = conversation_.parse(std::string_view(two).substr(step.consumed), 0, out_);
  EXPECT_EQ(step.next, Next::kAnswer);
  EXPECT_EQ(gist(out_), "200 OK\n<html>200 OK\n<html>");
  EXPECT_EQ(conversation_.parse({}, 0, out_).next, Next::kRead);
  EXPECT_EQ(conversation_.last_status(), HttpStatus::kOk);
}

TEST_F(HttpConversationTest, EndsWhenTheClientWantsIt) {
  EXPECT_EQ(
      conversation_.parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 0, out_).next,
      Next::kEnd);
  EXPECT_NE(out_.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(HttpConversationTest, EndsAfterARefusal) {
  EXPECT_EQ(conversation_.parse("GET / HTTP/1.1\r\n\r\n", 0, out_).next, Next::kEnd);
  EXPECT_TRUE(out_.starts_with("HTTP/1.1 400 Bad Request\r\n")) << out_;
  EXPECT_NE(out_.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(HttpConversationTest, ARefusedHeadGetsNoBody) {
  EXPECT_EQ(conversation_.parse("HEAD / HTTP/1.1\r\n\r\n", 0, out_).next, Next::kEnd);
  EXPECT_TRUE(out_.ends_with("\r\n\r\n")) << out_;
}

TEST_F(HttpConversationTest, HeadGetsNoBody) {
  conversation_.parse("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 0, out_);
  EXPECT_NE(out_.find("Content-Length: 6\r\n"), std::string::npos);
  EXPECT_TRUE(out_.ends_with("\r\n\r\n")) << out_;
}

TEST_F(HttpConversationTest, AnswersWhenTheBodyThatItAskedForIsThere) {
  const std::string_view head =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  HttpConversation::Step step = conversation_.parse(head, 0, out_);
  EXPECT_EQ(step.next, Next::kRead);
  EXPECT_EQ(step.consumed, head.size());
  EXPECT_EQ(out_, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(conversation_.is_in_request());
  step = conversation_.parse("ab", 0, out_);
  EXPECT_EQ(step.next, Next::kAnswer);
  EXPECT_EQ(conversation_.last_status(), HttpStatus::kMethodNotAllowed);
  EXPECT_FALSE(conversation_.is_in_request());
}

TEST_F(HttpConversationTest, BecomesAWebSocket) {
  const std::string head =
      "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: text.ircv3.net\r\n\r\n";
  const HttpConversation::Step step = conversation_.parse(head + "frames", 0, out_);
  EXPECT_EQ(step.next, Next::kUpgrade);
  EXPECT_EQ(step.consumed, head.size());
  EXPECT_EQ(conversation_.subprotocol(), Subprotocol::kIrcText);
  EXPECT_TRUE(out_.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
}

TEST_F(HttpConversationTest, GoesOnAfterAFailedUpgrade) {
  EXPECT_EQ(conversation_.parse("GET /ws HTTP/1.1\r\nHost: h\r\n\r\n", 0, out_).next,
            Next::kAnswer);
  EXPECT_EQ(conversation_.last_status(), HttpStatus::kUpgradeRequired);
}

TEST_F(HttpConversationTest, AnUpgradeToSomethingElseIsIgnored) {
  EXPECT_EQ(conversation_
                .parse("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
                       0, out_)
                .next,
            Next::kAnswer);
  EXPECT_EQ(conversation_.last_status(), HttpStatus::kOk);
}

TEST_F(HttpConversationTest, TellsWhoIsTooSlow) {
  conversation_.parse("GET / HT", 0, out_);
  EXPECT_TRUE(conversation_.is_in_request());
  conversation_.time_out(0, out_);
  EXPECT_TRUE(out_.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_NE(out_.find("Connection: close\r\n"), std::string::npos);
}

}  // namespace
}  // namespace chat
