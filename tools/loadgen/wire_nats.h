#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/loadgen/wire_framed.h"

namespace loadgen {

// NATS core: one subscription. The answer to a ping behind it tells that it is in force.
class NatsWire final : public FramedWire {
 public:
  NatsWire(std::string_view name, std::string_view listens, std::string_view speaks);

  void begin(std::string& out) override;
  void publish(std::string_view payload, std::string& out) override;

 private:
  std::size_t parse_frame(std::string_view bytes, std::string& out) override;
  // NATS has no word for it: the caller's end of the connection is the goodbye.
  void say_goodbye(std::string& /*out*/) override {}
  void on_other_line(std::string_view line, std::string& out);

  std::string login_;
  std::string delivery_prefix_;  // up to the length of the payload
  std::string publish_prefix_;   // likewise
};

}  // namespace loadgen
