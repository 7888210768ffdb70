#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "chat/message.h"
#include "chat/protocol/codec.h"

namespace chat {

// How much a client can say at once; RPL_ISUPPORT tells it.
inline constexpr std::size_t kIrcTopicBytesMax = 390;
inline constexpr std::size_t kIrcTargetsMax = 4;  // of a message, and of KICK

inline constexpr std::uint32_t kIrcTimeNumber = 391;

// What one line of an IRC client becomes: the commands that go to the hub, all of them under the
// line's label. Lives as long as its line; nothing is owned.
class IrcTurn {
 public:
  // label: empty when the line has none. wire_bytes: of the line.
  IrcTurn(CommandSink& sink, const Capabilities& capabilities, std::string_view label,
          std::size_t wire_bytes)
      : sink_(sink), capabilities_(capabilities), label_(label), wire_bytes_(wire_bytes) {}
  IrcTurn(const IrcTurn&) = delete;
  IrcTurn& operator=(const IrcTurn&) = delete;

  // The sink wants no more than this line: who reads more slowly is to lose nothing of it.
  bool is_over() const { return is_over_; }

  void submit(Command command);
  void submit(Verb verb, std::string_view target = {}, std::string_view text = {});
  void refuse(Refusal refusal, std::string_view subject, std::string_view text);
  // What the codec knows by itself: a numeric, with what is behind the client's name.
  void answer(std::uint32_t number, std::initializer_list<std::string_view> parts);
  // Likewise a line, with what is behind the server's name.
  void answer_line(std::initializer_list<std::string_view> parts);
  // Nothing more comes of the line. REQUIRES: nothing is submitted behind this.
  void end();

 private:
  CommandSink& sink_;
  const Capabilities& capabilities_;
  const std::string_view label_;
  std::size_t wire_bytes_;  // the first command has them all
  bool is_over_ = false;
};

// The text as one parameter among others.
std::string as_irc_word(std::string_view text);

}  // namespace chat
