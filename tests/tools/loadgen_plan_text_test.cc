#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tools/loadgen/payload.h"
#include "tools/loadgen/plan_text.h"

namespace loadgen {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(PlanText, Duration_InEveryUnit) {
  EXPECT_EQ(parse_duration("500us"), microseconds{500});
  EXPECT_EQ(parse_duration("20ms"), milliseconds{20});
  EXPECT_EQ(parse_duration("1.5s"), milliseconds{1500});
  EXPECT_EQ(parse_duration("10"), seconds{10});
  EXPECT_EQ(parse_duration("2m"), minutes{2});
  EXPECT_EQ(parse_duration("2min"), minutes{2});
  EXPECT_EQ(parse_duration("1h"), hours{1});
  EXPECT_EQ(parse_duration("0"), Duration::zero());
  EXPECT_EQ(parse_duration("168h"), hours{168});
}

TEST(PlanText, WhatIsNoDuration_IsNone) {
  for (const char* text : {"", "s", "-1s", "1 s", " 1s", "1s ", "1d", "1S", "1e3", "0x10", "nan",
                           "inf", "infs", "1.2.3s", "168.1h", "99999999999999999999h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(PlanText, Count_InEveryUnit) {
  EXPECT_EQ(parse_count("200"), 200);
  EXPECT_EQ(parse_count("0.5"), 0.5);
  EXPECT_EQ(parse_count("1.5k"), 1500);
  EXPECT_EQ(parse_count("5K"), 5000);
  EXPECT_EQ(parse_count("2M"), 2e6);
  EXPECT_EQ(parse_count("1000M"), 1e9);
  EXPECT_EQ(parse_count("0"), 0);
}

TEST(PlanText, WhatIsNoCount_IsNone) {
  for (const char* text : {"", "k", "-1", "+1", "1 k", "1kk", "1G", "1001M", "1e9", "nan", "inf"}) {
    EXPECT_EQ(parse_count(text), std::nullopt) << text;
  }
}

TEST(PlanText, Stages_OneAfterTheOther) {
  EXPECT_EQ(parse_stages("30s@1k,60s@5k"),
            (std::vector<Stage>{{1000, seconds{30}}, {5000, seconds{60}}}));
  EXPECT_EQ(parse_stages("2m@0"), (std::vector<Stage>{{0, minutes{2}}})) << "a pause";
  for (const char* text : {"", ",", "30s", "@1k", "30s@", "0s@1k", "30s@1k,", ",30s@1k",
                           "30s@1k@2k", "1k@30s", "30s@-1", "30s@1k;60s@5k"}) {
    EXPECT_EQ(parse_stages(text), std::nullopt) << text;
  }
}

TEST(PlanText, Sizes_FixedRangesAndWeights) {
  EXPECT_EQ(parse_sizes("64"), (std::vector<SizeRange>{{64, 64, 1}}));
  EXPECT_EQ(parse_sizes("32-512"), (std::vector<SizeRange>{{32, 512, 1}}));
  EXPECT_EQ(parse_sizes("64:9,512-1000:0.5"),
            (std::vector<SizeRange>{{64, 64, 9}, {512, 1000, 0.5}}));
  EXPECT_EQ(parse_sizes("32-4000"),
            (std::vector<SizeRange>{{kPayloadBytesMin, kPayloadBytesMax, 1}}));
  for (const char* text : {"", "31", "4001", "-64", "64-", "512-32", "64:", "64:0", "64:-1", "64,",
                           "64k", "64.5", "64:9:9", "32-64-128", "18446744073709551680"}) {
    EXPECT_EQ(parse_sizes(text), std::nullopt) << text;
  }
}

TEST(PlanText, Objective_IsAPercentileOrTheMost) {
  EXPECT_EQ(parse_objective("p99<10ms"), (Objective{99, 10'000'000}));
  EXPECT_EQ(parse_objective("p99.99<1s"), (Objective{99.99, 1'000'000'000}));
  EXPECT_EQ(parse_objective("p100<1s"), (Objective{100, 1'000'000'000}));
  EXPECT_EQ(parse_objective("max<500us"), (Objective{100, 500'000}));
  for (const char* text :
       {"", "p99", "p99<", "<10ms", "p<10ms", "p0<10ms", "p100.1<10ms", "99<10ms", "p99<0",
        "p99<=10ms", "p99>10ms", "mean<10ms", "p99<10ms,p50<1ms", "P99<10ms", "p-1<10ms"}) {
    EXPECT_EQ(parse_objective(text), std::nullopt) << text;
  }
}

TEST(PlanText, Objective_OfAcknowledgements) {
  EXPECT_EQ(parse_objective("ack-p99<10ms"), (Objective{99, 10'000'000, true}));
  EXPECT_EQ(parse_objective("ack-max<1s"), (Objective{100, 1'000'000'000, true}));
  EXPECT_EQ(Objective({99, 10'000'000, true}).to_string(), "ack p99 < 10.0 ms");
  for (const char* text : {"ack-", "ack-p99", "ackp99<10ms", "ack-ack-p99<10ms", "-p99<10ms"}) {
    EXPECT_EQ(parse_objective(text), std::nullopt) << text;
  }
}

TEST(PlanText, Share_IsAPercentageOrAPartOfOne) {
  EXPECT_EQ(parse_share("4%"), 0.04);
  EXPECT_EQ(parse_share("0.5%"), 0.005);
  EXPECT_EQ(parse_share("0.04"), 0.04);
  EXPECT_EQ(parse_share("100%"), 1);
  EXPECT_EQ(parse_share("0"), 0);
  for (const char* text : {"", "%", "4", "101%", "-4%", "4 %", "4%%", "1k%", "nan", "1e-2"}) {
    EXPECT_EQ(parse_share(text), std::nullopt) << text;
  }
}

TEST(PlanText, Target_HasASchemeAndAPort_GivenOrUsual) {
  const auto parsed = [](const char* text) {
    const std::optional<Target> target = parse_target(text);
    return target ? target->to_string() : "none";
  };
  EXPECT_EQ(parsed("localhost"), "native://localhost:8888");
  EXPECT_EQ(parsed("localhost:1234"), "native://localhost:1234");
  EXPECT_EQ(parsed("nats://localhost"), "nats://localhost:4222");
  EXPECT_EQ(parsed("redis://10.0.0.1:99/"), "redis://10.0.0.1:99");
  EXPECT_EQ(parsed("mqtt://[::1]"), "mqtt://[::1]:1883");
  EXPECT_EQ(parsed("irc://[::1]:7000"), "irc://[::1]:7000");
  EXPECT_EQ(parsed("lines://h"), "lines://h:8888");
  EXPECT_EQ(parsed("unix:/run/chat.sock"), "native://unix:/run/chat.sock");
  EXPECT_EQ(parsed("ws://localhost"), "ws://localhost:8888");
  EXPECT_EQ(parsed("wss://h:443/chat/ws"), "wss://h:443/chat/ws");
  EXPECT_EQ(parsed("tls://h"), "tls://h:8888");
  EXPECT_EQ(parsed("ircs://h"), "ircs://h:6697");
  EXPECT_EQ(parsed("irc+ws://h"), "irc+ws://h:8888");
  EXPECT_EQ(parsed("irc+wss://[::1]/ws"), "irc+wss://[::1]:8888/ws");
  EXPECT_EQ(parsed("ws://unix:/run/chat.sock"), "ws://unix:/run/chat.sock");
  for (const char* text : {"", "/", "nats://", "gopher://localhost", "://localhost", "NATS://h",
                           "ws:///ws", "ws://h/a b", "ws://h/\x1b", "ws+irc://h"}) {
    EXPECT_EQ(parsed(text), "none") << text;
  }
}

TEST(PlanText, Target_KnowsWhomTheCertificateHasToName_AndWhatTheWebSocketIsAskedFor) {
  const auto host = [](const char* text) { return parse_target(text).value().host; };
  EXPECT_EQ(host("wss://chat.example"), "chat.example");
  EXPECT_EQ(host("tls://192.0.2.7:99"), "192.0.2.7");
  EXPECT_EQ(host("tls://[2001:db8::7]"), "2001:db8::7");
  EXPECT_EQ(host("tls://:99"), "localhost");
  EXPECT_EQ(host("tls://unix:/run/chat.sock"), "localhost");
  const auto place = [](const char* text) {
    const WebSocketPlace found = parse_target(text).value().place();
    return found.host + " " + found.path;
  };
  EXPECT_EQ(place("ws://chat.example"), "chat.example:8888 /ws");
  EXPECT_EQ(place("ws://chat.example/other"), "chat.example:8888 /other");
  EXPECT_EQ(place("ws://unix:/run/chat.sock"), "localhost /ws");
}

TEST(PlanText, Mix_IsKindsWithShares) {
  const auto parsed = [](const char* text) {
    std::string shown;
    for (const KindShare& one : parse_mix(text).value_or(std::vector<KindShare>{})) {
      shown += fmt::format("{}={} ", scheme_of(one.kind), one.share);
    }
    return shown;
  };
  EXPECT_EQ(parsed("native,irc"), "native=1 irc=1 ");
  EXPECT_EQ(parsed("native=50,irc=25,ws=25"), "native=50 irc=25 ws=25 ");
  EXPECT_EQ(parsed("irc+wss,tls=2"), "irc+wss=1 tls=2 ");
  for (const char* text :
       {"", "native", "native,", "native,native", "native,gopher", "native,redis", "native=0,irc",
        "native=101,irc", "native=1.5,irc", "native=,irc", "native irc", "native:2,irc"}) {
    EXPECT_EQ(parsed(text), "") << text;
  }
}

TEST(PlanText, Sources_AreAddressesAndRanges) {
  const auto count = [](const char* text) {
    const auto sources = parse_sources(text);
    return sources ? static_cast<int>(sources->size()) : -1;
  };
  EXPECT_EQ(count("127.0.0.2"), 1);
  EXPECT_EQ(count("127.0.0.2,127.0.0.9,::1"), 3);
  EXPECT_EQ(count("127.0.0.2-127.0.0.9"), 8);
  EXPECT_EQ(count("127.0.0.0-127.0.15.255"), 4096);
  EXPECT_EQ(count("255.255.255.255-255.255.255.255"), 1) << "the last there is";
  for (const char* text : {"", ",", "localhost", "127.0.0.256", "127.0.0.9-127.0.0.2", "127.0.0.2-",
                           "127.0.0.0-127.0.16.0", "::1-::2", "127.0.0.1:80"}) {
    EXPECT_EQ(count(text), -1) << text;
  }
  EXPECT_EQ(parse_sources("127.0.0.2-127.0.0.3")->back().endpoint().to_string(),
            reactor::Address::ipv4(INADDR_LOOPBACK + 2, 0).endpoint().to_string());
}

}  // namespace
}  // namespace loadgen
