#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace chat {

struct WireLine {
  std::string_view text;       // without its end, LF or CR LF
  std::size_t wire_bytes = 0;  // what it took in all
  bool is_too_long = false;    // the text may be only the last part
};

// Cuts what arrives into lines, of which none that is too long is kept. Owned by a codec.
class LineSplitter {
 public:
  // Calls take(const WireLine&) for each whole line until that returns false.
  // is_too_long(std::string_view) is asked of lines, or of their beginnings, without their end.
  // Returns how many of the bytes are done with; the others are to be given again, with more.
  template <class IsTooLong, class Take>
  std::size_t split(std::string_view bytes, const IsTooLong& is_too_long, const Take& take) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const std::string_view rest = bytes.substr(done);
      const void* const end = std::memchr(rest.data(), '\n', rest.size());
      if (end == nullptr) {
        // The answer to a line that is too long waits for its LF, so that it stands in the same
        // place however the bytes arrive; its bytes need not be kept until then.
        if (discarded_bytes_ > 0 || is_too_long(without_cr(rest))) {
          discarded_bytes_ += rest.size();
          return bytes.size();
        }
        return done;
      }
      const auto length = static_cast<std::size_t>(static_cast<const char*>(end) - rest.data());
      done += length + 1;
      const std::size_t discarded = std::exchange(discarded_bytes_, 0);
      WireLine line;
      line.text = without_cr(rest.substr(0, length));
      line.wire_bytes = discarded + length + 1;
      line.is_too_long = discarded > 0 || is_too_long(line.text);
      if (!take(line)) {
        return done;
      }
    }
    return done;
  }

 private:
  static std::string_view without_cr(std::string_view line) {
    return line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0));
  }

  std::size_t discarded_bytes_ = 0;  // of the line that is being read and was found too long
};

}  // namespace chat
