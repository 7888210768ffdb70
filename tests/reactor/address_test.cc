#include "reactor/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace reactor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> resolved(std::string_view text) {
  const Resolved result = resolve(text);
  EXPECT_EQ(result.addresses.empty(), !result.error.empty()) << "either addresses or a reason";
  std::vector<std::string> texts;
  for (const Address& address : result.addresses) {
    texts.push_back(address.to_string());
  }
  return texts;
}

std::string error_of(std::string_view text) {
  const Resolved result = resolve(text);
  EXPECT_THAT(result.addresses, IsEmpty()) << text;
  return result.error;
}

// ---- what a person writes

TEST(Resolve, Localhost_IsBothFamiliesInAnyCase) {
  EXPECT_THAT(resolved("localhost:8888"), ElementsAre("127.0.0.1:8888", "[::1]:8888"));
  EXPECT_THAT(resolved("LocalHost:1"), ElementsAre("127.0.0.1:1", "[::1]:1"));
}

TEST(Resolve, Star_IsEveryInterfaceOfBothFamilies) {
  EXPECT_THAT(resolved("*:8888"), ElementsAre("0.0.0.0:8888", "[::]:8888"));
}

TEST(Resolve, NumericAddresses_AreThemselves) {
  EXPECT_THAT(resolved("192.0.2.7:4711"), ElementsAre("192.0.2.7:4711"));
  EXPECT_THAT(resolved("[::1]:0"), ElementsAre("[::1]:0"));
  EXPECT_THAT(resolved("[2001:DB8:0::7]:65535"), ElementsAre("[2001:db8::7]:65535"));
  EXPECT_THAT(resolved("[::ffff:192.0.2.7]:1"), ElementsAre("[::ffff:192.0.2.7]:1"));
}

TEST(Resolve, UnixPath_IsTakenAsItIs) {
  EXPECT_THAT(resolved("unix:/run/chat.sock"), ElementsAre("unix:/run/chat.sock"));
  EXPECT_THAT(resolved("unix:with:colon [x]"), ElementsAre("unix:with:colon [x]"));
}

TEST(Resolve, MissingPort_SaysHowToWriteIt) {
  for (const char* const text : {"localhost", "", "[::1]", "[::1", "[::1]8888", "[]"}) {
    EXPECT_THAT(error_of(text), HasSubstr("host:port")) << text;
  }
}

TEST(Resolve, PortOutOfRange_IsRefused) {
  for (const char* const text : {"localhost:65536", "localhost:", "localhost:-1", "localhost:+1",
                                 "localhost: 1", "localhost:1 ", "localhost:http", "localhost:0x1",
                                 "localhost:99999999999999999999", "[::1]:70000"}) {
    EXPECT_THAT(error_of(text), HasSubstr("is not a port from 0 to 65535")) << text;
  }
}

TEST(Resolve, BareIpv6Address_IsAskedForBrackets) {
  EXPECT_THAT(error_of("::1:8888"), HasSubstr("brackets"));
  EXPECT_THAT(error_of("2001:db8::7:80"), HasSubstr("brackets"));
}

TEST(Resolve, MissingHost_SaysHowToWriteEveryInterface) {
  EXPECT_THAT(error_of(":8888"), HasSubstr("*:8888"));
}

TEST(Resolve, NotAnAddress_SaysSo) {
  for (const char* const text :
       {"256.1.1.1:1", "1.2.3:1", "10.1:1", "1:1", "1.2.3.4.5:1", "...:1", "010.0.0.1:1"}) {
    EXPECT_THAT(error_of(text), HasSubstr("is not an IPv4 address")) << text;
  }
  for (const char* const text :
       {"[localhost]:1", "[127.0.0.1]:1", "[]:1", "[:::]:1", "[::1 ]:1", "[1:2:3:4:5:6:7:8:9]:1"}) {
    EXPECT_THAT(error_of(text), HasSubstr("is not an IPv6 address")) << text;
  }
  EXPECT_THAT(error_of("under the sea:1"), HasSubstr("is not a host name"));
  EXPECT_THAT(error_of("caf\xc3\xa9:1"), HasSubstr("is not a host name"));
  EXPECT_THAT(error_of(std::string(254, 'a') + ":1"), HasSubstr("is not a host name"));
}

TEST(Resolve, NameThatCannotBeResolved_TellsTheNameAndTheReason) {
  // No name has a label of 64 bytes, so no server is asked for it.
  const std::string name(64, 'a');
  EXPECT_THAT(error_of(name + ":1"), HasSubstr("'" + name + "' could not be resolved: "));
}

TEST(Resolve, UnixPathThatDoesNotFit_IsRefused) {
  EXPECT_THAT(error_of("unix:"), HasSubstr("path"));
  EXPECT_THAT(error_of("unix:/" + std::string(200, 'x')), HasSubstr("path"));
  EXPECT_THAT(error_of(std::string_view("unix:/a\0b", 9)), HasSubstr("path"));
}

