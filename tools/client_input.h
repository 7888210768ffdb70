#pragma once

#include <atomic>
#include <cstddef>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

#include "reactor/mailbox.h"

namespace chat {

// Receives what is typed or piped in, on the loop's thread.
class InputSink {
 public:
  // The next piece follows after InputReader::resume().
  virtual void on_input(std::string_view bytes) = 0;
  // There is no more. error: an errno value, or 0 at the end.
  virtual void on_input_end(int error) = 0;

 protected:
  ~InputSink() = default;
};

// Reads a descriptor on a thread of its own and hands the bytes to the loop, one piece at a time.
//
// Why a thread, when there is an event loop: standard input can be a terminal, a pipe, a socket
// or a file. epoll refuses files, kqueue has trouble with terminals on some systems, and an
// edge-triggered loop would need O_NONBLOCK, which belongs to the open file and thus to the shell
// and everyone else who has it open, also after a crash of ours. A blocking read does without all
// that. The loop's part of the work stays on the loop's thread.
class InputReader final : private reactor::MailHandler<std::string> {
 public:
  // sink is not owned and outlives the reader. Begins to read at once.
  InputReader(reactor::Reactor& reactor, int fd, InputSink& sink);
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;
  // Ends the thread, wherever it is.
  ~InputReader();

  // The sink is done with what it got.
  void resume();

 private:
  static constexpr std::size_t kPieceBytes = 4096;

  void run();
  bool wait_readable() const;
  void on_mail(std::string& bytes) override;

  const int fd_;
  InputSink& sink_;
  reactor::Mailbox<std::string> mailbox_;  // an empty piece is the end
  std::binary_semaphore wanted_{1};
  std::atomic<bool> stopping_{false};
  int error_ = 0;  // written before the end is posted, read after it came
  int stop_pipe_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace chat
