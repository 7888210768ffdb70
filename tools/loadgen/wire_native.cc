#include "tools/loadgen/wire_native.h"

#include "chat/client/server_line.h"

namespace loadgen {

NativeWords::NativeWords(std::string_view name, const Channel& channel) {
  login.append("REGISTER:").append(name).append("\n");
  entered.append("REGISTERED:").append(name);
  switch (channel.kind) {
    case Channel::Kind::kLobby:
      delivery_prefix = "MESSAGE:";
      publish_prefix = "BROADCAST:";
      break;
    case Channel::Kind::kRoom:
      login.append("JOIN:").append(channel.listens).append("\n");
      entered = "JOINED:" + channel.listens;
      delivery_prefix = "ROOM_MESSAGE:" + channel.listens + ":";
      publish_prefix = "SAY:" + channel.listens + ":";
      break;
    case Channel::Kind::kDirect:
      delivery_prefix = "DIRECT:";
      publish_prefix = "CHAT:" + channel.speaks + ":";
      break;
  }
}

std::string_view complaint_about(std::string_view line) {
  switch (chat::parse_server_line(line).verb) {
    case chat::ServerVerb::kError:
    case chat::ServerVerb::kBye:
      return "the server says";
    case chat::ServerVerb::kMessage:
    case chat::ServerVerb::kDirect:
    case chat::ServerVerb::kRoomMessage:
      return "a message that was not meant for here";
    default:
      return {};
  }
}

NativeWire::NativeWire(std::string_view name, const Channel& channel) : words_(name, channel) {}

// The whole login is said at once: the server deals with it in order, and any step that fails is
// answered with an ERROR.
void NativeWire::begin(std::string& out) { out.append("HELLO:1:\n").append(words_.login); }

void NativeWire::publish(std::string_view payload, std::string& out) {
  out.append(words_.publish_prefix).append(payload).push_back('\n');
}

void NativeWire::say_goodbye(std::string& out) { out.append("QUIT\n"); }

void NativeWire::on_line(std::string_view line, std::string& /*out*/) {
  if (!line.starts_with(words_.delivery_prefix)) {
    on_other_line(line);
  } else if (const std::size_t sender_end = line.find(':', words_.delivery_prefix.size());
             sender_end != std::string_view::npos) {
    report_delivery(line.substr(sender_end + 1));
  } else {
    refuse("a message without a sender", line);
  }
}

void NativeWire::on_other_line(std::string_view line) {
  if (line == words_.entered) {
    report_ready();
    return;
  }
  if (const std::string_view complaint = complaint_about(line); !complaint.empty()) {
    refuse(complaint, line);
  }
}

}  // namespace loadgen
