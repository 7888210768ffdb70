#pragma once

#include <string>
#include <string_view>

#include "tools/client_app.h"
#include "tools/client_input.h"

namespace chat {

// Standard input as lines, for pipes and for terminals that can't do more. Lines wait while there
// is no session or the server can't keep up, and so does whoever writes them; after the last one
// the client quits, in order. Lives on the loop's thread.
class Script final : private InputSink {
 public:
  // Neither is owned; both outlive the script.
  Script(reactor::Reactor& reactor, int fd, ClientApp& app)
      : app_(app), reader_(reactor, fd, *this) {}
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  // Plays as many lines as it may. To be called at the end of every turn of the loop.
  void play();
  // Why the input could not be read; 0: it could.
  int error() const { return error_; }

 private:
  // More of a line need not be kept to find out that it is too long.
  static constexpr std::size_t kLineBytesMax = Client::kSentLineBytesMax + 1;

  void on_input(std::string_view bytes) override;
  void on_input_end(int error) override;
  bool may_play() const;
  bool take_line();

  ClientApp& app_;
  std::string piece_;  // what the reader has brought
  std::string line_;   // the front of the next line
  int error_ = 0;
  bool holds_input_ = false;  // the reader waits until piece_ is played
  bool ended_ = false;
  InputReader reader_;
};

}  // namespace chat
