// chat-loadgen: puts load on a chat server and tells how it bore it, or compares such runs.

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tools/loadgen/compare.h"
#include "tools/loadgen/conductor.h"
#include "tools/loadgen/crash_run.h"
#include "tools/loadgen/crash_server.h"
#include "tools/loadgen/findings.h"
#include "tools/loadgen/live.h"
#include "tools/loadgen/options.h"
#include "tools/loadgen/plan_text.h"
#include "tools/loadgen/preflight.h"
#include "tools/loadgen/report_csv.h"
#include "tools/loadgen/report_hgrm.h"
#include "tools/loadgen/report_html.h"
#include "tools/loadgen/report_text.h"
#include "tools/loadgen/result_json.h"
#include "tools/loadgen/spawned_server.h"

namespace {

using namespace loadgen;

constexpr int kCouldNotRun = 1;

std::atomic<Run*> run_to_interrupt{nullptr};

// The first signal ends the run in order, the second at once.
extern "C" void on_stop_signal(int signal) {
  if (Run* run = run_to_interrupt.exchange(nullptr)) {
    run->interrupt();
  } else {
    _exit(128 + signal);
  }
}

int fail(std::string_view why) {
  fmt::print(stderr, "chat-loadgen: {}\n", why);
  return kCouldNotRun;
}

std::string now_in_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

struct Report {
  const std::string& path;
  std::string (*make)(const Result&);
};

std::vector<Report> reports_of(const Options& options) {
  std::vector<Report> reports;
  const auto add = [&reports](const std::string& path, std::string (*make)(const Result&)) {
    if (!path.empty()) {
      reports.push_back({path, make});
    }
  };
  add(options.json_path, to_json);
  add(options.csv_path, to_csv);
  add(options.hgrm_path,
      [](const Result& result) { return to_hgrm(result.total.latency.corrected); });
  add(options.html_path, to_html);
  return reports;
}

// Before the run: an hour's work is not to end with a file that can't be written.
std::string find_unwritable(const std::vector<Report>& reports) {
  for (const Report& report : reports) {
    if (!std::ofstream(report.path, std::ios::app)) {
      return report.path;
    }
  }
  return {};
}

bool write(const Report& report, const Result& result) {
  std::ofstream file(report.path, std::ios::trunc);
  file << report.make(result);
  return static_cast<bool>(file.flush());
}

std::uint64_t random_key() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

// What to do about a server that is not who it should be.
std::string advice_on(const Target& target, const std::string& error) {
  const bool is_unknown = error.find("TLS: the certificate is not trusted") != std::string::npos;
  return target.has_tls() && is_unknown
             ? " (--ca FILE names whom to trust, --insecure trusts anybody)"
             : "";
}

// Throws std::runtime_error when it could not be made, as all below do.
Result make(Run& run, const Target& target) {
  run_to_interrupt = &run;
  Result result = run.run();
  run_to_interrupt = nullptr;
  if (!run.error().empty()) {
    throw std::runtime_error(run.error() + advice_on(target, run.error()));
  }
  return result;
}

Result put_load_on(Plan& plan, RunWatcher& watcher) {
  std::unique_ptr<SpawnedServer> server;
  int server_pid = plan.server_pid;
  if (!plan.spawn.empty()) {
    server = std::make_unique<SpawnedServer>(plan.spawn, plan.target.host_and_port);
    plan.target.host_and_port = server->host_and_port();
    server_pid = server->pid();
  }
  if (const std::string mistake = prepare(plan); !mistake.empty()) {
    throw std::runtime_error(mistake);
  }
  if (plan.server_pid != 0 && !look_at_process(plan.server_pid)) {
    throw std::runtime_error(fmt::format("there is no process {} to watch", plan.server_pid));
  }
  Conductor conductor(
      plan, server_pid, random_key(), [] { return reactor::make_net(); }, watcher);
  return make(conductor, plan.target);
}

Result kill_again_and_again(Plan& plan, RunWatcher& watcher) {
  reactor::raise_descriptor_limit();
  if (const std::string mistake = prepare_tls(plan.target); !mistake.empty()) {
    throw std::runtime_error(mistake);
  }
  std::optional<ScratchDirectory> data;
  if (plan.spawn.empty()) {
    data.emplace();
    plan.spawn = chat_server_command(data->path());
    plan.target.host_and_port = "127.0.0.1:0";
  }
  SpawnedCrashServer server(plan.spawn, plan.target.host_and_port);
  CrashRun run(plan, random_key(), reactor::make_net(), server, watcher);
  Result result = make(run, plan.target);
  const bool has_passed =
      result.integrity.intact() && result.crash.history.intact() && result.crash.ended.empty();
  if (data && !has_passed) {
    data->keep();
    result.warnings.push_back("the server's data is left in " + data->path());
  }
  return result;
}

Result measure(Options& options) {
  Silence silence;
  Live live(stderr, isatty(STDERR_FILENO) != 0);
  RunWatcher& watcher = options.quiet ? static_cast<RunWatcher&>(silence) : live;
  return options.plan.workload == Workload::kCrash ? kill_again_and_again(options.plan, watcher)
                                                   : put_load_on(options.plan, watcher);
}

int run(Options& options) {
  const std::vector<Report> reports = reports_of(options);
  if (const std::string path = find_unwritable(reports); !path.empty()) {
    return fail("cannot write " + path);
  }
  const std::string started_at = now_in_utc();
  Result result = measure(options);
  const Plan& plan = options.plan;
  result.version = CHAT_VERSION;
  result.started_at = started_at;
  result.command_line = options.command_line;
  result.target = plan.target.to_string();
  result.workload = to_string(plan.workload);
  result.machine = describe_machine();
  result.settings = describe(plan);
  result.closed_loop = plan.closed_loop;
  judge(plan, result);
  fmt::print("{}", text_report(result));
  for (const Report& report : reports) {
    if (!write(report, result)) {
      return fail("cannot write " + report.path);
    }
  }
  return static_cast<int>(result.verdict);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc > 1 && std::string_view(argv[1]) == "compare") {
      const CompareReport report = compare({argv + 2, argv + argc});
      fmt::print(report.exit_code == 0 ? stdout : stderr, "{}", report.text);
      return report.exit_code;
    }
    ParsedOptions parsed = parse_options(argc, argv);
    if (parsed.is_over) {
      fmt::print(parsed.exit_code == 0 ? stdout : stderr, "{}", parsed.output);
      return parsed.exit_code;
    }
    struct sigaction action {};
    action.sa_handler = on_stop_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return run(parsed.options);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
