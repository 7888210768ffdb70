#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/irc_writer.h"
#include "chat/server_info.h"

namespace chat {

// Writes what the server tells one client. A plain value for the time of one answer; nothing is
// owned.
class IrcAnswer {
 public:
  // name: the client's, or * while it has none. takes_standard_replies: the capability.
  IrcAnswer(const ServerInfo& server, const Limits& limits, std::string_view name,
            bool takes_standard_replies, std::string& out)
      : server_(server),
        limits_(limits),
        name_(name),
        takes_standard_replies_(takes_standard_replies),
        out_(out) {}

  void capabilities(std::string_view granted);
  void pong(std::string_view text);
  void bye(std::string_view reason);
  void registered(std::string_view origin);
  void error(const Event& event);
  void history_failed(const Event& event);
  void numeric_or_line(const Event& event);
  void topic(const Event& event);
  void modes(const Event& event);
  void inviting(const Event& event);
  // What only clients of the native protocol need to be told, in plain words. False: it is none of
  // that.
  bool in_words(const Event& event);

 private:
  // :server COMMAND words :text
  void line(std::string_view command, std::initializer_list<std::string_view> words,
            std::initializer_list<std::string_view> text);
  void numeric(std::uint32_t number, std::initializer_list<std::string_view> text);
  void notice(std::initializer_list<std::string_view> text);
  // FAIL or NOTE, or a notice for who does not know them.
  void standard_reply(std::string_view kind, std::string_view code, std::string_view context,
                      std::string_view text);
  void begin_numeric(IrcWriter& writer, std::uint32_t number) const;

  const ServerInfo& server_;
  const Limits& limits_;
  const std::string_view name_;
  const bool takes_standard_replies_;
  std::string& out_;
};

}  // namespace chat
