#include "chat/opening.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace chat {
namespace {

using namespace std::string_literals;

const std::vector<std::pair<std::string, Spoken>> kBeginnings{
    {"", Spoken::kNotYet},
    {"\x16", Spoken::kNotYet},
    {"\x16\x03\x01\x02\x00"s, Spoken::kTls},
    {"\x16\x04", Spoken::kNotYet},
    {"\x16\x04\n", Spoken::kNative},
    {"G", Spoken::kNotYet},
    {"GET", Spoken::kNotYet},
    {"GET ", Spoken::kHttp},
    {"GET / HTTP/1.1\r\n", Spoken::kHttp},
    {"\r\nGET / HTTP/1.1\r\n", Spoken::kHttp},
    {"get / http/1.1\r\n", Spoken::kNative},
    {"PRI * HTTP/2.0\r\n", Spoken::kHttp},
    {"BREW /pot HTCPCP/1.0\r\n", Spoken::kNative},
    {"BREW /pot HTTP/1.1\r\n", Spoken::kHttp},
    {"CAP LS 302\r\n", Spoken::kIrc},
    {"NICK alice", Spoken::kIrc},
    {"nick alice\n", Spoken::kIrc},
    {"USER a 0 * :A\r\n", Spoken::kIrc},
    {"PASS secret\r\n", Spoken::kIrc},
    {"CAP\r\n", Spoken::kIrc},
    {"NICK", Spoken::kNotYet},
    {"NICKNAME\n", Spoken::kNative},
    {"NICK:alice\n", Spoken::kNative},
    {"REGISTER:alice\n", Spoken::kNative},
    {"HELLO:1:tags\n", Spoken::kNative},
    {"hello there\n", Spoken::kNative},
    {"hello there", Spoken::kNotYet},
    {"\n\n", Spoken::kNotYet},
    {"\xFF\xFE\n", Spoken::kNative},
    {std::string(kFirstLineBytesMax, 'x'), Spoken::kNotYet},
    {std::string(kFirstLineBytesMax + 1, 'x'), Spoken::kNative},
};

TEST(Opening, FirstBytes_TellWhatIsSpoken) {
  for (const auto& [bytes, spoken] : kBeginnings) {
    EXPECT_EQ(sniff(bytes), spoken) << bytes;
  }
}

// However the bytes arrive, the first answer is the last one, too.
TEST(Opening, NothingThatFollows_ChangesWhatWasRecognised) {
  std::mt19937_64 random(20261123);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  const std::string alphabet = "GETNICKUSRP /:.x\r\n\x16\x03HTP"s;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = kBeginnings[random() % kBeginnings.size()].first;
    for (std::size_t more = random() % 40; more > 0; --more) {
      bytes += alphabet[random() % alphabet.size()];
    }
    const Spoken whole = sniff(bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Spoken part = sniff(std::string_view(bytes).substr(0, size));
      ASSERT_TRUE(part == Spoken::kNotYet || part == whole) << bytes << " cut at " << size;
    }
  }
}

TEST(Opening, LongFirstLine_IsNativeHoweverItEnds) {
  const std::string line = std::string(kFirstLineBytesMax, 'x') + " HTTP/1.1\r\n";
  EXPECT_EQ(sniff(line), Spoken::kNative);
  EXPECT_EQ(sniff("GET /" + line), Spoken::kHttp);
}

}  // namespace
}  // namespace chat
