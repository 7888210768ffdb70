#include "tools/loadgen/wire.h"

#include <algorithm>
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
    ProtocolTraits{.scheme = "native",
                   .port = 8888,
                   .payload_bytes_max = kNativePayloadBytesMax,
                   .has_log = true},
    ProtocolTraits{.scheme = "lines",
                   .port = 8888,
                   .payload_bytes_max = kPayloadBytesMax,
                   .has_rooms = false,
                   .has_direct = false},
    ProtocolTraits{
        .scheme = "redis", .port = 6379, .payload_bytes_max = kPayloadBytesMax, .echoes = true},
    ProtocolTraits{.scheme = "nats", .port = 4222, .payload_bytes_max = kPayloadBytesMax},
    ProtocolTraits{
        .scheme = "mqtt", .port = 1883, .payload_bytes_max = kPayloadBytesMax, .echoes = true},
    ProtocolTraits{.scheme = "irc", .port = 6667, .payload_bytes_max = kIrcPayloadBytesMax},
};
static_assert(kTraits.size() == static_cast<std::size_t>(Protocol::kIrc) + 1);

}  // namespace

const ProtocolTraits& traits_of(Protocol protocol) {
  return kTraits.at(static_cast<std::size_t>(protocol));
}

std::optional<Protocol> protocol_of_scheme(std::string_view scheme) {
  const auto* const found =
      std::find_if(kTraits.begin(), kTraits.end(),
                   [scheme](const ProtocolTraits& traits) { return traits.scheme == scheme; });
  if (found == kTraits.end()) {
    return std::nullopt;
  }
  return static_cast<Protocol>(found - kTraits.begin());
}

void Wire::publish_numbered(std::uint64_t number, std::string_view /*payload*/,
                            std::string& /*out*/) {
  CHECK(false, "a number for what is never acknowledged:", number);
}

void Wire::fence(std::string& /*out*/) { CHECK(false, "a fence for a wire that has none"); }

std::unique_ptr<Wire> make_wire(Protocol protocol, const std::string& name, const Channel& channel,
                                const WireNeeds& needs) {
  if (needs.acks || needs.resumes) {
    CHECK(traits_of(protocol).has_log, "no log behind", traits_of(protocol).scheme);
    return std::make_unique<SessionWire>(name, channel, needs);
  }
  const bool direct = channel.kind == Channel::Kind::kDirect;
  CHECK(!direct || traits_of(protocol).has_direct, "nobody can be reached alone over",
        traits_of(protocol).scheme);
  // What a client subscribes to under protocols that know no other rooms.
  const std::string& listens = direct ? name : channel.listens;
  const std::string& speaks = direct ? channel.speaks : listens;
  switch (protocol) {
    case Protocol::kNative:
      return std::make_unique<NativeWire>(name, channel);
    case Protocol::kLines:
      return std::make_unique<LinesWire>();
    case Protocol::kRedis:
      return std::make_unique<RedisWire>(listens, speaks);
    case Protocol::kNats:
      return std::make_unique<NatsWire>(name, listens, speaks);
    case Protocol::kMqtt:
      return std::make_unique<MqttWire>(name, listens, speaks);
    case Protocol::kIrc:
      return direct ? std::make_unique<IrcWire>(name, listens, speaks)
                    : std::make_unique<IrcWire>(name, "#" + listens, "#" + speaks);
  }
  CHECK(false, "no such protocol:", static_cast<int>(protocol));
}

}  // namespace loadgen
