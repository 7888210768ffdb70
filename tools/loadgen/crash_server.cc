#include "tools/loadgen/crash_server.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

namespace loadgen {
namespace {

std::string quote_for_shell(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

}  // namespace

SpawnedCrashServer::SpawnedCrashServer(std::string command, std::string host_and_port)
    : command_(std::move(command)), host_and_port_(std::move(host_and_port)) {}

CrashServer::Started SpawnedCrashServer::start() {
  try {
    server_ = std::make_unique<SpawnedServer>(command_, host_and_port_);
  } catch (const std::exception& error) {
    return {std::nullopt, error.what()};
  }
  const reactor::Resolved resolved = reactor::resolve(server_->host_and_port());
  for (const reactor::Address& address : resolved.addresses) {
    if (is_listening(address)) {
      return {address, {}};
    }
  }
  return {std::nullopt, fmt::format("nobody listens at {}", server_->host_and_port())};
}

void SpawnedCrashServer::kill() {
  server_->kill();
  server_.reset();
}

ScratchDirectory::ScratchDirectory()
    : path_(std::filesystem::temp_directory_path() / "chat-loadgen-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make " + path_);
  }
}

ScratchDirectory::~ScratchDirectory() {
  if (!is_kept_) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
}

std::string chat_server_command(const std::string& data_directory) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path beside = self.parent_path() / "chat-server";
  const bool is_beside = !error && std::filesystem::exists(beside, error);
  return fmt::format("{} --listen 127.0.0.1:0 --data {}",
                     is_beside ? quote_for_shell(beside) : "chat-server",
                     quote_for_shell(data_directory));
}

}  // namespace loadgen
