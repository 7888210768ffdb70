#include "tools/loadgen/process_probe.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>

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

// To the nanosecond, of the threads that run now.
std::optional<std::map<int, double>> cpu_seconds_of_threads(const std::string& process) {
  std::map<int, double> seconds;
  std::error_code error;
  for (std::filesystem::directory_iterator thread(process + "/task", error), end;
       !error && thread != end; thread.increment(error)) {
    std::ifstream file(thread->path() / "schedstat");
    double nanoseconds = 0;
    if (!(file >> nanoseconds)) {
      return std::nullopt;
    }
    seconds[std::stoi(thread->path().filename())] = nanoseconds * 1e-9;
  }
  return error ? std::nullopt : std::optional(seconds);
}

std::size_t processors_of(int pid) {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(pid, sizeof(allowed), &allowed) == 0) {
    return static_cast<std::size_t>(CPU_COUNT(&allowed));
  }
#endif
  static_cast<void>(pid);
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

std::optional<ProcessUse> look_at_process(int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  const std::optional<std::map<int, double>> threads = cpu_seconds_of_threads(process);
  const std::optional<double> ticks = cpu_seconds_in_ticks(process);
  std::ifstream file(process + "/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!ticks || !(file >> total_pages >> resident_pages)) {
    return std::nullopt;
  }
  ProcessUse use;
  use.thread_cpu_seconds = threads.value_or(std::map<int, double>{});
  double of_threads = 0;
  for (const auto& [thread, seconds] : use.thread_cpu_seconds) {
    of_threads += seconds;
  }
  // The finer one, unless threads have ended and taken theirs with them.
  use.cpu_seconds = std::max(of_threads, *ticks);
  use.resident_bytes = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  use.processors = processors_of(pid);
  return use;
}

double busiest_thread_between(const ProcessUse& before, const ProcessUse& after) {
  double most = 0;
  for (const auto& [thread, used] : after.thread_cpu_seconds) {
    const auto found = before.thread_cpu_seconds.find(thread);
    most = std::max(most, used - (found == before.thread_cpu_seconds.end() ? 0 : found->second));
  }
  return most;
}

double load_between(const ProcessUse& before, const ProcessUse& after, double seconds) {
  if (seconds <= 0) {
    return 0;
  }
  const double share_of_all =
      (after.cpu_seconds - before.cpu_seconds) / static_cast<double>(after.processors);
  return std::max(share_of_all, busiest_thread_between(before, after)) / seconds;
}

}  // namespace loadgen
