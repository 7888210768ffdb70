#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chat {

// What answers a labelled line, until it is known to be all: the answer to `@label=x WHOIS bob` is
// one line with that label, or a batch of them, or an ACK when there is nothing to say. Beyond
// kHeldBytesMax the batch begins before its end is known. A plain value, one for each codec.
class IrcLabels {
 public:
  static constexpr std::size_t kHeldBytesMax = std::size_t{16} << 10;

  // Whole lines that answer the label. What another label has got so far is all.
  void add(std::string_view label, std::string_view lines, std::string_view server,
           std::string& out);
  // The beginning of a batch that is the answer; the rest of it comes whenever it comes.
  void add_batch(std::string_view label, std::string_view line, std::string_view server,
                 std::string& out);
  // There is no more for this label.
  void end(std::string_view label, std::string_view server, std::string& out);

 private:
  void begin(std::string_view label, std::string_view server, std::string& out);
  void open_batch(std::string_view server, std::string& out);
  void finish(std::string_view server, std::string& out);

  std::string label_;  // empty: none is being answered
  std::string held_;
  std::size_t held_lines_ = 0;
  std::string batch_;  // its reference, once it has begun
  std::uint64_t batches_ = 0;
  bool is_answered_ = false;  // by a batch of its own
};

}  // namespace chat