TEST(Resolve, HostileText_IsShownHarmlessAndShort) {
  const std::string text = "\x1b[2Jgone\r\n:" + std::string(5000, '\x07');
  const std::string error = error_of(text);
  EXPECT_LT(error.size(), 300U);
  for (const char c : error) {
    EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
  }
}

TEST(Resolve, AnyBytes_GiveAddressesOrAReason) {
  std::mt19937 random(4711);
  constexpr std::string_view kAlphabet("[]:*%.019af/\0\xff unix:", 20);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto left = random() % 12; left > 0; --left) {
      text += kAlphabet[random() % kAlphabet.size()];
    }
    // A name's fate is the resolver's to tell, and that may take its time.
    const std::string_view host = std::string_view(text).substr(0, text.rfind(':'));
    if (host.find_first_of("af[unix") != std::string_view::npos && !host.starts_with('[')) {
      text.insert(0, "[");
    }
    resolved(text);
  }
}

// ---- values

TEST(Address, Ipv4_RoundTripsThroughTheSystemsForm) {
  const Address address = Address::ipv4(0xc0000207, 4711);
  const auto copy = Address::from_sockaddr(address.data(), address.size());
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->family(), AF_INET);
  EXPECT_EQ(copy->port(), 4711);
  EXPECT_EQ(copy->path(), "");
  EXPECT_EQ(copy->to_string(), "192.0.2.7:4711");
}

TEST(Address, Ipv6_RoundTripsThroughTheSystemsForm) {
  const Address address =
      Address::ipv6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, 80);
  const auto copy = Address::from_sockaddr(address.data(), address.size());
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->family(), AF_INET6);
  EXPECT_EQ(copy->to_string(), "[2001:db8::7]:80");
}

TEST(Address, LongestUnixPath_FitsAndOneMoreDoesNot) {
  const std::string longest(sizeof(sockaddr_un::sun_path) - 1, 'p');
  const auto address = Address::unix_path(longest);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->path(), longest);
  EXPECT_FALSE(Address::unix_path(longest + "p"));
  EXPECT_FALSE(Address::unix_path(""));
}

TEST(Address, UnnamedUnixPeer_HasNoPath) {
  sockaddr_un unnamed{};
  unnamed.sun_family = AF_UNIX;
  const auto address = Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&unnamed),
                                              offsetof(sockaddr_un, sun_path));
  ASSERT_TRUE(address);
  EXPECT_EQ(address->path(), "");
  EXPECT_EQ(address->endpoint().to_string(), "unix");
}

TEST(Address, UnixPathThatFillsTheStructure_NeedsNoNul) {
  sockaddr_un full{};
  full.sun_family = AF_UNIX;
  std::memset(full.sun_path, 'p', sizeof(full.sun_path));
  const auto address =
      Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&full), sizeof(full));
  ASSERT_TRUE(address);
  EXPECT_EQ(address->path(), std::string(sizeof(full.sun_path), 'p'));
}

TEST(Address, ForeignOrShortForms_AreRefused) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  const auto* const any = reinterpret_cast<const sockaddr*>(&v6);
  EXPECT_FALSE(Address::from_sockaddr(any, sizeof(v6) - 1));
  EXPECT_FALSE(Address::from_sockaddr(any, 0));
  EXPECT_FALSE(Address::from_sockaddr(nullptr, sizeof(v6)));
  v6.sin6_family = AF_APPLETALK;
  EXPECT_FALSE(Address::from_sockaddr(any, sizeof(v6)));
}

TEST(Address, Default_IsNoAddress) {
  const Address none{};
  EXPECT_EQ(none.family(), AF_UNSPEC);
  EXPECT_EQ(none.size(), 0U);
  EXPECT_EQ(none.port(), 0);
  EXPECT_EQ(none.to_string(), "unknown");
}

TEST(Endpoint, Ipv4Host_IsKeptMapped) {
  const Endpoint endpoint = Address::ipv4(0xc0000207, 4711).endpoint();
  EXPECT_THAT(endpoint.host, ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7));
  EXPECT_EQ(endpoint.to_string(), "192.0.2.7:4711");
  EXPECT_LE(sizeof(Endpoint), 20U);
}

TEST(Endpoint, Loopback_IsToldFromTheRest) {
  for (const char* const text : {"127.0.0.1:1", "127.255.255.254:1", "[::1]:1", "unix:/x"}) {
    EXPECT_TRUE(resolve(text).addresses.front().endpoint().is_loopback()) << text;
  }
  for (const char* const text :
       {"128.0.0.1:1", "10.0.0.127:1", "[::]:1", "[::2]:1", "[fe80::1]:1", "0.0.0.0:1"}) {
    EXPECT_FALSE(resolve(text).addresses.front().endpoint().is_loopback()) << text;
  }
  EXPECT_FALSE(Endpoint().is_loopback());
  EXPECT_EQ(Endpoint().to_string(), "unknown");
}

}  // namespace
}  // namespace reactor
