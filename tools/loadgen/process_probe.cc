#include "tools/loadgen/process_probe.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace loadgen {
namespace {

// In steps of a clock tick (10 ms); threads that have ended are in it.
std::optional<double> cpu_seconds_in_ticks(const std::string& process) {
  std::ifstream file(process + "/stat");
  std::string line;
  if (!std::getline(file, line) || line.rfind(')') == std::string::npos) {
    return std::nullopt;
  }
  // Behind the program's name, which may hold anything, comes field 3; user and system time are
  // the fields 14 and 15 (proc(5)).
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) {
    fields >> skipped;
  }
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// In nanoseconds, of the threads that run now.
std::optional<double> cpu_seconds_of_threads(const std::string& process) {
  double nanoseconds = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator thread(process + "/task", error), end;
       !error && thread != end; thread.increment(error)) {
    std::ifstream file(thread->path() / "schedstat");
    double running = 0;
    if (!(file >> running)) {
      return std::nullopt;
    }
    nanoseconds += running;
  }
  return error ? std::nullopt : std::optional(nanoseconds * 1e-9);
}

}  // namespace

std::optional<ProcessUse> look_at_process(int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::optional<double> cpu = cpu_seconds_of_threads(process);
  if (!cpu) {
    cpu = cpu_seconds_in_ticks(process);
  }
  std::ifstream file(process + "/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!cpu || !(file >> total_pages >> resident_pages)) {
    return std::nullopt;
  }
  return ProcessUse{*cpu, resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))};
}

}  // namespace loadgen
