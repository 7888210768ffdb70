#pragma once

#include <cstdint>
#include <string_view>

#include "chat/message.h"

namespace chat {

// How a refusal looks in IRC: as the numeric that clients know, or, where there is none, as the
// standard reply FAIL with a code.
struct IrcRefusal {
  // What stands between the client's name and the text.
  enum class Subject : std::uint8_t { kNone, kWord, kRoom, kWordAndRoom };

  std::uint32_t number = 0;  // 0: there is none
  std::string_view code;     // of the standard reply
  Subject subject = Subject::kNone;
  std::string_view text;  // empty: the event's
};

IrcRefusal irc_refusal_of(Refusal refusal);

}  // namespace chat
