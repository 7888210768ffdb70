#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "chat/irc_answers.h"

// Only for the files that IrcAnswers is made of.
namespace chat {

class IrcAnswers::List {
 public:
  // head: what each line begins with.
  List(IrcAnswers& answers, const Client& to, std::uint32_t number, std::string head,
       char separator = ' ')
      : answers_(answers),
        to_(to),
        number_(number),
        separator_(separator),
        head_bytes_(head.size()),
        bytes_max_(answers.bytes_max(to)),
        line_(std::move(head)) {}

  void add(std::string_view item) {
    if (!is_empty() && line_.size() + 1 + item.size() > bytes_max_) {
      end();
    }
    if (!is_empty()) {
      line_ += separator_;
    }
    line_ += item;
  }
  // Tells what is left to tell.
  void end() {
    if (!is_empty()) {
      tell_line();
    }
  }
  // Likewise, but says something also when there was nothing.
  void end_with_a_line() {
    if (!is_empty() || lines_ == 0) {
      tell_line();
    }
  }

 private:
  bool is_empty() const { return line_.size() == head_bytes_; }
  void tell_line() {
    answers_.tell(to_, number_, line_);
    line_.resize(head_bytes_);
    ++lines_;
  }

  IrcAnswers& answers_;
  const Client& to_;
  const std::uint32_t number_;
  const char separator_;
  const std::size_t head_bytes_;
  const std::size_t bytes_max_;
  std::string line_;
  std::size_t lines_ = 0;
};

}  // namespace chat
