#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tools/loadgen/wire.h"

namespace loadgen {

// What all wires share: takes the server's bytes apart frame by frame (a line, a packet), drops
// what is delivered before on_ready, and ends for good with a refusal or a goodbye.
class FramedWire : public Wire {
 public:
  std::size_t parse(std::string_view bytes, std::string& out, WireEvents& events) final;
  void quit(std::string& out) final;
  // It has said or seen its last: nothing is reported any more.
  bool is_over() const { return over_; }

 protected:
  // Deals with the first frame of bytes and returns its length; 0 while it is not all there. Sees
  // never more than kFrameBytesMax at once and is asked again with more, so that it makes no
  // difference how the stream was cut.
  virtual std::size_t parse_frame(std::string_view bytes, std::string& out) = 0;
  virtual void say_goodbye(std::string& out) = 0;

  // A new connection: nothing of the one before holds any more.
  void start_over() {
    ready_ = false;
    over_ = false;
  }

  // Whose events they are from now on; null: nobody's.
  void report_to(WireEvents* events) { events_ = events; }
  // While there is somebody to report to, as during parse_frame.
  WireEvents& events() { return *events_; }
  void report_ready();
  void report_delivery(std::string_view payload) {
    if (ready_) {
      events_->on_delivery(payload);
    }
  }
  // said: of the server, shown in part and made harmless.
  void refuse(std::string_view why, std::string_view said = {});

 private:
  WireEvents* events_ = nullptr;  // during parse
  bool ready_ = false;
  bool over_ = false;
};

// What lines have in common, whoever puts them into the stream and takes them out of it.
class LineWire : public FramedWire {
 public:
  // Deals with a line that came by itself, without its end.
  void take_line(std::string_view line, std::string& out, WireEvents& events);

 protected:
  virtual void on_line(std::string_view line, std::string& out) = 0;

 private:
  std::size_t parse_frame(std::string_view bytes, std::string& out) final;
};

// A reason for a refusal, with a part of what the server has said, made harmless.
std::string refusal(std::string_view why, std::string_view said);

// A line without the CR that some protocols put before its LF.
inline std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

// Takes the first word off the front of line, and the one space behind it.
std::string_view take_word(std::string_view& line);

// A length on the wire: decimal digits only, and no more than kFrameBytesMax.
std::optional<std::size_t> parse_length(std::string_view digits);

}  // namespace loadgen
