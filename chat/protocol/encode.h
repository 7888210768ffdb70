#pragma once

#include <cstddef>
#include <string>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"

namespace chat {

// Appends to out how an event that many are told of looks in the format, framed as the format says;
// nothing when the format does not tell of it. Allocates only when out has to grow.
void encode_delivery(const Event& event, const WireFormat& format, const Limits& limits,
                     std::string& out);

// Makes a message in the framing of each line that out has behind `start`, its line end left out.
// REQUIRES: each has one.
void frame_lines(WireFormat::Framing framing, std::size_t start, std::string& out);

}  // namespace chat
