#include "chat/protocol/irc_capabilities.h"

#include <algorithm>
#include <array>

#include "chat/protocol/irc_line.h"

namespace chat {
namespace {

constexpr std::array<std::string_view, kIrcCapabilityCount> kNames{
    "account-tag",  "away-notify",   "batch",         "cap-notify",       "draft/chathistory",
    "echo-message", "extended-join", "invite-notify", "labeled-response", "message-tags",
    "multi-prefix", "server-time",   "setname",       "standard-replies", "userhost-in-names"};

struct FormatFeature {
  IrcCapability capability;
  WireFormat::Feature feature;
};
constexpr std::array kFormatFeatures{
    FormatFeature{IrcCapability::kMessageTags, WireFormat::kMessageTags},
    FormatFeature{IrcCapability::kServerTime, WireFormat::kServerTime},
    FormatFeature{IrcCapability::kExtendedJoin, WireFormat::kExtendedJoin},
    FormatFeature{IrcCapability::kAwayNotify, WireFormat::kAwayNotify},
    FormatFeature{IrcCapability::kSetName, WireFormat::kSetName},
    FormatFeature{IrcCapability::kInviteNotify, WireFormat::kInviteNotify},
};

bool is_offered(std::size_t capability, const ServerInfo& server) {
  return static_cast<IrcCapability>(capability) != IrcCapability::kChatHistory ||
         server.offers_irc_history;
}

void append_name(std::string& names, std::string_view name) {
  names += names.empty() ? "" : " ";
  names += name;
}

}  // namespace

std::optional<IrcCapabilities> IrcCapabilities::after(std::string_view request,
                                                      const ServerInfo& server) const {
  IrcCapabilities result = *this;
  while (!request.empty()) {
    std::string_view name = next_item(request, ' ');
    if (name.empty()) {
      continue;
    }
    const bool on = !name.starts_with('-');
    name.remove_prefix(on ? 0 : 1);
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    const auto capability = static_cast<std::size_t>(found - kNames.begin());
    if (found == kNames.end() || !is_offered(capability, server)) {
      return std::nullopt;
    }
    result.set(static_cast<IrcCapability>(capability), on);
  }
  return result;
}

Capabilities IrcCapabilities::for_hub() const {
  Capabilities capabilities;
  capabilities.irc = true;
  capabilities.echo = has(IrcCapability::kEchoMessage);
  capabilities.labels = has_labels();
  capabilities.multi_prefix = has(IrcCapability::kMultiPrefix);
  capabilities.userhost_in_names = has(IrcCapability::kUserhostInNames);
  return capabilities;
}

std::uint8_t IrcCapabilities::format_features() const {
  unsigned features = 0;
  for (const FormatFeature& one : kFormatFeatures) {
    features |= has(one.capability) ? unsigned{one.feature} : 0U;
  }
  return static_cast<std::uint8_t>(features);
}

std::string list_offered(const ServerInfo& server, bool with_values) {
  std::string names;
  for (std::size_t i = 0; i < kIrcCapabilityCount; ++i) {
    if (is_offered(i, server)) {
      append_name(names, kNames[i]);
    }
  }
  if (with_values && !server.sts.empty()) {
    append_name(names, "sts=");
    names += server.sts;
  }
  return names;
}

std::string list_capabilities(const IrcCapabilities& capabilities) {
  std::string names;
  for (std::size_t i = 0; i < kIrcCapabilityCount; ++i) {
    if (capabilities.has(static_cast<IrcCapability>(i))) {
      append_name(names, kNames[i]);
    }
  }
  return names;
}

}  // namespace chat
