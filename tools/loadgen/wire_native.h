#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/loadgen/wire_framed.h"

namespace loadgen {

// What is said in our own line protocol to be in a channel, and what is heard there.
struct NativeWords {
  NativeWords(std::string_view name, const Channel& channel);

  std::string login;            // behind HELLO
  std::string entered;          // the line that tells that we are there
  std::string delivery_prefix;  // up to the sender's name
  std::string publish_prefix;
};

// What is wrong with a line that nobody has asked for; empty if nothing is.
std::string_view complaint_about(std::string_view line);

// Our own line protocol, spoken as a program and without capabilities.
class NativeWire final : public LineWire {
 public:
  NativeWire(std::string_view name, const Channel& channel);

  void begin(std::string& out) override;
  void publish(std::string_view payload, std::string& out) override;

 private:
  void on_line(std::string_view line, std::string& out) override;
  void say_goodbye(std::string& out) override;
  // A line that is no delivery in our channel.
  void on_other_line(std::string_view line);

  const NativeWords words_;
};

}  // namespace loadgen
