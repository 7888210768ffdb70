#include "chat/address_range.h"

#include <gtest/gtest.h>

#include <string>

namespace chat {
namespace {

reactor::Endpoint v4(std::uint32_t host) { return reactor::Address::ipv4(host, 4711).endpoint(); }

TEST(AddressRange, OneAddress_ContainsItself) {
  const auto range = AddressRange::parse("192.0.2.7");
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->contains(v4(0xC0000207)));
  EXPECT_FALSE(range->contains(v4(0xC0000206)));
}

TEST(AddressRange, Prefix_ContainsWhatBeginsAlike) {
  const auto range = AddressRange::parse("10.32.0.0/11");
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->contains(v4(0x0A200000)));
  EXPECT_TRUE(range->contains(v4(0x0A3FFFFF)));
  EXPECT_FALSE(range->contains(v4(0x0A400000)));
  EXPECT_FALSE(range->contains(v4(0x0A1FFFFF)));
  const auto v6 = AddressRange::parse("2001:db8::/33");
  ASSERT_TRUE(v6);
  EXPECT_TRUE(v6->contains(reactor::Address::ipv6({0x20, 0x01, 0x0d, 0xb8, 0x7F}, 1).endpoint()));
  EXPECT_FALSE(v6->contains(reactor::Address::ipv6({0x20, 0x01, 0x0d, 0xb8, 0x80}, 1).endpoint()));
}

TEST(AddressRange, Everything_OfOneFamily) {
  const auto all = AddressRange::parse("0.0.0.0/0");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->contains(v4(0x01020304)));
  EXPECT_FALSE(all->contains(reactor::Address::ipv6({0x20, 0x01}, 1).endpoint()));
}

TEST(AddressRange, Unix_IsARangeOfItsOwn) {
  const auto range = AddressRange::parse("unix");
  const auto all = AddressRange::parse("::/0");
  ASSERT_TRUE(range && all);
  const reactor::Endpoint socket = reactor::Address::unix_path("/tmp/x")->endpoint();
  EXPECT_TRUE(range->contains(socket));
  EXPECT_FALSE(range->contains(v4(0x7F000001)));
  EXPECT_FALSE(all->contains(socket));
}

TEST(AddressRange, WhatIsNone_IsRefused) {
  for (const std::string text : {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
                                 "10.0.0.0/8x", "2001:db8::/129", "10.0.0/8", "/8", "unix/8"}) {
    EXPECT_FALSE(AddressRange::parse(text)) << text;
  }
}

}  // namespace
}  // namespace chat
