#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chat {

// How the server calls itself. Fixed from the start; shared by all threads.
struct ServerInfo {
  std::string name = "reactor-chat";  // as in a host name: in front of what IRC clients are told
  std::string network = "reactor-chat";
  std::string version;
  std::int64_t started_unix_ms = 0;
  std::vector<std::string> message_of_the_day;  // lines
  // By which IRC clients learn to use TLS only: "duration=2592000,port=6697"; empty: they need not.
  std::string sts;
  bool offers_irc_history = false;  // draft/chathistory
};

}  // namespace chat
