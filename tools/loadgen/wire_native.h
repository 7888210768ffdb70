#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/loadgen/wire_framed.h"

namespace loadgen {

// Our own line protocol, spoken as a program and without capabilities.
class NativeWire final : public FramedWire {
 public:
  NativeWire(std::string_view name, const Channel& channel);

  void begin(std::string& out) override;
  void publish(std::string_view payload, std::string& out) override;

 private:
  std::size_t parse_frame(std::string_view bytes, std::string& out) override;
  void say_goodbye(std::string& out) override;
  // A line that is no delivery in our channel.
  void on_other_line(std::string_view line);

  std::string login_;
  std::string entered_;          // the line that tells that we are there
  std::string delivery_prefix_;  // up to the sender's name
  std::string publish_prefix_;
};

}  // namespace loadgen
