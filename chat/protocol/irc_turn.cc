#include "chat/protocol/irc_turn.h"

#include <utility>

#include "chat/protocol/irc_writer.h"

namespace chat {

void IrcTurn::submit(Command command) {
  command.capabilities = capabilities_;
  command.client_id = label_;
  is_over_ |= !sink_.on_command(command, std::exchange(wire_bytes_, 0));
}

void IrcTurn::submit(Verb verb, std::string_view target, std::string_view text) {
  Command command;
  command.verb = verb;
  command.target = target;
  command.text = text;
  submit(command);
}

void IrcTurn::refuse(Refusal refusal, std::string_view subject, std::string_view text) {
  Command command;
  command.verb = Verb::kReject;
  command.refusal = refusal;
  command.target = subject;
  command.text = text;
  submit(command);
}

void IrcTurn::answer(std::uint32_t number, std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) {
    text += part;
  }
  Command command;
  command.verb = Verb::kAnswer;
  command.count = number;
  command.text = text;
  submit(command);
}

void IrcTurn::answer_line(std::initializer_list<std::string_view> parts) { answer(0, parts); }

void IrcTurn::end() {
  if (!label_.empty()) {
    submit(Verb::kLabelEnd);
  }
}

std::string as_irc_word(std::string_view text) {
  std::string word;
  append_irc_word(word, text);
  return word;
}

}  // namespace chat
