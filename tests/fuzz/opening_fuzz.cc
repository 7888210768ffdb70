// What a connection begins with: any bytes. What was once recognised stays recognised, whatever
// follows, and a header of a proxy takes no more bytes than there are.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chat/opening.h"
#include "chat/proxy_header.h"
#include "reactor/check.h"

namespace {

void check_sniffing(std::string_view bytes) {
  chat::Spoken seen = chat::Spoken::kNotYet;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const chat::Spoken now = chat::sniff(bytes.substr(0, size));
    CHECK(seen == chat::Spoken::kNotYet || now == seen, "it went back on what it had said", size);
    seen = now;
  }
  // Waiting is bounded, but for blank lines, which nobody keeps.
  const std::size_t blank = bytes.find_first_not_of("\r\n");
  const std::size_t said = blank == std::string_view::npos ? 0 : bytes.size() - blank;
  CHECK(seen != chat::Spoken::kNotYet || said <= chat::kFirstLineBytesMax, "waits for ever", said);
}

void check_proxy_header(std::string_view bytes) {
  using Outcome = chat::ProxyHeader::Outcome;
  Outcome seen = Outcome::kIncomplete;
  std::size_t header_bytes = 0;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const chat::ProxyHeader header = chat::read_proxy_header(bytes.substr(0, size));
    CHECK(seen == Outcome::kIncomplete || (header.outcome == seen && header.bytes == header_bytes),
          "it went back on what it had said", size);
    seen = header.outcome;
    header_bytes = header.bytes;
    CHECK(header.bytes <= size, "more bytes than there are", header.bytes, size);
  }
  CHECK(seen != Outcome::kIncomplete || bytes.size() < chat::kProxyHeaderBytesMax, "waits for ever",
        bytes.size());
}

}  // namespace

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kBytesMax = 2048;  // each is looked at in all its lengths
  check_sniffing(bytes.substr(0, kBytesMax));
  check_proxy_header(bytes.substr(0, kBytesMax));
  return 0;
}
