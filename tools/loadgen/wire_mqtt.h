#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/loadgen/wire_framed.h"

namespace loadgen {

// MQTT 3.1.1, everything at QoS 0, without keepalive.
class MqttWire final : public FramedWire {
 public:
  MqttWire(std::string_view name, std::string_view listens, std::string_view speaks);

  void begin(std::string& out) override;
  void publish(std::string_view payload, std::string& out) override;

 private:
  std::size_t parse_frame(std::string_view bytes, std::string& out) override;
  void say_goodbye(std::string& out) override;
  void on_packet(unsigned char first_byte, std::string_view body);

  std::string login_;
  std::string delivery_topic_;  // with its length in front, as in a packet
  std::string publish_topic_;   // likewise
};

}  // namespace loadgen
