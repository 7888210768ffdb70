#include "tools/loadgen/wire.h"

#include <array>

#include "reactor/check.h"
#include "tools/loadgen/wire_irc.h"
#include "tools/loadgen/wire_lines.h"
#include "tools/loadgen/wire_mqtt.h"
#include "tools/loadgen/wire_native.h"
#include "tools/loadgen/wire_nats.h"
#include "tools/loadgen/wire_redis.h"
#include "tools/loadgen/wire_session.h"

namespace loadgen {
namespace {

// A native line has at most 4,096 bytes with the room's name, an IRC line 512 with two names and a
// host. The others take as much as fits into a frame, with room for what is around it.
constexpr std::size_t kNativePayloadBytesMax = 4000;
constexpr std::size_t kIrcPayloadBytesMax = 400;
constexpr std::size_t kPayloadBytesMax = 32 << 10;

// By the value of Protocol.
constexpr std::array kTraits{
    ProtocolTraits{.payload_bytes_max = kNativePayloadBytesMax, .has_log = true},
    ProtocolTraits{.payload_bytes_max = kPayloadBytesMax, .has_rooms = false, .has_direct = false},
    ProtocolTraits{.payload_bytes_max = kPayloadBytesMax, .echoes = true},
    ProtocolTraits{.payload_bytes_max = kPayloadBytesMax},
    ProtocolTraits{.payload_bytes_max = kPayloadBytesMax, .echoes = true},
    ProtocolTraits{.payload_bytes_max = kIrcPayloadBytesMax},
};
static_assert(kTraits.size() == static_cast<std::size_t>(Protocol::kIrc) + 1);

}  // namespace

const ProtocolTraits& traits_of(Protocol protocol) {
  return kTraits.at(static_cast<std::size_t>(protocol));
}

void Wire::publish_numbered(std::uint64_t number, std::string_view /*payload*/,
                            std::string& /*out*/) {
  CHECK(false, "a number for what is never acknowledged:", number);
}

void Wire::fence(std::string& /*out*/) { CHECK(false, "a fence for a wire that has none"); }

std::unique_ptr<LineWire> make_line_wire(Protocol protocol, const std::string& name,
                                         const Channel& channel, const WireNeeds& needs) {
  if (needs.acks || needs.resumes) {
    CHECK(protocol == Protocol::kNative, "no log behind protocol", static_cast<int>(protocol));
    return std::make_unique<SessionWire>(name, channel, needs);
  }
  if (protocol == Protocol::kNative) {
    return std::make_unique<NativeWire>(name, channel);
  }
  CHECK(protocol == Protocol::kIrc, "not for a WebSocket:", static_cast<int>(protocol));
  if (channel.kind == Channel::Kind::kDirect) {
    return std::make_unique<IrcWire>(name, name, channel.speaks);
  }
  return std::make_unique<IrcWire>(name, "#" + channel.listens, "#" + channel.listens);
}

std::unique_ptr<Wire> make_wire(Protocol protocol, const std::string& name, const Channel& channel,
                                const WireNeeds& needs) {
  const bool direct = channel.kind == Channel::Kind::kDirect;
  CHECK((!needs.acks && !needs.resumes) || traits_of(protocol).has_log, "no log behind protocol",
        static_cast<int>(protocol));
  CHECK(!direct || traits_of(protocol).has_direct, "nobody can be reached alone over protocol",
        static_cast<int>(protocol));
  // What a client subscribes to under protocols that know no other rooms.
  const std::string& listens = direct ? name : channel.listens;
  const std::string& speaks = direct ? channel.speaks : listens;
  switch (protocol) {
    case Protocol::kNative:
    case Protocol::kIrc:
      return make_line_wire(protocol, name, channel, needs);
    case Protocol::kLines:
      return std::make_unique<LinesWire>();
    case Protocol::kRedis:
      return std::make_unique<RedisWire>(listens, speaks);
    case Protocol::kNats:
      return std::make_unique<NatsWire>(name, listens, speaks);
    case Protocol::kMqtt:
      return std::make_unique<MqttWire>(name, listens, speaks);
  }
  CHECK(false, "no such protocol:", static_cast<int>(protocol));
}

}  // namespace loadgen
