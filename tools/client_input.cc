#include "tools/client_input.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <system_error>

namespace chat {

InputReader::InputReader(reactor::Reactor& reactor, int fd, InputSink& sink)
    : fd_(fd), sink_(sink), mailbox_(reactor, *this) {
  if (pipe(stop_pipe_) != 0) {
    throw std::system_error(errno, std::generic_category(), "can't make a pipe");
  }
  for (const int end : stop_pipe_) {
    fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  thread_ = std::thread([this] { run(); });
}

InputReader::~InputReader() {
  stopping_ = true;
  wanted_.release();
  close(stop_pipe_[1]);  // ends the poll
  thread_.join();
  close(stop_pipe_[0]);
}

void InputReader::resume() { wanted_.release(); }

void InputReader::run() {
  // Signals are for the main thread.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);

  std::array<char, kPieceBytes> piece;
  while (true) {
    wanted_.acquire();
    if (stopping_ || !wait_readable()) {
      return;
    }
    const ssize_t size = read(fd_, piece.data(), piece.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) {
      wanted_.release();
      continue;
    }
    error_ = size < 0 ? errno : 0;
    mailbox_.post(std::string(piece.data(), size > 0 ? static_cast<std::size_t>(size) : 0));
    if (size <= 0) {
      return;
    }
  }
}

// False when the reader is being destroyed.
bool InputReader::wait_readable() const {
  std::array<pollfd, 2> watched{{{.fd = fd_, .events = POLLIN, .revents = 0},
                                 {.fd = stop_pipe_[0], .events = POLLIN, .revents = 0}}};
  while (poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
  }
  return watched[1].revents == 0;
}

void InputReader::on_mail(std::string& bytes) {
  if (bytes.empty()) {
    sink_.on_input_end(error_);
  } else {
    sink_.on_input(bytes);
  }
}

}  // namespace chat
