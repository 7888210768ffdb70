#include "tools/server_listen.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tools/duration.h"

namespace tools {
namespace {

using Speaks = chat::ListenKind::Speaks;
using std::chrono::milliseconds;

void expect(std::string_view text, bool tls, Speaks speaks, std::string_view address) {
  const ListenSpec spec = parse_listen(text);
  EXPECT_EQ(spec.kind.tls, tls) << text;
  EXPECT_EQ(spec.kind.speaks, speaks) << text;
  EXPECT_EQ(spec.address, address) << text;
}

TEST(ServerListen, AddressAlone_TakesAnything) {
  for (const char* text : {"localhost:8888", "*:1", "[::1]:2", "unix:/tmp/x", "8888", ""}) {
    expect(text, false, Speaks::kAnything, text);
  }
}

TEST(ServerListen, KindInFront_IsTakenOff) {
  expect("tls:*:1", true, Speaks::kAnything, "*:1");
  expect("irc:localhost:2", false, Speaks::kIrc, "localhost:2");
  expect("http:[::1]:3", false, Speaks::kHttp, "[::1]:3");
  expect("native:unix:/tmp/x", false, Speaks::kNative, "unix:/tmp/x");
  expect("tls:irc:*:6697", true, Speaks::kIrc, "*:6697");
}

TEST(ServerListen, HostThatIsCalledLikeAKind_IsAHost) {
  expect("irc:6667", false, Speaks::kAnything, "irc:6667");
  expect("tls:443", false, Speaks::kAnything, "tls:443");
  expect("tls:irc:6667", true, Speaks::kAnything, "irc:6667");
  expect("irc:tls:6667", false, Speaks::kIrc, "tls:6667");
  expect("ircd:host:6667", false, Speaks::kAnything, "ircd:host:6667");
}

TEST(Duration, Units_AreMillisecondsToDays) {
  EXPECT_EQ(parse_duration("0"), milliseconds{0});
  EXPECT_EQ(parse_duration("30"), milliseconds{30'000});
  EXPECT_EQ(parse_duration("500ms"), milliseconds{500});
  EXPECT_EQ(parse_duration("2m"), std::chrono::minutes{2});
  EXPECT_EQ(parse_duration("1h"), std::chrono::hours{1});
  EXPECT_EQ(parse_duration("90d"), std::chrono::hours{24 * 90});
}

TEST(Duration, WhatIsNone_IsNegative) {
  for (const char* text :
       {"", "s", "-1s", "1.5s", "5 s", "1w", "1S", "11575d", "9223372036854775808ms"}) {
    EXPECT_LT(parse_duration(text), milliseconds{0}) << text;
  }
  EXPECT_EQ(parse_duration("11574d"), std::chrono::hours{24 * 11'574});
}

TEST(Duration, IsShownAsItIsRead) {
  EXPECT_EQ(show_duration(milliseconds{1500}), "1500ms");
  EXPECT_EQ(show_duration(milliseconds{0}), "0s");
  EXPECT_EQ(show_duration(std::chrono::minutes{2}), "120s");
}

}  // namespace
}  // namespace tools
