#include "chat/admission.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace chat {
namespace {

using Verdict = Admission::Verdict;

reactor::Endpoint ipv4(std::uint32_t host, std::uint16_t port = 1) {
  return reactor::Address::ipv4(host, port).endpoint();
}

// 2001:db8:0:<subnet>::<interface>
reactor::Endpoint ipv6(std::uint8_t subnet, std::uint8_t interface_id) {
  std::array<std::uint8_t, 16> host{0x20, 0x01, 0x0D, 0xB8};
  host[7] = subnet;
  host[15] = interface_id;
  return reactor::Address::ipv6(host, 1).endpoint();
}

reactor::Endpoint loopback6() {
  std::array<std::uint8_t, 16> host{};
  host[15] = 1;
  return reactor::Address::ipv6(host, 1).endpoint();
}

reactor::Endpoint unix_peer() {
  reactor::Endpoint peer;
  peer.family = AF_UNIX;
  return peer;
}

constexpr std::uint32_t kHost = 0xC0000207;   // 192.0.2.7
constexpr std::uint32_t kOther = 0xC0000208;  // 192.0.2.8
constexpr std::uint32_t kLoopback4 = 0x7F000001;

class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() { limits_.clients_per_address_max = 2; }

  Limits limits_;
};

TEST_F(AdmissionTest, OneAddress_GetsSoManyAndOthersAreWelcome) {
  Admission admission(limits_, 100);
  EXPECT_EQ(admission.admit(ipv4(kHost, 1)), Verdict::kWelcome);
  EXPECT_EQ(admission.admit(ipv4(kHost, 2)), Verdict::kWelcome);
  EXPECT_EQ(admission.admit(ipv4(kHost, 3)), Verdict::kTooManyFromAddress);
  EXPECT_EQ(admission.admit(ipv4(kOther)), Verdict::kWelcome);
  EXPECT_EQ(admission.count(), 3U) << "the refused one does not count";
}

TEST_F(AdmissionTest, Release_MakesRoom) {
  Admission admission(limits_, 3);
  admission.admit(ipv4(kHost));
  admission.admit(ipv4(kHost));
  admission.admit(ipv4(kOther));
  EXPECT_EQ(admission.admit(ipv4(kOther)), Verdict::kFull);
  admission.release(ipv4(kHost));
  EXPECT_EQ(admission.count(), 2U);
  EXPECT_EQ(admission.admit(ipv4(kHost)), Verdict::kWelcome);
  EXPECT_EQ(admission.admit(ipv4(kHost)), Verdict::kFull);
  for (const std::uint32_t host : {kHost, kHost, kOther}) {
    admission.release(ipv4(host));
  }
  EXPECT_EQ(admission.count(), 0U);
}

TEST_F(AdmissionTest, FullServer_IsFullForLocalPeersToo) {
  Admission admission(limits_, 1);
  EXPECT_EQ(admission.admit(unix_peer()), Verdict::kWelcome);
  EXPECT_EQ(admission.admit(ipv4(kLoopback4)), Verdict::kFull);
  EXPECT_EQ(admission.admit(unix_peer()), Verdict::kFull);
}

TEST_F(AdmissionTest, Ipv6_CountsBySubnet) {
  Admission admission(limits_, 100);
  EXPECT_EQ(admission.admit(ipv6(1, 1)), Verdict::kWelcome);
  EXPECT_EQ(admission.admit(ipv6(1, 2)), Verdict::kWelcome);
  EXPECT_EQ(admission.admit(ipv6(1, 3)), Verdict::kTooManyFromAddress);
  EXPECT_EQ(admission.admit(ipv6(2, 1)), Verdict::kWelcome);
  admission.release(ipv6(1, 2));
  EXPECT_EQ(admission.admit(ipv6(1, 9)), Verdict::kWelcome);
}

TEST_F(AdmissionTest, LocalPeers_AreNotCountedByAddress) {
  Admission admission(limits_, 100);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(admission.admit(ipv4(kLoopback4)), Verdict::kWelcome);
    EXPECT_EQ(admission.admit(loopback6()), Verdict::kWelcome);
    EXPECT_EQ(admission.admit(unix_peer()), Verdict::kWelcome);
  }
  EXPECT_EQ(admission.count(), 30U);
  admission.release(unix_peer());
  EXPECT_EQ(admission.count(), 29U);
}

TEST_F(AdmissionTest, LimitLoopback_CountsLocalPeersEachByTheirKind) {
  limits_.limit_loopback = true;
  Admission admission(limits_, 100);
  for (const reactor::Endpoint& peer : {ipv4(kLoopback4), loopback6(), unix_peer()}) {
    EXPECT_EQ(admission.admit(peer), Verdict::kWelcome);
    EXPECT_EQ(admission.admit(peer), Verdict::kWelcome);
    EXPECT_EQ(admission.admit(peer), Verdict::kTooManyFromAddress);
  }
  admission.release(unix_peer());
  EXPECT_EQ(admission.admit(loopback6()), Verdict::kTooManyFromAddress);
  EXPECT_EQ(admission.admit(unix_peer()), Verdict::kWelcome);
}

TEST_F(AdmissionTest, LimitOfZeroPerAddress_IsNone) {
  limits_.clients_per_address_max = 0;
  Admission admission(limits_, 100);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(admission.admit(ipv4(kHost)), Verdict::kWelcome);
  }
  EXPECT_EQ(admission.admit(ipv4(kHost)), Verdict::kFull);
}

TEST_F(AdmissionTest, ReleaseOfAStranger_IsABugOfOurs) {
  EXPECT_DEATH(
      {
        Admission admission(limits_, 100);
        admission.admit(ipv4(kHost));
        admission.release(ipv4(kOther));
      },
      "never admitted");
}

TEST_F(AdmissionTest, WhoIsSomebodyElseInTruth_CountsForThem) {
  Admission admission(limits_, 100);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(admission.admit(ipv4(kHost)), Verdict::kWelcome);
    EXPECT_TRUE(admission.move(ipv4(kHost), ipv4(kOther)));
  }
  EXPECT_EQ(admission.count(), 2U);
  EXPECT_EQ(admission.admit(ipv4(kOther)), Verdict::kTooManyFromAddress);
  EXPECT_EQ(admission.admit(ipv4(kHost)), Verdict::kWelcome) << "nobody counts for it any more";
  EXPECT_FALSE(admission.move(ipv4(kHost), ipv4(kOther))) << "one too many";
  for (int i = 0; i < 3; ++i) {
    admission.release(ipv4(kOther));
  }
  EXPECT_EQ(admission.count(), 0U);
  EXPECT_EQ(admission.admit(ipv4(kOther)), Verdict::kWelcome);
}

}  // namespace
}  // namespace chat
