#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reactor/address.h"
#include "tools/loadgen/spawned_server.h"

namespace loadgen {

// A server that can be killed and started again, and then has what it had before.
class CrashServer {
 public:
  virtual ~CrashServer() = default;

  struct Started {
    std::optional<reactor::Address> address;  // where it listens
    std::string error;                        // why it does not
  };
  // Blocks for as long as a start may take. REQUIRES: it does not run.
  virtual Started start() = 0;
  // At once, without a word. REQUIRES: it runs.
  virtual void kill() = 0;
  // 0: it is nobody whose memory could be watched.
  virtual int pid() const = 0;
};

// The server that a command starts, killed with SIGKILL. Ends it in order when it is destroyed.
class SpawnedCrashServer final : public CrashServer {
 public:
  // As for SpawnedServer.
  SpawnedCrashServer(std::string command, std::string host_and_port);

  Started start() override;
  void kill() override;
  int pid() const override { return server_ == nullptr ? 0 : server_->pid(); }

 private:
  const std::string command_;
  const std::string host_and_port_;
  std::unique_ptr<SpawnedServer> server_;
};

// A directory that is gone with this object, if it is not to be kept.
class ScratchDirectory {
 public:
  // Throws std::system_error.
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  const std::string& path() const { return path_; }
  void keep() { is_kept_ = true; }

 private:
  std::string path_;
  bool is_kept_ = false;
};

// The command that starts the chat-server that stands beside this program, or else the one in the
// PATH, on a free port, with its data there.
std::string chat_server_command(const std::string& data_directory);

}  // namespace loadgen
