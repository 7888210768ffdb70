#include "chat/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace chat {
namespace {

using namespace std::string_literals;
using Outcome = ProxyHeader::Outcome;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string version_2(char version_and_command, char family, const std::string& block) {
  std::string header = kSignature + version_and_command + family;
  header += static_cast<char>(block.size() >> 8);
  header += static_cast<char>(block.size() & 0xFF);
  return header + block;
}

const std::string kV4Block = "\xC0\x00\x02\x07\xC6\x33\x64\x01\x12\x67\x22\xB8"s;

std::string source_of(const std::string& bytes) {
  const ProxyHeader header = read_proxy_header(bytes);
  EXPECT_EQ(header.outcome, Outcome::kComplete) << bytes;
  return header.source ? header.source->to_string() : "itself";
}

TEST(ProxyHeader, Version1_TellsTheSource) {
  EXPECT_EQ(source_of("PROXY TCP4 192.0.2.7 198.51.100.1 4711 8888\r\n"), "192.0.2.7:4711");
  EXPECT_EQ(source_of("PROXY TCP6 2001:db8::7 2001:db8::1 4711 8888\r\n"), "[2001:db8::7]:4711");
  EXPECT_EQ(source_of("PROXY UNKNOWN\r\n"), "itself");
  EXPECT_EQ(source_of("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), "itself");
}

TEST(ProxyHeader, Version2_TellsTheSource) {
  EXPECT_EQ(source_of(version_2('\x21', '\x11', kV4Block)), "192.0.2.7:4711");
  EXPECT_EQ(source_of(version_2('\x21', '\x11', kV4Block + "\x04\x00\x01x"s)), "192.0.2.7:4711")
      << "additions are left out";
  std::string v6(36, '\0');
  v6[15] = '\x01';
  v6[33] = '\x50';
  EXPECT_EQ(source_of(version_2('\x21', '\x21', v6)), "[::1]:80");
  EXPECT_EQ(source_of(version_2('\x20', '\x00', "")), "itself");
  EXPECT_EQ(source_of(version_2('\x21', '\x31', std::string(216, 'x'))), "itself") << "AF_UNIX";
}

TEST(ProxyHeader, WhatFollows_IsNotTaken) {
  const std::string line = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 8888\r\n";
  EXPECT_EQ(read_proxy_header(line + "REGISTER:alice\n").bytes, line.size());
  const std::string binary = version_2('\x21', '\x11', kV4Block);
  EXPECT_EQ(read_proxy_header(binary + "REGISTER:alice\n").bytes, binary.size());
}

TEST(ProxyHeader, AnyPartOfOne_IsIncomplete) {
  for (const std::string& header :
       {"PROXY TCP4 192.0.2.7 198.51.100.1 4711 8888\r\n"s, version_2('\x21', '\x11', kV4Block)}) {
    for (std::size_t size = 0; size < header.size(); ++size) {
      EXPECT_EQ(read_proxy_header(std::string_view(header).substr(0, size)).outcome,
                Outcome::kIncomplete)
          << header << " cut at " << size;
    }
  }
}

TEST(ProxyHeader, WhatIsNotOne_IsMalformed) {
  const std::vector<std::string> wrong{
      "GET / HTTP/1.1\r\n",
      "REGISTER:alice\n",
      "\x16\x03\x01",
      "PROXY TCP4 192.0.2.7\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 4711 8888 1\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 04711 8888\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.1 65536 8888\r\n",
      "PROXY TCP4 2001:db8::7 2001:db8::1 4711 8888\r\n",
      "PROXY TCP4 192.0.2.700 198.51.100.1 4711 8888\r\n",
      "PROXY UDP4 192.0.2.7 198.51.100.1 4711 8888\r\n",
      "PROXY " + std::string(120, 'x'),
      version_2('\x11', '\x11', kV4Block),
      version_2('\x22', '\x11', kV4Block),
      version_2('\x21', '\x11', kV4Block.substr(1)),
      version_2('\x21', '\x11', kV4Block + std::string(kProxyHeaderBytesMax, 'x')),
  };
  for (const std::string& bytes : wrong) {
    EXPECT_EQ(read_proxy_header(bytes).outcome, Outcome::kMalformed) << bytes;
  }
}

}  // namespace
}  // namespace chat
