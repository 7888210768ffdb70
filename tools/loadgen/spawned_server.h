#pragma once

#include <sys/types.h>

#include <string>

#include "reactor/address.h"

namespace loadgen {

// A server that the load generator starts for its run and ends with it. Its output goes to a file
// that is read only to see where it listens, and shown when it fails.
class SpawnedServer {
 public:
  // command: for the shell. Waits until the server says "listening on ADDRESS" or, if it never
  // does, takes a connection at host_and_port. Throws std::runtime_error, with what the server
  // wrote, when it does neither within 10 s.
  SpawnedServer(const std::string& command, const std::string& host_and_port);
  SpawnedServer(const SpawnedServer&) = delete;
  SpawnedServer& operator=(const SpawnedServer&) = delete;
  // Asks it to stop, and kills it when it does not within 2 s.
  ~SpawnedServer();

  // Ends it at once, as a crash would (SIGKILL), with whatever it has started. Waits until it is
  // gone.
  void kill();

  int pid() const { return pid_; }
  // As the server said, else as was asked.
  const std::string& host_and_port() const { return host_and_port_; }

 private:
  bool has_ended();
  std::string output() const;
  bool wait_until_up();
  std::string announced_address() const;
  void stop();

  pid_t pid_ = -1;
  int log_fd_ = -1;
  bool ended_ = false;
  std::string host_and_port_;
  bool target_was_free_;  // so whoever listens there now is ours
};

// True when somebody takes connections there. Blocks, for a second at most.
bool is_listening(const reactor::Address& address);

}  // namespace loadgen
