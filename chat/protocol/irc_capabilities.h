#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/message.h"
#include "chat/protocol/codec.h"
#include "chat/server_info.h"

namespace chat {

// What an IRC client can ask for with CAP REQ. What is offered is granted.
enum class IrcCapability : std::uint8_t {
  kAccountTag,  // nobody has an account, so nothing is tagged
  kAwayNotify,
  kBatch,
  kCapNotify,    // what is offered never changes
  kChatHistory,  // a draft
  kEchoMessage,
  kExtendedJoin,
  kInviteNotify,
  kLabeledResponse,
  kMessageTags,
  kMultiPrefix,
  kServerTime,
  kSetName,
  kStandardReplies,
  kUserhostInNames,
};
inline constexpr std::size_t kIrcCapabilityCount = 15;

// A set of capabilities. A plain value.
class IrcCapabilities {
 public:
  bool has(IrcCapability one) const { return (bits_ & bit(one)) != 0; }
  void set(IrcCapability one, bool on) {
    bits_ = static_cast<std::uint16_t>(on ? bits_ | bit(one) : bits_ & ~bit(one));
  }
  // Nobody can tell which answers belong together without batches, so labels need them.
  bool has_labels() const {
    return has(IrcCapability::kLabeledResponse) && has(IrcCapability::kBatch);
  }

  // This set after a CAP REQ of the space-separated names, those with - in front taken away;
  // nothing if there is one among them that is not offered.
  std::optional<IrcCapabilities> after(std::string_view request, const ServerInfo& server) const;

  // What the hub has to know of them.
  Capabilities for_hub() const;
  // What of them shows in what many are sent.
  std::uint8_t format_features() const;

  bool operator==(const IrcCapabilities&) const = default;

 private:
  static std::uint16_t bit(IrcCapability one) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(one));
  }

  std::uint16_t bits_ = 0;
};

// The names for CAP LS (all) and CAP LIST (those of the set), which fit into one line. with_values:
// also of `sts`, which is offered but cannot be asked for.
std::string list_offered(const ServerInfo& server, bool with_values);
std::string list_capabilities(const IrcCapabilities& capabilities);

}  // namespace chat
