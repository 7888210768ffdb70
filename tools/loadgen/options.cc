#include "tools/loadgen/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>

#include "tools/loadgen/payload.h"
#include "tools/loadgen/plan_text.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

constexpr const char* kVersion = "chat-loadgen " CHAT_VERSION;

constexpr const char* kFooter = R"(Three examples:
  chat-loadgen                    localhost:8888, 200 clients, 100 messages/s
  chat-loadgen --spawn 'chat-server --listen 127.0.0.1:0' --clients 500
      --find-max --slo 'p99<10ms' --html report.html
      starts a server, finds the highest rate that keeps the objective, reports
  chat-loadgen nats://localhost --workload rooms --clients 1000 --rooms 50
      --stages 30s@1k,60s@5k --json nats.json
      the same work for another kind of server, in two stages
To compare runs: chat-loadgen compare A.json B.json   (repeats: A1.json,A2.json)
Exit codes: 0 passed, 1 could not run, 2 usage, 98 invalid: the generator was
the limit, 99 an objective was missed, 100 deliveries lost, doubled, reordered)";

// The group of what --help leaves out.
constexpr const char* kRarelyNeeded = "Rarely needed";

constexpr std::size_t kThreadsMax = 256;

// The command line before the workload's defaults are filled in.
struct Given {
  std::string target = "native://localhost:8888";
  std::optional<std::size_t> clients;
  std::optional<std::size_t> rooms;
  std::optional<std::size_t> senders;
  std::optional<double> rate;
  std::optional<Duration> duration;
  std::optional<Duration> warm_up;
  std::optional<double> churn_rate;
  std::optional<std::size_t> window;
};

// What a workload is when nothing else is said.
struct Defaults {
  std::size_t clients;
  std::size_t rooms;
  double rate;
  Duration duration;
  Duration warm_up;
};

