#pragma once

#include <sys/stat.h>

#include <string>
#include <unordered_map>

#include "reactor/net.h"

namespace reactor {

// The socket calls, which the systems share; a backend adds watching and waiting.
class PosixNet : public Net {
 public:
  // Throws std::system_error when there is no descriptor left to keep in reserve.
  PosixNet();
  PosixNet(const PosixNet&) = delete;
  PosixNet& operator=(const PosixNet&) = delete;
  ~PosixNet() override;

  Opened listen(const Address& address, const ListenOptions& options) final;
  Address local_address(int fd) final;
  Accepted accept(int listener) final;
  bool shed(int listener) final;
  Opened connect(const Address& address, const Address& from) final;
  int connect_error(int fd) final;
  IoResult read(int fd, std::span<char> into) final;
  void write_batch(std::span<WriteOp> ops) override;
  void shutdown_write(int fd) final;
  void close(int fd) final;
  TimePoint now() final;
  std::int64_t unix_ms() final;

 private:
  // The file of a listening Unix socket, and which file it was when we made it: by the time it is
  // removed, another server may have put its own in that place.
  struct SocketFile {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
  };

  int bind_unix(int fd, const Address& address);

  int reserve_fd_;
  std::unordered_map<int, SocketFile> socket_files_;  // by listening descriptor
};

}  // namespace reactor
