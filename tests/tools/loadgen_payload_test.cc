#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "tools/loadgen/payload.h"

namespace loadgen {
namespace {

constexpr std::uint64_t kRunKey = 0x1234'5678'9ABC'DEF0;
constexpr Stamp kStamp{
    .sender = 1234, .sequence = 5'678'901, .due_ns = 12'345'678'901, .sent_ns = 12'345'679'000};

std::string make(const Stamp& stamp, std::size_t bytes, std::uint64_t run_key = kRunKey) {
  std::string payload = "what was here before";
  PayloadFormat(run_key).write(stamp, bytes, payload);
  return payload;
}

TEST(Payload, EveryLength_ComesBackAsItWas) {
  const PayloadFormat format(kRunKey);
  std::string payload;
  for (std::size_t bytes = kPayloadBytesMin; bytes <= kPayloadBytesMax; ++bytes) {
    format.write(kStamp, bytes, payload);
    ASSERT_EQ(payload.size(), bytes);
    ASSERT_EQ(format.read(payload), kStamp) << bytes << " bytes";
  }
}

TEST(Payload, IsLegalInEveryProtocol) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const Stamp stamp{static_cast<std::uint32_t>(random() % kSendersMax), random() >> 28,
                      static_cast<std::int64_t>(random() >> 16), 0};
    const std::string payload = make(stamp, kPayloadBytesMin + random() % 200);
    ASSERT_TRUE(std::all_of(payload.begin(), payload.end(), [](char byte) {
      return byte > ' ' && byte <= '~' && byte != ':';
    })) << payload;
  }
}

TEST(Payload, FieldsAtTheirEnds_ComeBackAsTheyWere) {
  constexpr std::uint32_t kLastSender = kSendersMax - 1;
  constexpr std::uint64_t kLastSequence = (std::uint64_t{1} << 36) - 1;
  constexpr std::int64_t kLastDue = (std::int64_t{1} << 48) - 1;
  const PayloadFormat format(kRunKey);
  for (const Stamp& stamp :
       {Stamp{}, Stamp{kLastSender, 0, 0, 0}, Stamp{0, kLastSequence, 0, 0},
        Stamp{0, 0, kLastDue, kLastDue}, Stamp{0, 0, 0, kStampedLatenessMaxNs},
        Stamp{kLastSender, kLastSequence, kLastDue - kStampedLatenessMaxNs, kLastDue}}) {
    EXPECT_EQ(format.read(make(stamp, kPayloadBytesMin)), stamp)
        << stamp.sender << ' ' << stamp.sequence << ' ' << stamp.due_ns << ' ' << stamp.sent_ns;
  }
}

TEST(Payload, LatenessBeyondWhatAStampHolds_IsStampedAsTheMost) {
  Stamp stamp = kStamp;
  stamp.sent_ns = stamp.due_ns + kStampedLatenessMaxNs + 1;
  const auto read = PayloadFormat(kRunKey).read(make(stamp, 64));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->sent_ns - read->due_ns, kStampedLatenessMaxNs);
}

TEST(Payload, SentBeforeItWasDue_IsStampedAsPunctual) {
  Stamp stamp = kStamp;
  stamp.sent_ns = stamp.due_ns - 1;
  const auto read = PayloadFormat(kRunKey).read(make(stamp, 64));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->sent_ns, stamp.due_ns);
}

TEST(Payload, EveryDamagedByte_IsFound) {
  const PayloadFormat format(kRunKey);
  for (const std::size_t bytes : {kPayloadBytesMin, std::size_t{64}, std::size_t{67}}) {
    const std::string whole = make(kStamp, bytes);
    for (std::size_t at = 0; at < bytes; ++at) {
      std::string damaged = whole;
      for (int value = 0; value < 256; ++value) {
        damaged[at] = static_cast<char>(value);
        if (damaged != whole) {
          ASSERT_FALSE(format.read(damaged)) << "byte " << at << " became " << value;
        }
      }
    }
  }
}

TEST(Payload, CutShortOrGrown_IsFound) {
  const PayloadFormat format(kRunKey);
  const std::string whole = make(kStamp, 200);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_FALSE(format.read(whole.substr(0, bytes))) << "cut to " << bytes;
    EXPECT_FALSE(format.read(whole.substr(whole.size() - bytes))) << "the last " << bytes;
  }
  EXPECT_FALSE(format.read(whole + '\0'));
  EXPECT_FALSE(format.read(whole + 'A'));
  EXPECT_FALSE(format.read(whole + whole));
}

TEST(Payload, TwoBytesInEachOthersPlace_IsFound) {
  const PayloadFormat format(kRunKey);
  const std::string whole = make(kStamp, 128);
  for (std::size_t one = 0; one < whole.size(); ++one) {
    for (std::size_t other = one + 1; other < whole.size(); ++other) {
      std::string damaged = whole;
      std::swap(damaged[one], damaged[other]);
      if (damaged != whole) {
        ASSERT_FALSE(format.read(damaged)) << one << " and " << other;
      }
    }
  }
}

TEST(Payload, PiecesOfTwoMessages_AreNoMessage) {
  const PayloadFormat format(kRunKey);
  Stamp next = kStamp;
  ++next.sequence;
  const std::string first = make(kStamp, 100);
  const std::string second = make(next, 100);
  for (std::size_t at = 1; at < first.size(); ++at) {
    EXPECT_FALSE(format.read(first.substr(0, at) + second.substr(at))) << at;
  }
}

TEST(Payload, OfAnotherRun_IsNotOurs) {
  EXPECT_FALSE(PayloadFormat(kRunKey + 1).read(make(kStamp, 64)));
  EXPECT_FALSE(PayloadFormat(0).read(make(kStamp, 64)));
}

TEST(Payload, WhatPeopleSay_IsNotOurs) {
  const PayloadFormat format(kRunKey);
  EXPECT_FALSE(format.read(""));
  EXPECT_FALSE(format.read("hello"));
  EXPECT_FALSE(format.read(std::string(kPayloadBytesMin, 'A')));
  EXPECT_FALSE(format.read(std::string(1000, '\0')));
}

}  // namespace
}  // namespace loadgen