Defaults defaults_of(Workload workload) {
  using std::chrono::seconds;
  switch (workload) {
    case Workload::kDirect:
      return {200, 1, 1000, seconds{10}, seconds{2}};
    case Workload::kRooms:
      return {200, 20, 1000, seconds{10}, seconds{2}};
    case Workload::kIdle:
      return {10'000, 1, 0, seconds{10}, seconds{0}};
    case Workload::kStorm:
      return {1000, 1, 10, seconds{2}, seconds{0}};
    case Workload::kFanout:
    case Workload::kChurn:
      break;
  }
  return {200, 1, 100, seconds{10}, seconds{2}};
}

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

void add_work(CLI::App& app, Plan& plan, Given& given) {
  static const std::map<std::string, Workload> workloads{
      {"fanout", Workload::kFanout}, {"direct", Workload::kDirect}, {"rooms", Workload::kRooms},
      {"churn", Workload::kChurn},   {"idle", Workload::kIdle},     {"storm", Workload::kStorm}};
  app.add_option("TARGET", given.target, "native|nats|redis|mqtt|irc|lines://host:port")
      ->type_name("");
  app.add_option("--workload", plan.workload, "fanout direct rooms churn idle storm")
      ->transform(CLI::Transformer(workloads).description(""))
      ->type_name("");
  app.add_option("--clients", given.clients, "connections [200; idle 10000; storm 1000]")
      ->type_name("N");
  app.add_option("--rooms", given.rooms, "they are spread over [1; rooms 20]")->type_name("N");
  app.add_option("--senders", given.senders, "of them send [1; rooms: one each; direct: all]")
      ->type_name("N");
  add_parsed(app, "--size", plan.sizes, parse_sizes, "64|32-512|64:9,512:1", "payload bytes [64]");
  add_parsed(app, "--churn-rate", given.churn_rate, parse_count, "N",
             "clients replaced a second [churn 20]")
      ->group(kRarelyNeeded);
}

void add_time(CLI::App& app, Plan& plan, Given& given) {
  static const std::map<std::string, Arrivals> arrivals{{"fixed", Arrivals::kFixed},
                                                        {"poisson", Arrivals::kPoisson}};
  add_parsed(app, "--rate", given.rate, parse_count, "N", "messages a second in all [100]");
  add_parsed(app, "--duration", given.duration, parse_duration, "TIME", "of the run [10s]");
  add_parsed(app, "--stages", plan.stages, parse_stages, "30s@1k,60s@5k",
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

// A sender who does not hear himself can't tell where his messages stand among the others': every
// room, on every thread that has members of it, needs somebody who stays and only listens.
std::size_t senders_max(const Plan& plan) {
  if (plan.workload == Workload::kDirect || traits_of(plan.target.protocol).echoes) {
    return plan.clients;
  }
  const std::size_t steady = plan.workload == Workload::kChurn ? plan.clients / 2 : plan.clients;
  const std::size_t groups = plan.rooms * (plan.threads > plan.rooms ? plan.threads : 1);
  return steady > groups ? steady - groups : 0;
}

std::size_t default_senders(const Plan& plan) {
  switch (plan.workload) {
    case Workload::kDirect:
      return plan.clients;
    case Workload::kRooms:
      return plan.rooms;
    default:
      return 1;
  }
}

void fill_in(Plan& plan, const Given& given) {
  const Defaults defaults = defaults_of(plan.workload);
  plan.clients = given.clients.value_or(defaults.clients);
  plan.rooms = given.rooms.value_or(std::clamp<std::size_t>(plan.clients / 2, 1, defaults.rooms));
  plan.senders = given.senders.value_or(
      std::min(default_senders(plan), std::max<std::size_t>(1, senders_max(plan))));
  plan.window = given.window.value_or(std::max(plan.window, plan.senders));
  plan.warm_up = given.warm_up.value_or(std::max<Duration>(defaults.warm_up, plan.ramp_up));
  constexpr Duration kTrial = std::chrono::seconds{3};
  if (plan.stages.empty()) {
    plan.stages.push_back({given.rate.value_or(defaults.rate),
                           given.duration.value_or(plan.find_max ? kTrial : defaults.duration)});
  }
  if (plan.closed_loop) {
    plan.stages.front().messages_per_second = 0;
  }
  if (plan.workload == Workload::kChurn) {
    plan.churns_per_second = given.churn_rate.value_or(20);
  }
  if (plan.workload == Workload::kStorm) {
    plan.connects_at_once = plan.clients;
  }
  if (plan.find_max && plan.objectives.empty()) {
    plan.objectives.push_back({99, 10'000'000});
  }
}

std::size_t longest(const std::vector<SizeRange>& sizes) {
  return std::max_element(
             sizes.begin(), sizes.end(),
             [](const SizeRange& a, const SizeRange& b) { return a.bytes_max < b.bytes_max; })
      ->bytes_max;
}

// What is wrong with the plan, in one line; empty when it can be tried. In three parts: who is
// where, what the protocol can do, and when what is sent.
std::string find_mistake_in_crowd(const Plan& plan, const Given& given) {
  if (plan.clients < 2 || plan.clients >= kSendersMax) {
    return fmt::format("--clients: at least 2, fewer than {}", kSendersMax);
  }
  if (plan.workload == Workload::kDirect && (plan.clients % 2 != 0 || plan.rooms > 1)) {
    return "--workload direct: an even number of --clients, who talk in pairs, and no --rooms";
  }
  if (plan.rooms == 0 || plan.rooms > plan.clients / 2) {
    return "--rooms: at least 1, and two clients for each";
  }
  if (plan.senders == 0 || plan.senders > plan.clients) {
    return "--senders: at least 1, at most --clients";
  }
  const std::size_t rooms = plan.workload == Workload::kDirect ? plan.clients / 2 : plan.rooms;
  if (plan.threads == 0 || plan.threads > kThreadsMax ||
      (plan.threads > rooms && plan.clients < 4 * plan.threads * rooms)) {
    return fmt::format(
        "--threads: at least 1, at most {}, and each needs a room of its own or "
        "four clients in every room",
        kThreadsMax);
  }
  if (plan.senders > senders_max(plan)) {
    return fmt::format(
        "--senders: at most {} here, so that in every room somebody who stays only "
        "listens and can tell the order of all messages",
        senders_max(plan));
  }
  if (given.churn_rate && plan.workload != Workload::kChurn) {
    return "--churn-rate belongs to --workload churn";
  }
  if (plan.workload == Workload::kChurn && plan.senders == plan.clients) {
    return "--senders: they stay, and --workload churn needs clients who come and go";
  }
  if (plan.server_pid != 0 && !plan.spawn.empty()) {
    return "--spawn watches the server that it starts: leave out --server-pid";
  }
  return {};
}

std::string find_mistake_in_protocol(const Plan& plan) {
  const ProtocolTraits& traits = traits_of(plan.target.protocol);
  if ((plan.rooms > 1 || plan.workload == Workload::kRooms) && !traits.has_rooms) {
    return fmt::format("{}:// has no rooms", traits.scheme);
  }
  if (plan.workload == Workload::kDirect && !traits.has_direct) {
    return fmt::format("{}:// has no direct messages", traits.scheme);
  }
  if (longest(plan.sizes) > traits.payload_bytes_max) {
    return fmt::format("--size: {}:// takes at most {} bytes", traits.scheme,
                       traits.payload_bytes_max);
  }
  return {};
}

std::string find_mistake_in_time(const Plan& plan, const Given& given, bool stages_given) {
  const bool rate_given = given.rate || stages_given || plan.find_max || plan.ramp_up.count() > 0 ||
                          plan.arrivals != Arrivals::kFixed;
  if (plan.workload == Workload::kIdle &&
      (rate_given || plan.closed_loop || !plan.objectives.empty() || given.senders ||
       plan.sizes != Plan{}.sizes)) {
    return "--workload idle sends nothing: leave out --senders, --size, --rate, --stages, "
           "--ramp-up, --arrivals, --find-max, --closed-loop and --slo";
  }
  if (plan.closed_loop && rate_given) {
    return "--closed-loop has no rate: leave out --rate, --stages, --ramp-up, --arrivals and "
           "--find-max";
  }
  if (given.window && !plan.closed_loop) {
    return "--window belongs to --closed-loop";
  }
  if (plan.window < plan.senders) {
    return "--window: at least one message for each of --senders";
  }
  if (stages_given && (given.rate || given.duration)) {
    return "--stages stands for --rate and --duration: give one or the other";
  }
  if (plan.find_max && stages_given) {
    return "--find-max looks for the rate itself: give --rate to begin with, and --duration";
  }
  if (given.rate == 0.0) {
    return "--rate: more than 0";
  }
  if (plan.stages.front().duration.count() == 0) {
    return "--duration: more than 0";
  }
  Duration in_all = plan.warm_up;
  for (const Stage& stage : plan.stages) {
    in_all += stage.duration;
  }
  if (in_all > kRunMax) {
    return fmt::format("--duration, --stages, --warm-up: at most {} h in all", kRunMax.count());
  }
  if (plan.ramp_up > plan.warm_up) {
    return "--ramp-up is part of --warm-up: not longer";
  }
  return {};
}

std::string find_mistake(const Plan& plan, const Given& given, bool stages_given) {
  std::string mistake = find_mistake_in_crowd(plan, given);
  if (mistake.empty()) {
    mistake = find_mistake_in_protocol(plan);
  }
  return mistake.empty() ? find_mistake_in_time(plan, given, stages_given) : mistake;
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
  Given given;
  add_work(app, options.plan, given);
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
  const std::optional<Target> target = parse_target(given.target);
  if (!target) {
    return usage("\"" + given.target + "\" is no target; expected: native://host:port");
  }
  plan.target = *target;
  const bool stages_given = !plan.stages.empty();
  fill_in(plan, given);
  if (const std::string mistake = find_mistake(plan, given, stages_given); !mistake.empty()) {
    return usage(mistake);
  }
  options.command_line = join_words(argc, argv);
  ParsedOptions parsed;
  parsed.options = std::move(options);
  return parsed;
}

std::vector<Setting> describe(const Plan& plan) {
  std::vector<Setting> settings;
  const auto add = [&settings](const char* name, std::string value) {
    settings.push_back({name, std::move(value)});
  };
  add("clients", format_count(static_cast<double>(plan.clients)));
  add("rooms", format_count(static_cast<double>(plan.rooms)));
  add("senders", format_count(static_cast<double>(plan.senders)));
  std::vector<std::string> sizes;
  for (const SizeRange& range : plan.sizes) {
    sizes.push_back(range.bytes_min == range.bytes_max
                        ? fmt::format("{}", range.bytes_min)
                        : fmt::format("{}-{}", range.bytes_min, range.bytes_max));
    if (plan.sizes.size() > 1) {
      sizes.back() += fmt::format(":{:g}", range.weight);
    }
  }
  add("payload bytes", fmt::format("{}", fmt::join(sizes, ",")));
  if (plan.closed_loop) {
    add("loop", fmt::format("closed, {} in flight", plan.window));
  } else {
    add("loop", fmt::format("open, {} arrivals", to_string(plan.arrivals)));
  }
  std::vector<std::string> stages;
  for (const Stage& stage : plan.stages) {
    const double seconds = std::chrono::duration<double>(stage.duration).count();
    stages.push_back(plan.closed_loop || stage.messages_per_second == 0
                         ? fmt::format("{:g}s", seconds)
                         : fmt::format("{:g}s@{:g}", seconds, stage.messages_per_second));
  }
  add("stages", fmt::format("{}", fmt::join(stages, ",")));
  add("warm-up", fmt::format("{:g}s", std::chrono::duration<double>(plan.warm_up).count()));
  if (plan.ramp_up.count() > 0) {
    add("ramp-up", fmt::format("{:g}s", std::chrono::duration<double>(plan.ramp_up).count()));
  }
  if (plan.connects_per_second > 0) {
    add("connects", fmt::format("{:g}/s", plan.connects_per_second));
  }
  if (plan.churns_per_second > 0) {
    add("churn", fmt::format("{:g} clients/s", plan.churns_per_second));
  }
  add("threads", fmt::format("{}{}", plan.threads, plan.spin ? ", spinning" : ""));
  std::vector<std::string> objectives;
  for (const Objective& objective : plan.objectives) {
    objectives.push_back(objective.to_string());
  }
  if (!objectives.empty()) {
    add("objectives", fmt::format("{}", fmt::join(objectives, ", ")));
  }
  if (plan.find_max) {
    add("search", "highest rate that keeps the objectives");
  }
  return settings;
}

}  // namespace loadgen
