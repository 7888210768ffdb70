#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"
#include "chat/protocol/encode.h"
#include "reactor/turn_arena.h"

namespace chat {

// One event after the other in every wire format that somebody needs, each encoded once, when it is
// first asked for. What it has encoded stays until end_turn, one event behind the other, for
// Connection::send_borrowed. Owned by the Shard.
class EncodedEvent {
 public:
  // Stands for a format, for as long as this lives. There are only so many formats.
  using FormatIndex = std::uint16_t;

  EncodedEvent(const Limits& limits, reactor::BufferPool& pool)
      : limits_(limits), pool_(pool), answers_(pool) {}

  FormatIndex index_of(const WireFormat& wire_format) {
    const auto found = std::ranges::find(formats_, wire_format, &Format::wire_format);
    const auto index = static_cast<FormatIndex>(found - formats_.begin());
    if (found == formats_.end()) {
      formats_.emplace_back(wire_format, pool_);
    }
    return index;
  }

  // event is used until the next begin.
  void begin(const Event& event) {
    event_ = &event;
    ++event_number_;
  }

  // Empty: the format does not tell of this event.
  std::string_view in(FormatIndex index) {
    Format& format = formats_[index];
    if (format.encoded != event_number_) {
      format.encoded = event_number_;
      scratch_.clear();
      encode_delivery(*event_, format.wire_format, limits_, scratch_);
      format.bytes = format.arena.add(scratch_);
    }
    return format.bytes;
  }

  // The same for the one whom the event is for.
  std::string_view answer(Codec& codec) {
    scratch_.clear();
    codec.answer(*event_, scratch_);
    return answers_.add(scratch_);
  }

  // Nobody borrows any more.
  void end_turn() {
    ++event_number_;
    answers_.clear();
    for (Format& format : formats_) {
      format.arena.clear();
    }
  }

 private:
  struct Format {
    Format(const WireFormat& its_format, reactor::BufferPool& pool)
        : wire_format(its_format), arena(pool) {}

    WireFormat wire_format;
    std::uint64_t encoded = 0;  // which event the bytes are of
    std::string_view bytes;     // in the arena
    reactor::TurnArena arena;
  };

  const Limits& limits_;
  reactor::BufferPool& pool_;
  const Event* event_ = nullptr;
  std::uint64_t event_number_ = 0;
  std::string scratch_;  // kept for its memory
  reactor::TurnArena answers_;
  std::vector<Format> formats_;
};

}  // namespace chat
