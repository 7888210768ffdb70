#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/protocol/irc_codec.h"

namespace chat {

// A command that outlives the call.
struct SeenCommand {
  Verb verb = Verb::kPlain;
  std::string target = {};
  std::string text = {};
  std::string peer = {};
  std::string tags = {};
  std::string user = {};
  std::string client_id = {};
  Refusal refusal = Refusal::kNone;
  std::uint32_t count = 0;
  bool notice = false;
  bool before = false;
  MessageId id = 0;
  MessageId bound = 0;
  std::int64_t id_unix_ms = 0;
  std::int64_t bound_unix_ms = 0;
  bool around = false;

  bool operator==(const SeenCommand&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const SeenCommand& seen) {
    return out << "{verb " << static_cast<int>(seen.verb) << ", target '" << seen.target
               << "', text '" << seen.text << "', peer '" << seen.peer << "', tags '" << seen.tags
               << "', user '" << seen.user << "', client id '" << seen.client_id << "', refusal "
               << static_cast<int>(seen.refusal) << ", count " << seen.count << ", id " << seen.id
               << ", bound " << seen.bound << ", id at " << seen.id_unix_ms << ", bound at "
               << seen.bound_unix_ms << (seen.notice ? ", notice" : "")
               << (seen.before ? ", before" : "") << (seen.around ? ", around" : "") << '}';
  }
};

inline SeenCommand seen(const Command& command) {
  return {command.verb,
          std::string(command.target),
          std::string(command.text),
          std::string(command.peer),
          std::string(command.tags),
          std::string(command.user),
          std::string(command.client_id),
          command.refusal,
          command.count,
          command.notice,
          command.before,
          command.id,
          command.bound,
          command.id_unix_ms,
          command.bound_unix_ms,
          command.around};
}

inline const ServerInfo& irc_server() {
  static const ServerInfo server = [] {
    ServerInfo info;
    info.name = "irc.test";
    info.network = "TestNet";
    info.version = "reactor-chat-1";
    info.started_unix_ms = 1'700'000'000'000;
    return info;
  }();
  return server;
}

// An IRC codec at a connection, with just so much of a hub behind it that it is answered: what the
// codec knows by itself comes back, and who registers with a name that is not taken is registered.
class IrcClient final : private CommandSink {
 public:
  static constexpr std::string_view kOrigin = "~al@here";
  static constexpr std::int64_t kNow = 1'700'000'000'123;

  explicit IrcClient(const ServerInfo& server = irc_server()) : codec(limits, server) {}

  IrcClient(const IrcClient&) = delete;
  IrcClient& operator=(const IrcClient&) = delete;

  // As alice, with these capabilities; what came of that is thrown away.
  void log_in(std::string_view wanted = {}) {
    send("NICK alice\r\nUSER al 0 * :Alice A.\r\n");
    if (!wanted.empty()) {
      send("CAP REQ :" + std::string(wanted) + "\r\n");
    }
    output.clear();
    commands.clear();
    capabilities.clear();
    wire_bytes.clear();
  }

  // Bytes come, and what was not taken comes again with more behind it.
  void send(std::string_view bytes) {
    pending.append(bytes);
    const std::size_t taken = codec.parse(pending, *this);
    ASSERT_LE(taken, pending.size());
    pending.erase(0, taken);
    ASSERT_LE(pending.size(), limits.line_bytes_max * 2 + 2);
  }

  // What a line is answered.
  std::string ask(std::string_view line) {
    output.clear();
    send(std::string(line) + "\r\n");
    return std::exchange(output, {});
  }

  // The only command that comes of a line.
  SeenCommand command(std::string_view line) {
    const std::vector<SeenCommand> all = commands_of(line);
    EXPECT_EQ(all.size(), 1U) << line;
    return all.empty() ? SeenCommand() : all.front();
  }

  std::vector<SeenCommand> commands_of(std::string_view line) {
    commands.clear();
    send(std::string(line) + "\r\n");
    return std::exchange(commands, {});
  }

  std::string told(const Event& event) {
    std::string out;
    codec.answer(event, out);
    return out;
  }

  Limits limits;
  IrcCodec codec;
  std::string taken_name = "taken";
  std::string pending;
  std::string output;
  std::vector<SeenCommand> commands;
  std::vector<Capabilities> capabilities;  // of each command
  std::vector<std::size_t> wire_bytes;     // likewise
  std::size_t commands_max = SIZE_MAX;     // then it wants no more

 private:
  bool on_command(const Command& command, std::size_t line_bytes) override {
    commands.push_back(seen(command));
    capabilities.push_back(command.capabilities);
    wire_bytes.push_back(line_bytes);
    react(command);
    return commands.size() < commands_max;
  }

  void react(const Command& command) {
    Event event;
    event.to.shard = 0;
    event.unix_ms = kNow;
    event.client_id = command.client_id;
    event.text = command.text;
    event.count = command.count;
    switch (command.verb) {
      case Verb::kAnswer:
        event.kind = EventKind::kAnswer;
        break;
      case Verb::kPing:
        event.kind = EventKind::kPong;
        break;
      case Verb::kHello:
        event.kind = EventKind::kWelcome;
        break;
      case Verb::kLabelEnd:
        event.kind = EventKind::kLabelEnd;
        break;
      case Verb::kReject:
        event.kind = EventKind::kError;
        event.refusal = command.refusal;
        event.subject = command.target;
        break;
      case Verb::kRegister:
        event.kind = command.target == taken_name ? EventKind::kError : EventKind::kRegistered;
        event.refusal = command.target == taken_name ? Refusal::kNameTaken : Refusal::kNone;
        event.subject = command.target;
        event.origin = kOrigin;
        break;
      default:
        return;
    }
    codec.answer(event, output);
  }
};

// The lines without their ends; each has to have one.
inline std::vector<std::string> irc_lines(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) {
      ADD_FAILURE() << "the last line has no end: " << bytes;
      return lines;
    }
    lines.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end + 2);
  }
  return lines;
}

}  // namespace chat
