#include "chat/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "chat/number.h"

namespace chat {
namespace {

using namespace std::string_view_literals;
using Outcome = ProxyHeader::Outcome;

constexpr std::string_view kSignature1 = "PROXY "sv;
constexpr std::size_t kLine1BytesMax = 107;  // with its CR LF, as the document works it out
constexpr std::string_view kSignature2 = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kHead2Bytes = 16;

ProxyHeader malformed() { return {Outcome::kMalformed, 0, std::nullopt}; }

std::string_view take_word(std::string_view& line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  return has_leading_zero ? std::nullopt : parse_number<std::uint16_t>(text);
}

std::optional<reactor::Endpoint> endpoint_of_text(int family, std::string_view host,
                                                  std::string_view port_text) {
  const std::optional<std::uint16_t> port = parse_port(port_text);
  const std::string text(host);
  if (!port) {
    return std::nullopt;
  }
  if (family == AF_INET) {
    in_addr v4{};
    return inet_pton(AF_INET, text.c_str(), &v4) == 1
               ? std::optional(reactor::Address::ipv4(ntohl(v4.s_addr), *port).endpoint())
               : std::nullopt;
  }
  std::array<std::uint8_t, 16> v6{};
  return inet_pton(AF_INET6, text.c_str(), v6.data()) == 1
             ? std::optional(reactor::Address::ipv6(v6, *port).endpoint())
             : std::nullopt;
}

// PROXY TCP4 192.0.2.7 198.51.100.1 4711 8888
ProxyHeader read_version_1(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kLine1BytesMax).find("\r\n");
  if (end == std::string_view::npos) {
    return bytes.size() < kLine1BytesMax ? ProxyHeader{} : malformed();
  }
  std::string_view line = bytes.substr(kSignature1.size(), end - kSignature1.size());
  ProxyHeader header{Outcome::kComplete, end + 2, std::nullopt};
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") {
    return header;
  }
  if (family != "TCP4" && family != "TCP6") {
    return malformed();
  }
  const int af = family == "TCP4" ? AF_INET : AF_INET6;
  const std::string_view source = take_word(line);
  const std::string_view destination = take_word(line);
  const std::string_view source_port = take_word(line);
  header.source = endpoint_of_text(af, source, source_port);
  const bool right = header.source && endpoint_of_text(af, destination, line);
  return right ? header : malformed();
}

std::uint16_t big_endian_16(std::string_view bytes) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[0]) << 8 |
                                    static_cast<std::uint8_t>(bytes[1]));
}

// Source and destination address, source and destination port. Nothing when there is less.
std::optional<reactor::Endpoint> endpoint_of_block(std::string_view block, std::size_t host_bytes) {
  if (block.size() < 2 * host_bytes + 4) {
    return std::nullopt;
  }
  const std::uint16_t port = big_endian_16(block.substr(2 * host_bytes));
  if (host_bytes == 4) {
    in_addr v4{};
    std::memcpy(&v4, block.data(), host_bytes);
    return reactor::Address::ipv4(ntohl(v4.s_addr), port).endpoint();
  }
  std::array<std::uint8_t, 16> v6{};
  std::memcpy(v6.data(), block.data(), v6.size());
  return reactor::Address::ipv6(v6, port).endpoint();
}

ProxyHeader read_version_2(std::string_view bytes) {
  if (bytes.size() < kHead2Bytes) {
    return {};
  }
  const auto version_and_command = static_cast<std::uint8_t>(bytes[12]);
  const auto family = static_cast<std::uint8_t>(bytes[13]);
  const std::size_t size = kHead2Bytes + big_endian_16(bytes.substr(14));
  constexpr std::uint8_t kLocal = 0x20;
  constexpr std::uint8_t kProxied = 0x21;
  const bool is_known = version_and_command == kLocal || version_and_command == kProxied;
  if (!is_known || size > kProxyHeaderBytesMax) {
    return malformed();
  }
  if (bytes.size() < size) {
    return {};
  }
  ProxyHeader header{Outcome::kComplete, size, std::nullopt};
  constexpr std::uint8_t kTcpOverIpv4 = 0x11;
  constexpr std::uint8_t kTcpOverIpv6 = 0x21;
  if (version_and_command == kProxied && (family == kTcpOverIpv4 || family == kTcpOverIpv6)) {
    const std::string_view block = bytes.substr(kHead2Bytes, size - kHead2Bytes);
    header.source = endpoint_of_block(block, family == kTcpOverIpv4 ? 4 : 16);
    return header.source ? header : malformed();
  }
  return header;  // of another family: the document says to take the connection as it is
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  if (bytes.starts_with(kSignature2)) {
    return read_version_2(bytes);
  }
  if (bytes.starts_with(kSignature1)) {
    return read_version_1(bytes);
  }
  const bool may_become_one = kSignature1.starts_with(bytes) || kSignature2.starts_with(bytes);
  return may_become_one ? ProxyHeader{} : malformed();
}

}  // namespace chat
