#include "tools/loadgen/wire_lines.h"

namespace loadgen {

void LinesWire::publish(std::string_view payload, std::string& out) {
  out.append(payload).push_back('\n');
}

std::size_t LinesWire::parse_frame(std::string_view bytes, std::string& /*out*/) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    return 0;
  }
  if (greeted_) {
    report_delivery(bytes.substr(0, end));
  } else {
    greeted_ = true;
    report_ready();
  }
  return end + 1;
}

}  // namespace loadgen
