#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"
#include "chat/protocol/native.h"
#include "reactor/turn_arena.h"

namespace chat {

// One event after the other in every wire format that somebody needs, each encoded once, when it is
// first asked for. What it has encoded stays until end_turn, one event behind the other, for
// Connection::send_borrowed. Owned by the Shard.
class EncodedEvent {
 public:
  EncodedEvent(const Limits& limits, reactor::BufferPool& pool)
      : limits_(limits), formats_{Format(pool), Format(pool), Format(pool)} {}

  // event is used until the next begin.
  void begin(const Event& event) {
    event_ = &event;
    for (Format& format : formats_) {
      format.is_encoded = false;
    }
  }

  std::string_view in(WireFormat wire_format) {
    Format& format = formats_[static_cast<std::size_t>(wire_format)];
    if (!format.is_encoded) {
      format.is_encoded = true;
      format.scratch.clear();
      encode_native(*event_, wire_format, limits_, format.scratch);
      format.bytes = format.arena.add(format.scratch);
    }
    return format.bytes;
  }

  // Nobody borrows any more.
  void end_turn() {
    for (Format& format : formats_) {
      format.is_encoded = false;
      format.arena.clear();
    }
  }

 private:
  struct Format {
    explicit Format(reactor::BufferPool& pool) : arena(pool) {}

    bool is_encoded = false;
    std::string_view bytes;  // in the arena
    std::string scratch;     // kept for its memory
    reactor::TurnArena arena;
  };

  const Limits& limits_;
  const Event* event_ = nullptr;
  std::array<Format, kWireFormatCount> formats_;
};

}  // namespace chat
