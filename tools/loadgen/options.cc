#include "tools/loadgen/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "tools/loadgen/options_given.h"
#include "tools/loadgen/plan_text.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

constexpr const char* kVersion = "chat-loadgen " CHAT_VERSION;

constexpr const char* kFooter = R"(Three examples:
  chat-loadgen                    localhost:8888, 200 clients, 100 messages/s
  chat-loadgen --spawn 'chat-server --listen 127.0.0.1:0 --durability none'
      --clients 500 --find-max --slo 'p99<10ms' --html report.html
      starts a server, finds the highest rate that keeps the objective, reports
  chat-loadgen nats://localhost --workload rooms --clients 1000 --rooms 50
      --stages 30s@1k,60s@5k --json nats.json
      the same work for another kind of server, in two stages
To compare runs: chat-loadgen compare A.json B.json   (repeats: A1.json,A2.json)
Exit codes: 0 passed, 1 could not run, 2 usage, 98 invalid: the generator was
the limit, 99 an objective was missed, 100 deliveries lost, doubled, reordered)";

// The group of what --help leaves out.
constexpr const char* kRarelyNeeded = "Rarely needed";

// Adds an option whose text one of the parsers understands.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Value& value, const Parse& parse,
                        const std::string& type, const std::string& what) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, parse, name, type](const std::string& text) {
            const auto parsed = parse(text);
            if (!parsed) {
              throw CLI::ValidationError(name, "\"" + text + "\" is none; expected: " + type);
            }
            value = *parsed;
          },
          what)
      ->type_name(type);
}

void add_work(CLI::App& app, Plan& plan, GivenOptions& given) {
  static const std::map<std::string, Workload> workloads{{"fanout", Workload::kFanout},
                                                         {"direct", Workload::kDirect},
                                                         {"rooms", Workload::kRooms},
                                                         {"churn", Workload::kChurn},
                                                         {"idle", Workload::kIdle},
                                                         {"storm", Workload::kStorm},
                                                         {"slow-readers", Workload::kSlowReaders},
                                                         {"reconnect", Workload::kReconnect},
                                                         {"crash", Workload::kCrash}};
  app.add_option("TARGET", given.target,
                 "native tls ws wss irc ircs irc+ws irc+wss\n"
                 "nats redis mqtt lines, as in wss://host:port")
      ->type_name("");
  add_parsed(app, "--mix", given.mix, parse_mix, "native=2,irc,ws",
             "clients of several kinds in every room");
  app.add_option("--workload", plan.workload,
                 "fanout direct rooms churn idle storm\nslow-readers reconnect crash")
      ->transform(CLI::Transformer(workloads).description(""))
      ->type_name("");
  app.add_option("--clients", given.clients, "connections [200; crash 20 storm 1k idle 10k]")
      ->type_name("N");
  app.add_option("--rooms", given.rooms, "they are spread over [1; rooms 20]")->type_name("N");
  app.add_option("--senders", given.senders, "of them send [1; rooms: one each; direct: all]")
      ->type_name("N");
  add_parsed(app, "--size", given.sizes, parse_sizes, "64|32-512|64:9,512:1",
             "payload bytes [64; slow-readers 1000, irc 400]");
  add_parsed(app, "--churn-rate", given.churn_rate, parse_count, "N",
             "clients replaced a second [churn 20]")
      ->group(kRarelyNeeded);
}

// What only servers with a log are measured with.
void add_log(CLI::App& app, Plan& plan, GivenOptions& given) {
  app.add_flag("--ack", plan.acks, "acknowledgements, too; --slo ack-p99<20ms");
  add_parsed(app, "--slow-share", given.slow_share, parse_share, "4%", "of the clients [4%]")
      ->group(kRarelyNeeded);
  add_parsed(app, "--slow-rate", given.slow_rate, parse_count, "N",
             "slow-readers: bytes a second, of each [0]")
      ->group(kRarelyNeeded);
  add_parsed(app, "--slow-for", given.slow_for, parse_duration, "TIME",
             "then they catch up, and begin again [20s]")
      ->group(kRarelyNeeded);
  add_parsed(app, "--reconnect-share", given.reconnect_share, parse_share, "10%",
             "of the clients resume [10%]")
      ->group(kRarelyNeeded);
  add_parsed(app, "--reconnect-rate", given.reconnect_rate, parse_count, "N",
             "reconnects a second in all [10]")
      ->group(kRarelyNeeded);
  app.add_option("--kills", given.kills, "of the server that crash starts [50]")->type_name("N");
  add_parsed(app, "--kill-every", given.kill_every, parse_duration, "TIME", "on average [1s]")
      ->group(kRarelyNeeded);
}

