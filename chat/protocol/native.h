#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"

namespace chat {

// The native line protocol, version 1, as chat/PROTOCOL.md describes it: by hand until the client
// says HELLO, by program afterwards. limits is not owned and outlives the codec.
class NativeCodec final : public Codec {
 public:
  explicit NativeCodec(const Limits& limits) : limits_(limits) {}

  std::size_t parse(std::string_view bytes, CommandSink& sink) override;
  WireFormat format() const override;
  bool wants_presence() const override { return presence_; }

 private:
  // The author of native.cc completes this part.
  const Limits& limits_;
  bool program_ = false;
  bool tags_ = false;
  bool presence_ = false;
  bool discarding_ = false;  // the rest of a line that was too long
};

// Appends the event to out in a native format, as one or more whole lines, each at most
// limits.line_bytes_max long (tags apart); nothing for events that the format does not tell.
void encode_native(const Event& event, WireFormat format, const Limits& limits, std::string& out);

}  // namespace chat
