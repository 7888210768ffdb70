#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/loadgen/wire_framed.h"

namespace loadgen {

// IRC (RFC 2812) without capabilities.
class IrcWire final : public LineWire {
 public:
  // listens, speaks: a channel with its # or a nickname. Joins `listens` unless it is name.
  IrcWire(std::string name, std::string listens, std::string_view speaks);

  void begin(std::string& out) override;
  void publish(std::string_view payload, std::string& out) override;

 private:
  void on_line(std::string_view line, std::string& out) override;
  void say_goodbye(std::string& out) override;
  // A line that is no delivery, or is one that was written in another way than usual.
  void on_other_line(std::string_view line, std::string& out);
  // An answer with a number. parameters: without our nickname, which is the first of all of them.
  void on_answer(std::string_view number, std::string_view parameters, std::string& out);

  std::string name_;
  std::string listens_;
  std::string delivery_middle_;  // between the sender and the payload
  std::string publish_prefix_;
};

}  // namespace loadgen
