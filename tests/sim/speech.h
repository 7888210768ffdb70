#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

// How a simulated peer speaks. Tests are written in the lines of the native protocol; what the peer
// says and hears is translated from and to whatever it speaks.
class Speech {
 public:
  virtual ~Speech() = default;

  // What goes first, before any line.
  virtual std::string greeting() { return {}; }
  // A native line, without its end, as it goes over the network.
  virtual std::string say(std::string_view line) = 0;
  // Takes what it understands off the front of bytes, and appends it as native lines.
  virtual void hear(std::string& bytes, std::vector<std::string>& lines) = 0;
};

enum class Speaks : std::uint8_t { kNative, kWebSocket, kIrc };

std::unique_ptr<Speech> make_speech(Speaks speaks);

}  // namespace sim
