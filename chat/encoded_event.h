#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"
#include "chat/protocol/native.h"

namespace chat {

// One event in every wire format that somebody needs, each encoded once, when it is first asked
// for. Used again for the next event, so that its buffers are allocated once. Owned by the Shard.
class EncodedEvent {
 public:
  explicit EncodedEvent(const Limits& limits) : limits_(limits) {}

  // event is used until the next begin.
  void begin(const Event& event) {
    event_ = &event;
    encoded_.fill(false);
  }

  std::string_view in(WireFormat format) {
    const auto index = static_cast<std::size_t>(format);
    if (!encoded_[index]) {
      encoded_[index] = true;
      bytes_[index].clear();
      encode_native(*event_, format, limits_, bytes_[index]);
    }
    return bytes_[index];
  }

 private:
  const Limits& limits_;
  const Event* event_ = nullptr;
  std::array<bool, kWireFormatCount> encoded_{};
  std::array<std::string, kWireFormatCount> bytes_;
};

}  // namespace chat
