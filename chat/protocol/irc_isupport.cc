#include "chat/protocol/irc_isupport.h"

#include <fmt/format.h>

#include "chat/protocol/irc_turn.h"

namespace chat {
namespace {

// A line has 15 parameters: the client's name, these, and the text behind them.
constexpr std::size_t kTokensPerLineMax = 13;
constexpr std::string_view kText = " :are supported by this server";

// Values have no spaces.
std::string as_value(std::string_view text) {
  std::string value;
  for (const char c : text) {
    value += c == ' ' ? std::string_view("\\x20") : std::string_view(&c, 1);
  }
  return value;
}

std::vector<std::string> all_tokens(const Limits& limits, const ServerInfo& server) {
  std::vector<std::string> tokens{
      fmt::format("NETWORK={}", as_value(server.network)),
      "CASEMAPPING=ascii",
      "CHANTYPES=#",
      "PREFIX=(ov)@+",
      "CHANMODES=beI,k,l,imnst",
      fmt::format("MODES={}", kModeParametersMax),
      fmt::format("MAXLIST=beI:{}", limits.room_list_max),
      "EXCEPTS=e",
      "INVEX=I",
      "ELIST=MNU",
      "WHOX",
      fmt::format("MONITOR={}", limits.monitor_max),
      "UTF8ONLY",
      fmt::format("NICKLEN={}", limits.name_length_max),
      fmt::format("CHANNELLEN={}", limits.room_name_length_max + 1),
      fmt::format("CHANLIMIT=#:{}", limits.rooms_per_client_max),
      fmt::format("USERLEN={}", kUserBytesMax),
      fmt::format("NAMELEN={}", kRealNameBytesMax),
      fmt::format("KEYLEN={}", kRoomKeyBytesMax),
      fmt::format("TOPICLEN={}", kIrcTopicBytesMax),
      fmt::format("KICKLEN={}", kReasonBytesMax),
      fmt::format("AWAYLEN={}", kAwayBytesMax),
      fmt::format("MAXTARGETS={}", kIrcTargetsMax),
      fmt::format("TARGMAX=PRIVMSG:{0},NOTICE:{0},TAGMSG:{0},KICK:{0},JOIN:,PART:,NAMES:1,WHOIS:1",
                  kIrcTargetsMax),
  };
  if (server.offers_irc_history) {
    tokens.push_back(fmt::format("CHATHISTORY={}", limits.history_count_max));
    tokens.emplace_back("MSGREFTYPES=msgid,timestamp");
  }
  return tokens;
}

}  // namespace

std::vector<std::string> irc_isupport(const Limits& limits, const ServerInfo& server) {
  std::vector<std::string> lines;
  std::size_t tokens_in_line = kTokensPerLineMax;
  for (const std::string& token : all_tokens(limits, server)) {
    if (tokens_in_line == kTokensPerLineMax) {
      lines.emplace_back();
      tokens_in_line = 0;
    }
    lines.back() += lines.back().empty() ? "" : " ";
    lines.back() += token;
    ++tokens_in_line;
  }
  for (std::string& line : lines) {
    line += kText;
  }
  return lines;
}

}  // namespace chat
