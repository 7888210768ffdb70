#include "bench/server_process.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace bench {

ServerProcess::ServerProcess(const std::string& program,
                             const std::vector<std::string>& arguments) {
  // A file and no pipe: nobody has to read it while the server is measured.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> log(std::tmpfile(), std::fclose);
  if (log == nullptr) {
    throw std::runtime_error("cannot make a temporary file");
  }
  std::vector<std::string> words = {program, "--listen", "127.0.0.1:0"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(fileno(log.get()), STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  address_ = wait_until_listening(fileno(log.get()));
  if (address_.empty()) {
    throw std::runtime_error(program + " did not start to listen");
  }
}

ServerProcess::~ServerProcess() {
  kill(pid_, SIGTERM);
  kill(pid_, SIGTERM);  // the second one does not wait for the clients
  waitpid(pid_, nullptr, 0);
}

std::string ServerProcess::wait_until_listening(int log_fd) {
  constexpr int kTries = 1000;
  constexpr std::chrono::milliseconds kPause{10};
  const std::string marker = "listening on ";
  for (int i = 0; i < kTries; ++i) {
    char bytes[4096];
    const ssize_t count = pread(log_fd, bytes, sizeof bytes, 0);
    const std::string log(bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    const std::size_t at = log.find(marker);
    if (at != std::string::npos && log.find('\n', at) != std::string::npos) {
      return log.substr(at + marker.size(), log.find('\n', at) - at - marker.size());
    }
    std::this_thread::sleep_for(kPause);
  }
  return {};
}

std::size_t ServerProcess::resident_bytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double ServerProcess::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string line;
  std::getline(file, line);
  // The fields behind the program's name, which may hold spaces: 3 is the state, 14 and 15 the
  // user and the system time (proc(5)).
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) {
    fields >> skipped;
  }
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void ServerProcess::pin(int processor) const {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(pid_, sizeof one, &one);
}

}  // namespace bench
