#include "tools/loadgen/wire_native.h"

#include "chat/client/server_line.h"

namespace loadgen {

// The whole login is said at once: the server deals with it in order, and any step that fails is
// answered with an ERROR.
NativeWire::NativeWire(std::string_view name, const Channel& channel) {
  login_.append("HELLO:1:\nREGISTER:").append(name).append("\n");
  entered_.append("REGISTERED:").append(name);
  switch (channel.kind) {
    case Channel::Kind::kLobby:
      delivery_prefix_ = "MESSAGE:";
      publish_prefix_ = "BROADCAST:";
      break;
    case Channel::Kind::kRoom:
      login_.append("JOIN:").append(channel.listens).append("\n");
      entered_ = "JOINED:" + channel.listens;
      delivery_prefix_ = "ROOM_MESSAGE:" + channel.listens + ":";
      publish_prefix_ = "SAY:" + channel.listens + ":";
      break;
    case Channel::Kind::kDirect:
      delivery_prefix_ = "DIRECT:";
      publish_prefix_ = "CHAT:" + channel.speaks + ":";
      break;
  }
}

void NativeWire::begin(std::string& out) { out.append(login_); }

void NativeWire::publish(std::string_view payload, std::string& out) {
  out.append(publish_prefix_).append(payload).push_back('\n');
}

void NativeWire::say_goodbye(std::string& out) { out.append("QUIT\n"); }

std::size_t NativeWire::parse_frame(std::string_view bytes, std::string& /*out*/) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    return 0;
  }
  const std::string_view line = without_cr(bytes.substr(0, end));
  if (!line.starts_with(delivery_prefix_)) {
    on_other_line(line);
  } else if (const std::size_t sender_end = line.find(':', delivery_prefix_.size());
             sender_end != std::string_view::npos) {
    report_delivery(line.substr(sender_end + 1));
  } else {
    refuse("a message without a sender", line);
  }
  return end + 1;
}

void NativeWire::on_other_line(std::string_view line) {
  if (line == entered_) {
    report_ready();
    return;
  }
  switch (chat::parse_server_line(line).verb) {
    case chat::ServerVerb::kError:
    case chat::ServerVerb::kBye:
      refuse("the server says", line);
      break;
    case chat::ServerVerb::kMessage:
    case chat::ServerVerb::kDirect:
    case chat::ServerVerb::kRoomMessage:
      refuse("a message that was not meant for here", line);
      break;
    default:
      break;
  }
}

}  // namespace loadgen
