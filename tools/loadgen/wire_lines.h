#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/loadgen/wire_framed.h"

namespace loadgen {

// A bare relay of lines. Its greeting says that we are there; every line after it is a delivery.
class LinesWire final : public FramedWire {
 public:
  void begin(std::string& /*out*/) override {}
  void publish(std::string_view payload, std::string& out) override;

 private:
  std::size_t parse_frame(std::string_view bytes, std::string& out) override;
  void say_goodbye(std::string& /*out*/) override {}

  bool greeted_ = false;
};

}  // namespace loadgen
