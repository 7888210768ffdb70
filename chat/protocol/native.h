#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"
#include "chat/protocol/line_splitter.h"

namespace chat {

// The native line protocol, version 1, as chat/PROTOCOL.md describes it: by hand until the client
// says HELLO, by program afterwards. limits is not owned and outlives the codec.
class NativeCodec final : public Codec {
 public:
  explicit NativeCodec(const Limits& limits) : limits_(limits) {}

  std::size_t parse(std::string_view bytes, CommandSink& sink) override;
  WireFormat format() const override;
  void answer(const Event& event, std::string& out) override;

 private:
  // False when the sink wants no more.
  bool take_line(const WireLine& line, CommandSink& sink);
  // Whether the line, whole or only its beginning, has more bytes than one can have.
  bool is_too_long(std::string_view line) const;
  Command by_hand(std::string_view line);
  Command by_program(std::string_view line);
  Command by_program_without_tags(std::string_view line);
  Command hello(std::optional<std::string_view> fields);

  const Limits& limits_;
  LineSplitter lines_;
  bool program_ = false;
  Capabilities capabilities_;
  std::string granted_;  // the same in words
};

// Appends the event to out in a native format, as one or more whole lines; nothing for events that
// the format does not tell. Lists are continued over several lines of at most
// limits.line_bytes_max; a message is never cut, so its line can be longer than the one that
// brought it by what is put in front (PROTOCOL.md gives the bound). Allocates only when out has to
// grow.
void encode_native(const Event& event, WireFormat format, const Limits& limits, std::string& out);

}  // namespace chat
