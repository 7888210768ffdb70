#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

// A chat-server of our own on an ephemeral loopback port, watched through /proc (Linux). It is
// ended with the object.
class ServerProcess {
 public:
  // Throws std::runtime_error when it does not come up.
  ServerProcess(const std::string& program, const std::vector<std::string>& arguments);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  // "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  std::size_t resident_bytes() const;
  // User and system time since its start.
  double cpu_seconds() const;
  // Binds it to one processor, where the system can; the caller gets the others.
  void pin(int processor) const;

 private:
  std::string wait_until_listening(int log_fd);

  pid_t pid_ = -1;
  std::string address_;
};

}  // namespace bench
