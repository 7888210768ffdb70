#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"

namespace chat {

// What CHATHISTORY TARGETS is answered: where and with whom something was said, and when last.
// Gathers the last message of each until all are there, and picks those that were asked for. A
// plain value, one for each codec; as large as what the hub has asked the store for.
class IrcTargets {
 public:
  // The last message of one of them.
  void add(const Event& message);
  // All are there. question: "1 99 10": the two times, neither of them included, and how many from
  // the first one on. name: the client's when it asked. Appends lines, the earliest first.
  void take(std::string_view question, std::string_view name, std::string_view server,
            std::string& out);

 private:
  struct Target {
    std::string room;    // with its # in front; empty: a private message
    std::string sender;  // of that
    std::string recipient;
    std::int64_t unix_ms = 0;
  };
  std::vector<Target> all_;
};

}  // namespace chat
