#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/loadgen/wire_framed.h"

namespace loadgen {

// Redis Pub/Sub. RESP3 lets one connection publish and be subscribed.
class RedisWire final : public FramedWire {
 public:
  RedisWire(std::string listens, std::string_view speaks);

  void begin(std::string& out) override;
  void publish(std::string_view payload, std::string& out) override;

 private:
  std::size_t parse_frame(std::string_view bytes, std::string& out) override;
  void say_goodbye(std::string& out) override;
  std::size_t parse_delivery(std::string_view bytes);
  // frame: a whole push, well formed.
  void on_push(std::string_view frame);

  std::string listens_;
  std::string delivery_prefix_;  // up to the length of the payload
  std::string publish_prefix_;   // likewise
};

}  // namespace loadgen
