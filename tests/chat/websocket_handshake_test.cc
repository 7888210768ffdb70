#include "chat/web/websocket_handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "chat/web/websocket_accept.h"

namespace chat {
namespace {

// The key and the answer that RFC 6455, 1.3 gives as its example.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

HttpRequest opening() {
  HttpRequest request;
  request.method = HttpMethod::kGet;
  request.path = "/ws";
  request.authority = "chat.example.org:8888";
  request.fields = {{"Host", "chat.example.org:8888"},
                    {"Upgrade", "WebSocket"},
                    {"Connection", "keep-alive, upgrade"},
                    {"Sec-WebSocket-Key", std::string(kKey)},
                    {"Sec-WebSocket-Version", "13"}};
  return request;
}

HttpRequest opening_with(std::string_view name, std::string_view value) {
  HttpRequest request = opening();
  for (HttpField& field : request.fields) {
    if (field.name == name) {
      field.value = value;
      return request;
    }
  }
  request.fields.push_back({std::string(name), std::string(value)});
  return request;
}

HttpRequest opening_without(std::string_view name) {
  HttpRequest request = opening();
  std::erase_if(request.fields, [name](const HttpField& field) { return field.name == name; });
  return request;
}

WebSocketHandshake shake(const HttpRequest& request, const OriginPolicy& origins = {}) {
  std::string out;
  WebSocketHandshake result = shake_hands(request, origins, out);
  EXPECT_EQ(out.empty(), !result.accepted) << "a refusal comes with no 101";
  return result;
}

TEST(WebSocketHandshake, Accepts) {
  std::string out;
  const WebSocketHandshake result = shake_hands(opening(), {}, out);
  EXPECT_TRUE(result.accepted);
  EXPECT_EQ(result.subprotocol, Subprotocol::kNone);
  EXPECT_EQ(out,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
                std::string(kAccept) + "\r\n\r\n");
}

TEST(WebSocketHandshake, ComputesTheAnswerToAnyKey) {
  EXPECT_EQ(websocket_accept(kKey), kAccept);
  EXPECT_EQ(websocket_accept("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(WebSocketHandshake, TakesTheFirstKnownSubprotocolOfTheClient) {
  const auto choose = [](std::string_view offered) {
    return shake(opening_with("Sec-WebSocket-Protocol", offered)).subprotocol;
  };
  EXPECT_EQ(choose("chat.v1"), Subprotocol::kChatV1);
  EXPECT_EQ(choose("binary.ircv3.net, text.ircv3.net"), Subprotocol::kIrcBinary);
  EXPECT_EQ(choose("mqtt , text.ircv3.net,chat.v1"), Subprotocol::kIrcText);
  EXPECT_EQ(choose("mqtt"), Subprotocol::kNone);
  EXPECT_EQ(choose("CHAT.V1"), Subprotocol::kNone) << "their names are compared as they are";
  HttpRequest spread = opening_with("Sec-WebSocket-Protocol", "mqtt");
  spread.fields.push_back({"sec-websocket-protocol", "chat.v1"});
  std::string out;
  EXPECT_EQ(shake_hands(spread, {}, out).subprotocol, Subprotocol::kChatV1);
  EXPECT_NE(out.find("\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n"), std::string::npos);
}

TEST(WebSocketHandshake, WhoAsksForNoWebSocketIsToldToUpgrade) {
  for (const HttpRequest& request :
       {opening_without("Upgrade"), opening_with("Upgrade", "h2c"),
        opening_without("Sec-WebSocket-Version"), opening_with("Sec-WebSocket-Version", "8"),
        opening_with("Sec-WebSocket-Version", "013")}) {
    const WebSocketHandshake result = shake(request);
    EXPECT_EQ(result.refusal.status, HttpStatus::kUpgradeRequired);
    EXPECT_NE(result.refusal.fields.find("Sec-WebSocket-Version: 13\r\n"), std::string::npos);
    EXPECT_NE(result.refusal.fields.find("Upgrade: websocket\r\n"), std::string::npos);
  }
  HttpRequest old = opening();
  old.version = 10;
  EXPECT_EQ(shake(old).refusal.status, HttpStatus::kUpgradeRequired);
}

// RFC 6455, 4.2.1
TEST(WebSocketHandshake, RefusesWhatIsNoProperOpening) {
  HttpRequest two_keys = opening();
  two_keys.fields.push_back({"Sec-WebSocket-Key", std::string(kKey)});
  HttpRequest two_versions = opening();
  two_versions.fields.push_back({"Sec-WebSocket-Version", "13"});
  for (const HttpRequest& request :
       {opening_without("Connection"), opening_with("Connection", "keep-alive"),
        opening_without("Sec-WebSocket-Key"), two_keys, two_versions}) {
    EXPECT_EQ(shake(request).refusal.status, HttpStatus::kBadRequest);
  }
  for (const std::string_view key :
       {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j*Q==", "dGhlIHNhbXBsZSBub25jZQ==AAAA"}) {
    EXPECT_EQ(shake(opening_with("Sec-WebSocket-Key", key)).refusal.status, HttpStatus::kBadRequest)
        << key;
  }
}

TEST(WebSocketHandshake, UpgradeMayBeOneOfMany) {
  EXPECT_TRUE(shake(opening_with("Upgrade", "h2c, websocket")).accepted);
  HttpRequest spread = opening_with("Connection", "keep-alive");
  spread.fields.push_back({"connection", "UPGRADE"});
  EXPECT_TRUE(shake(spread).accepted);
}

bool allows(const OriginPolicy& policy, std::string_view authority, std::string_view origin) {
  HttpRequest request;
  request.authority = authority;
  request.fields.push_back({"Origin", std::string(origin)});
  return policy.allows(request);
}

TEST(WebSocketOrigin, ByDefaultPagesMustBeFromHere) {
  const OriginPolicy policy;
  EXPECT_TRUE(allows(policy, "h:8888", "http://h:8888"));
  EXPECT_TRUE(allows(policy, "H:8888", "https://h:8888"));
  EXPECT_TRUE(allows(policy, "h", "http://h"));
  EXPECT_TRUE(allows(policy, "h:80", "http://h"));
  EXPECT_TRUE(allows(policy, "h:443", "https://h"));
  EXPECT_TRUE(allows(policy, "h", "https://h:443"));
  EXPECT_TRUE(allows(policy, "[::1]:8888", "http://[::1]:8888"));
  EXPECT_TRUE(allows(policy, "[::1]", "http://[::1]"));

  EXPECT_FALSE(allows(policy, "h:8888", "http://h"));
  EXPECT_FALSE(allows(policy, "h:8888", "http://h:8889"));
  EXPECT_FALSE(allows(policy, "h:8888", "http://evil:8888"));
  EXPECT_FALSE(allows(policy, "h", "http://h.evil"));
  EXPECT_FALSE(allows(policy, "h:80", "https://h"));
  EXPECT_FALSE(allows(policy, "h", "null"));
  EXPECT_FALSE(allows(policy, "h", ""));
  EXPECT_FALSE(allows(policy, "", "http://"));
  EXPECT_FALSE(allows(policy, "h", "http://h/")) << "an origin has no path";
  EXPECT_FALSE(allows(policy, "h", "http://h:99999"));
}

TEST(WebSocketOrigin, WhoIsNoBrowserIsLetIn) {
  EXPECT_TRUE(OriginPolicy{}.allows(opening()));
  EXPECT_TRUE(OriginPolicy{{"http://a"}}.allows(opening()));
}

TEST(WebSocketOrigin, TwoOriginsAreNone) {
  HttpRequest request;
  request.authority = "h";
  request.fields = {{"Origin", "http://h"}, {"Origin", "http://evil"}};
  EXPECT_FALSE(OriginPolicy{}.allows(request));
}

TEST(WebSocketOrigin, AListTakesThePlaceOfTheDefault) {
  const OriginPolicy policy{{"https://a.example", "http://b:3000"}};
  EXPECT_TRUE(allows(policy, "h", "https://a.example"));
  EXPECT_TRUE(allows(policy, "h", "https://A.example:443"));
  EXPECT_TRUE(allows(policy, "h", "http://b:3000"));
  EXPECT_FALSE(allows(policy, "h", "http://a.example"));
  EXPECT_FALSE(allows(policy, "h", "http://b"));
  EXPECT_FALSE(allows(policy, "h", "http://h"));
}

TEST(WebSocketOrigin, AStarAllowsEverything) {
  const OriginPolicy policy{{"*"}};
  EXPECT_TRUE(allows(policy, "h", "https://a.example"));
  EXPECT_TRUE(allows(policy, "h", "null"));
}

TEST(WebSocketOrigin, KnowsWhatCanBeOne) {
  EXPECT_TRUE(is_origin("*"));
  EXPECT_TRUE(is_origin("https://a.example"));
  for (const std::string_view text :
       {"", "a.example", "https://", "https://a/b", "://a", "https://a:b"}) {
    EXPECT_FALSE(is_origin(text)) << text;
  }
}

TEST(WebSocketHandshake, AForeignPageIsRefused) {
  EXPECT_EQ(shake(opening_with("Origin", "http://evil")).refusal.status, HttpStatus::kForbidden);
}

}  // namespace
}  // namespace chat