void add_time(CLI::App& app, Plan& plan, GivenOptions& given) {
  static const std::map<std::string, Arrivals> arrivals{{"fixed", Arrivals::kFixed},
                                                        {"poisson", Arrivals::kPoisson}};
  add_parsed(app, "--rate", given.rate, parse_count, "N", "messages a second in all [100]");
  add_parsed(app, "--duration", given.duration, parse_duration, "TIME",
             "of the run [10s; slow-readers 60s]");
  add_parsed(app, "--stages", given.stages, parse_stages, "30s@1k,60s@5k",
             "instead: one rate after the other");
  add_parsed(app, "--warm-up", given.warm_up, parse_duration, "TIME", "before, not measured [2s]");
  add_parsed(app, "--ramp-up", plan.ramp_up, parse_duration, "TIME",
             "of the warm-up: rate rises from 0")
      ->group(kRarelyNeeded);
  app.add_option("--arrivals", plan.arrivals, "fixed or poisson [fixed]")
      ->transform(CLI::Transformer(arrivals).description(""))
      ->type_name("")
      ->group(kRarelyNeeded);
  app.add_flag("--closed-loop", plan.closed_loop, "no rate: keep --window messages on the way");
  app.add_option("--window", given.window, "of a closed loop [128]")->type_name("N");
  app.add_flag("--find-max", plan.find_max, "search the highest rate that keeps --slo");
  app.add_option_function<std::vector<std::string>>(
         "--slo",
         [&plan](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             const std::optional<Objective> objective = parse_objective(text);
             if (!objective) {
               throw CLI::ValidationError("--slo", "\"" + text + "\" is none; expected: p99<10ms");
             }
             plan.objectives.push_back(*objective);
           }
         },
         "objective for corrected latency, repeatable")
      ->type_name("p99<10ms")
      ->allow_extra_args(false);
}

void add_machine(CLI::App& app, Plan& plan) {
  add_parsed(app, "--connect-rate", plan.connects_per_second, parse_count, "N",
             "connects a second [as answered]")
      ->group(kRarelyNeeded);
  add_parsed(app, "--source-ip", plan.source_addresses, parse_sources, "IP,IP-IP",
             "connect from these in turn")
      ->group(kRarelyNeeded);
  app.add_option("--threads", plan.threads, "of the generator [1]")->type_name("N");
  app.add_flag("--spin", plan.spin, "never sleep: punctual, but takes a processor");
  app.add_option("--seed", plan.seed, "for everything random [1]")
      ->type_name("N")
      ->group(kRarelyNeeded);
  app.add_option("--ca", plan.target.ca_file, "whom to trust over TLS [the system's]")
      ->type_name("FILE");
  app.add_flag_callback(
      "--insecure", [&plan] { plan.target.verify = false; }, "over TLS: trust anybody");
  app.add_option("--server-pid", plan.server_pid, "watch its CPU time and memory")
      ->check(CLI::PositiveNumber)
      ->type_name("PID");
  app.add_option("--spawn", plan.spawn, "start the server, watch it, stop it")->type_name("CMD");
}

void add_output(CLI::App& app, Options& options) {
  app.add_option("--json", options.json_path, "write the result, for compare")->type_name("FILE");
  app.add_option("--html", options.html_path, "write a report with plots")->type_name("FILE");
  app.add_option("--csv", options.csv_path, "write it second by second")
      ->type_name("FILE")
      ->group(kRarelyNeeded);
  app.add_option("--hgrm", options.hgrm_path, "write percentiles")
      ->type_name("FILE")
      ->group(kRarelyNeeded);
  app.add_flag("--quiet", options.quiet, "no progress");
}

void show_rarely_needed(CLI::App& app, bool shown) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_group() == (shown ? "" : kRarelyNeeded)) {
      option->group(shown ? kRarelyNeeded : "");
    }
  }
}

// As a shell would read it again.
std::string join_words(int argc, const char* const* argv) {
  std::string line = "chat-loadgen";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.empty() && word.find_first_of(" \t\n'\"\\<>|&;*?$`()[]{}~#!") == std::string::npos) {
      line += " " + word;
      continue;
    }
    line += " '";
    for (const char character : word) {
      line += character == '\'' ? "'\\''" : std::string(1, character);
    }
    line += "'";
  }
  return line;
}

ParsedOptions over(int exit_code, std::string output) {
  ParsedOptions parsed;
  parsed.is_over = true;
  parsed.exit_code = exit_code;
  parsed.output = std::move(output);
  return parsed;
}

ParsedOptions usage(const std::string& mistake) {
  return over(2, mistake + "\nchat-loadgen --help tells what there is\n");
}

}  // namespace

ParsedOptions parse_options(int argc, const char* const* argv) {
  CLI::App app("Puts load on a chat server and tells how it bore it: latency, loss, cost.",
               "chat-loadgen");
  app.footer(kFooter);
  app.set_version_flag("--version", kVersion);
  app.get_formatter()->column_width(34);
  Options options;
  GivenOptions given;
  add_work(app, options.plan, given);
  add_log(app, options.plan, given);
  add_time(app, options.plan, given);
  add_machine(app, options.plan);
  add_output(app, options);
  bool help_all = false;
  app.add_flag("--help-all", help_all, "show what is rarely needed, too");
  show_rarely_needed(app, false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    std::ostringstream output;
    app.exit(request, output, output);
    return over(0, output.str());
  } catch (const CLI::ParseError& error) {
    return usage(error.what());
  }
  if (help_all) {
    show_rarely_needed(app, true);
    return over(0, app.help());
  }
  Plan& plan = options.plan;
  if (given.target) {
    const std::optional<Target> target = parse_target(*given.target);
    if (!target) {
      return usage("\"" + *given.target + "\" is no target; expected: native://host:port");
    }
    const Target said = std::exchange(plan.target, *target);
    plan.target.ca_file = said.ca_file;
    plan.target.verify = said.verify;
  }
  plan.target.kinds = given.mix.value_or(plan.target.kinds);
  fill_in(plan, given);
  if (const std::string mistake = find_mistake(plan, given); !mistake.empty()) {
    return usage(mistake);
  }
  options.command_line = join_words(argc, argv);
  ParsedOptions parsed;
  parsed.options = std::move(options);
  return parsed;
}

}  // namespace loadgen
