#pragma once

#include <string>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"

namespace chat {

// Appends to out how an event that many are told of looks in IRC with the features of format (its
// framing is not looked at): whole lines that end in CR LF; nothing for what IRC does not tell.
// A text that has no room in one line is continued in the next, cut between characters. Allocates
// only when out has to grow.
void encode_irc(const Event& event, const WireFormat& format, const Limits& limits,
                std::string& out);

}  // namespace chat
