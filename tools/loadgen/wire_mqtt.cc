#include "tools/loadgen/wire_mqtt.h"

#include <fmt/format.h>

namespace loadgen {
namespace {

// First bytes of packets: the type and its flags.
constexpr unsigned char kConnect = 0x10;
constexpr unsigned char kConnack = 0x20;
constexpr unsigned char kPublish = 0x30;
constexpr unsigned char kPublishRetained = 0x31;  // an old one, for a new subscriber
constexpr unsigned char kSubscribe = 0x82;
constexpr unsigned char kSuback = 0x90;
constexpr unsigned char kDisconnect = 0xe0;

constexpr unsigned char kCleanSession = 0x02;
constexpr unsigned char kRefused = 0x80;  // in a SUBACK
constexpr int kLengthBytesMax = 4;

char to_char(std::size_t byte) { return static_cast<char>(static_cast<unsigned char>(byte)); }
unsigned char to_byte(char c) { return static_cast<unsigned char>(c); }

// Two bytes, big end first.
std::string number(std::size_t value) { return {to_char(value >> 8U), to_char(value & 0xffU)}; }

std::string text(std::string_view value) { return number(value.size()).append(value); }

void append_header(unsigned char first_byte, std::size_t length, std::string& out) {
  out.push_back(to_char(first_byte));
  for (; length >= 0x80; length >>= 7U) {
    out.push_back(to_char(0x80U | (length & 0x7fU)));
  }
  out.push_back(to_char(length));
}

void append_packet(unsigned char first_byte, std::string_view body, std::string& out) {
  append_header(first_byte, body.size(), out);
  out.append(body);
}

const char* explain_connack(unsigned char code) {
  switch (code) {
    case 1:
      return "the server does not speak MQTT 3.1.1";
    case 2:
      return "the server refuses the client's name";
    case 3:
      return "the server is unavailable";
    case 4:
    case 5:
      return "the server wants a login";
    default:
      return "the server refuses the connection";
  }
}

}  // namespace

MqttWire::MqttWire(std::string_view name, std::string_view listens, std::string_view speaks)
    : delivery_topic_(text(listens)), publish_topic_(text(speaks)) {
  constexpr std::size_t kVersion311 = 4;
  constexpr std::size_t kKeepaliveSeconds = 0;
  constexpr std::size_t kPacketId = 1;
  constexpr std::size_t kQos = 0;
  append_packet(kConnect,
                text("MQTT") + to_char(kVersion311) + to_char(kCleanSession) +
                    number(kKeepaliveSeconds) + text(name),
                login_);
  append_packet(kSubscribe, number(kPacketId) + delivery_topic_ + to_char(kQos), login_);
}

void MqttWire::begin(std::string& out) { out.append(login_); }

void MqttWire::publish(std::string_view payload, std::string& out) {
  append_header(kPublish, publish_topic_.size() + payload.size(), out);
  out.append(publish_topic_).append(payload);
}

void MqttWire::say_goodbye(std::string& out) { append_packet(kDisconnect, {}, out); }

std::size_t MqttWire::parse_frame(std::string_view bytes, std::string& /*out*/) {
  std::size_t length = 0;
  std::size_t at = 1;
  for (bool more = true; more; ++at) {
    if (at > kLengthBytesMax) {
      refuse("this is not MQTT");
      return 0;
    }
    if (at >= bytes.size()) {
      return 0;
    }
    const unsigned char byte = to_byte(bytes[at]);
    length |= (byte & std::size_t{0x7f}) << 7U * (at - 1);
    more = (byte & 0x80U) != 0;
  }
  if (length > kFrameBytesMax) {
    refuse("the server says more at once than any message is long");
    return 0;
  }
  if (bytes.size() - at < length) {
    return 0;
  }
  on_packet(to_byte(bytes[0]), bytes.substr(at, length));
  return at + length;
}

void MqttWire::on_packet(unsigned char first_byte, std::string_view body) {
  if (first_byte == kPublish && body.starts_with(delivery_topic_)) {
    report_delivery(body.substr(delivery_topic_.size()));
  } else if (first_byte == kPublish) {
    refuse("a message that was not meant for here", body);
  } else if (first_byte == kConnack && body.size() == 2) {
    if (body[1] != 0) {
      refuse(explain_connack(to_byte(body[1])));
    }
  } else if (first_byte == kSuback && body.size() == 3) {
    if (to_byte(body[2]) == kRefused) {
      refuse("the server refuses the subscription");
    } else {
      report_ready();
    }
  } else if (first_byte != kPublishRetained) {
    refuse(fmt::format("a packet that makes no sense here, of type {:#04x}", first_byte));
  }
}

}  // namespace loadgen
