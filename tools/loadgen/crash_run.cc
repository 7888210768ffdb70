#include "tools/loadgen/crash_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <system_error>
#include <utility>

#include "reactor/check.h"
#include "tools/loadgen/process_probe.h"

namespace loadgen {
namespace {

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

double cpu_seconds_of_this_thread() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

}  // namespace

CrashRun::CrashRun(const Plan& plan, std::uint64_t run_key, std::unique_ptr<reactor::Net> net,
                   CrashServer& server, RunWatcher& watcher)
    : plan_(plan),
      server_(server),
      watcher_(watcher),
      layout_(plan, run_key),
      format_(run_key),
      net_(*net),
      loop_(std::move(net), load_client_limits()),
      audit_(plan.clients, plan.senders),
      clients_(plan_, layout_, format_, loop_, audit_, *this),
      reader_(loop_, plan_.target, *this),
      random_(plan.seed) {}

CrashRun::~CrashRun() {
  phase_ = Phase::kOver;
  for (const reactor::TimerId timer : {look_timer_, send_timer_, kill_timer_}) {
    loop_.timers().cancel(timer);
  }
  loop_.close_all();
}

Result CrashRun::run() {
  begin();
  while (!is_over()) {
    loop_.turn();
  }
  return finish();
}

void CrashRun::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_relaxed);
  loop_.wake();
}

// ---- the steps

void CrashRun::begin() {
  stage_.generator_cpu_seconds = -cpu_seconds_of_this_thread();
  CrashServer::Started started = server_.start();
  if (!started.address) {
    give_up(std::move(started.error));
    return;
  }
  address_ = *started.address;
  loop_.turn(Duration::zero());  // the clock has stood still meanwhile
  began_ = sampled_at_ = now();
  look_at_server();
  result_.server.memory_before_bytes = memory_bytes_;
  look_timer_ = loop_.timers().arm(now() + kLookInterval, *this, kLook);
  enter(Phase::kLookingForEnd);
  reader_.read_last(address_, next_reader_name());
}

void CrashRun::on_timer(std::uint64_t argument) {
  if (argument == kSend) {
    send_due();
  } else if (argument == kKill) {
    kill();
  } else {
    look_timer_ = loop_.timers().arm(now() + kLookInterval, *this, kLook);
    look();
  }
}

void CrashRun::look() {
  constexpr std::uint64_t kLooksPerRefusal = 10;
  if (++looks_ % kLooksPerRefusal == 0) {
    clients_.send_refused();
  }
  if (now() - sampled_at_ >= kSampleInterval) {
    sample();
    show();
  }
  switch (phase_) {
    case Phase::kConnecting:
      return await_connections();
    case Phase::kRunning:
      return watch_round();
    case Phase::kDying:
      return await_death();
    case Phase::kRestarted:
      return begin_to_read();
    case Phase::kSettling:
      return await_settled();
    case Phase::kFencing:
      return await_fences();
    case Phase::kQuitting:
      return await_farewells();
    case Phase::kLookingForEnd:
    case Phase::kReading:
    case Phase::kReadingAll:  // the reader has a patience of its own
    case Phase::kOver:
      return;
  }
}

void CrashRun::on_history_read(const std::string& error) {
  audit_.end_reading();
  switch (phase_) {
    case Phase::kLookingForEnd:
      if (!error.empty()) {
        return give_up(error);
      }
      audit_.begin_reading(history_before_);
      audit_.end_reading();
      enter(Phase::kConnecting);
      return clients_.connect_all(address_, CrashClients::Mode::kLoggingIn);
    case Phase::kReading:
      return error.empty() ? end_round() : quit(after_kill() + error);
    case Phase::kReadingAll:
      if (error.empty()) {
        HistoryAudit::Verdict verdict = audit_.judge();
        result_.crash.history = std::move(verdict.history);
        result_.integrity = verdict.integrity;
      }
      return quit(error);
    default:
      return;
  }
}

void CrashRun::await_connections() {
  const std::size_t ready = clients_.count_ready();
  if (!clients_.login_error().empty()) {
    give_up(clients_.login_error());
  } else if (interrupted_) {
    give_up("interrupted before anything was measured");
  } else if (ready == clients_.count()) {
    result_.registration.clients = ready;
    result_.registration.seconds = to_seconds(now() - phase_began_);
    look_at_server();
    result_.server.memory_registered_bytes = memory_bytes_;
    clients_.connect_all(address_, CrashClients::Mode::kUp);
    begin_round();
  } else if (nothing_moves(kPatience)) {
    give_up(fmt::format("only {} of {} clients could log in, then no more did", ready,
                        clients_.count()));
  }
}

void CrashRun::begin_round() {
  enter(Phase::kRunning);
  constexpr Duration kLongerThanAnyRound = std::chrono::hours{24};
  schedule_.emplace(Stage{plan_.stages.front().messages_per_second, kLongerThanAnyRound},
                    Duration::zero(), plan_.arrivals, plan_.seed + result_.crash.kills);
  round_start_ = now();
  next_due_ = schedule_->next().value_or(kLongerThanAnyRound);
  send_timer_ = loop_.timers().arm(round_start_ + next_due_, *this, kSend);
  if (result_.crash.kills > 0) {
    arm_kill();
  }
}

void CrashRun::watch_round() {
  if (interrupted_) {
    settle({});
  } else if (nothing_moves(kPatience)) {
    settle(fmt::format("{}nothing was acknowledged or delivered for {:g} s", after_kill(),
                       to_seconds(kPatience)));
  } else if (result_.crash.kills == 0 && !loop_.timers().armed(kill_timer_) &&
             audit_.acknowledged() >= layout_.senders()) {
    arm_kill();  // by now the server has kept everybody's session, too
  }
}

void CrashRun::send_due() {
  while (round_start_ + next_due_ <= now()) {
    clients_.publish(next_sender_, (now() - began_).count(), pick_size(plan_.sizes, random_));
    next_sender_ = (next_sender_ + 1) % layout_.senders();
    const std::optional<Duration> due = schedule_->next();
    if (!due) {
      return;
    }
    next_due_ = *due;
  }
  send_timer_ = loop_.timers().arm(round_start_ + next_due_, *this, kSend);
}

// Whenever: while everybody resumes, too.
void CrashRun::arm_kill() {
  constexpr double kMeansMax = 10;
  const double chance =
      (static_cast<double>(random_() >> 11) + 1) / static_cast<double>(std::uint64_t{1} << 53);
  const double means = std::min(kMeansMax, -std::log(chance));
  const auto pause = std::chrono::duration_cast<Duration>(means * plan_.crash.every);
  kill_timer_ = loop_.timers().arm(now() + pause, *this, kKill);
}

void CrashRun::kill() {
  end_sending();
  look_at_server();
  cpu_of_dead_seconds_ += std::exchange(cpu_seconds_, 0);
  ++result_.crash.kills;
  killed_at_ = now();
  clients_.expect_the_end();
  server_.kill();
  enter(Phase::kDying);
}

void CrashRun::await_death() {
  if (clients_.is_everybody_away()) {
    restart();
  } else if (nothing_moves(kPatience)) {
    quit(after_kill() + "its connections stayed open: something else holds them");
  }
}

void CrashRun::restart() {
  CrashServer::Started started = server_.start();
  if (!started.address) {
    quit(after_kill() + "the server did not come up again: " + started.error);
    return;
  }
  address_ = *started.address;
  result_.crash.restarting.record((now() - killed_at_).count());
  enter(Phase::kRestarted);  // and on in the next turn: the clock has stood still meanwhile
}

void CrashRun::begin_to_read() {
  enter(Phase::kReading);
  audit_.begin_reading(audit_.read_to());
  reader_.read_behind(audit_.read_to(), address_, next_reader_name(), history_items_max());
}

void CrashRun::end_round() {
  const bool is_all_there = audit_.restarted(result_.crash.kills);
  are_all_back_ = false;
  const bool is_last = result_.crash.kills >= plan_.crash.kills || interrupted_;
  if (is_all_there && !is_last) {
    begin_round();
  } else {
    settle(is_all_there ? "" : after_kill() + "something acknowledged was missing");
  }
  clients_.connect_all(address_, CrashClients::Mode::kUp);
}

void CrashRun::end_sending() {
  if (phase_ == Phase::kRunning) {
    stage_.seconds += to_seconds(now() - round_start_);
  }
  loop_.timers().cancel(send_timer_);
  loop_.timers().cancel(kill_timer_);
}

// why: there are no more kills, if that was not the plan.
void CrashRun::settle(std::string why) {
  end_sending();
  result_.crash.ended = std::move(why);
  enter(Phase::kSettling);
}

void CrashRun::await_settled() {
  const bool is_settled = clients_.is_everybody_there() && clients_.is_everybody_caught_up() &&
                          clients_.count_unacknowledged() == 0;
  if (is_settled || nothing_moves(kPatience)) {
    clients_.fence_all();
    enter(Phase::kFencing);
  }
}

void CrashRun::await_fences() {
  if (clients_.is_everybody_caught_up() || nothing_moves(kPatience)) {
    read_all();
  }
}

void CrashRun::read_all() {
  look_at_server();
  enter(Phase::kReadingAll);
  audit_.begin_reading(history_before_);
  reader_.read_behind(history_before_, address_, next_reader_name(), history_items_max());
}

void CrashRun::quit(std::string why) {
  if (result_.crash.ended.empty()) {
    result_.crash.ended = std::move(why);
  }
  enter(Phase::kQuitting);
  clients_.quit_all();
}

void CrashRun::await_farewells() {
  if (clients_.is_everybody_away() || now() - phase_began_ > kQuitPatience) {
    enter(Phase::kOver);
  }
}

void CrashRun::give_up(std::string why) {
  error_ = std::move(why);
  enter(Phase::kOver);
}

void CrashRun::enter(Phase phase) {
  phase_ = phase;
  phase_began_ = last_progress_at_ = now();
  show();
}

bool CrashRun::nothing_moves(Duration patience) {
  const std::uint64_t progress = audit_.acknowledged() + audit_.heard() + clients_.count_ready();
  if (std::exchange(last_progress_, progress) != progress) {
    last_progress_at_ = now();
  }
  return now() - last_progress_at_ > patience;
}

// ---- what is told and known

void CrashRun::on_everybody_there() {
  if (result_.crash.kills > 0 && !std::exchange(are_all_back_, true)) {
    result_.crash.returning.record((now() - killed_at_).count());
  }
}

void CrashRun::on_kept(std::uint64_t id, std::string_view text) {
  if (phase_ == Phase::kLookingForEnd) {
    history_before_ = id;
  } else if (const std::optional<Stamp> stamp = format_.read(text)) {
    audit_.kept({stamp->sender, stamp->sequence}, id);
  } else {
    audit_.kept_foreign(id, text);
  }
}

// A server may keep a message twice, which is to be found, but hardly all of them.
std::size_t CrashRun::history_items_max() const {
  constexpr std::size_t kMore = 10'000;
  return 2 * clients_.sent() + kMore;
}

// A name that nobody has yet.
std::string CrashRun::next_reader_name() {
  return layout_.client_name(layout_.clients() + readers_++);
}

std::string CrashRun::after_kill() const {
  return result_.crash.kills == 0 ? "" : fmt::format("after kill {}: ", result_.crash.kills);
}

void CrashRun::look_at_server() {
  if (const int pid = server_.pid(); pid != 0) {
    if (const std::optional<ProcessUse> use = look_at_process(pid)) {
      ServerUse& server = result_.server;
      server.pid = pid;
      memory_bytes_ = use->resident_bytes;
      server.memory_peak_bytes = std::max(server.memory_peak_bytes, use->resident_bytes);
      cpu_seconds_ = use->cpu_seconds;
    }
  }
}

void CrashRun::sample() {
  look_at_server();
  Sample sample;
  sample.at_seconds = to_seconds(now() - began_);
  sample.seconds = to_seconds(now() - std::exchange(sampled_at_, now()));
  sample.sent = clients_.sent() - std::exchange(sent_before_, clients_.sent());
  sample.delivered = audit_.heard() - std::exchange(heard_before_, audit_.heard());
  sample.connections = clients_.count_ready();
  sample.server_memory_bytes = memory_bytes_;
  result_.samples.push_back(sample);
}

void CrashRun::show() {
  Outlook outlook;
  outlook.clients = outlook.clients_asked = plan_.clients;
  const std::uint64_t kills = result_.crash.kills;
  switch (phase_) {
    case Phase::kLookingForEnd:
    case Phase::kConnecting:
      outlook.phase = "connecting";
      outlook.clients = clients_.count_ready();
      break;
    case Phase::kRunning:
      outlook.phase = fmt::format("kill {} of {}", kills + 1, plan_.crash.kills);
      break;
    case Phase::kDying:
    case Phase::kRestarted:
    case Phase::kReading:
      outlook.phase = fmt::format("kill {} of {}", kills, plan_.crash.kills);
      break;
    case Phase::kSettling:
    case Phase::kFencing:
      outlook.phase = "settling";
      break;
    case Phase::kReadingAll:
    case Phase::kQuitting:
    case Phase::kOver:
      outlook.phase = "reading the history";
      break;
  }
  outlook.sample = result_.samples.empty() ? nullptr : &result_.samples.back();
  watcher_.on_progress(outlook);
}

Result CrashRun::finish() {
  CHECK(is_over(), "a run that goes on");
  stage_.delivering_seconds = stage_.seconds;
  stage_.sent = clients_.sent();
  stage_.delivered = audit_.heard();
  stage_.server_cpu_seconds = cpu_of_dead_seconds_ + cpu_seconds_;
  stage_.generator_cpu_seconds += cpu_seconds_of_this_thread();
  const double elapsed = to_seconds(now() - began_);
  stage_.generator_busiest_thread = elapsed > 0 ? stage_.generator_cpu_seconds / elapsed : 0;
  result_.stages.push_back(std::move(stage_));
  result_.rooms = {{"lobby", clients_.count(), result_.integrity}};
  result_.registration.latency = clients_.registration();
  result_.acks = {clients_.sent(), clients_.count_unacknowledged(), clients_.unexpected_acks()};
  result_.connections_lost = clients_.connections_lost();
  result_.crash.history.acknowledged = audit_.acknowledged();
  result_.crash.sent_again = clients_.sent_again();
  result_.crash.sessions_lost = clients_.sessions_lost();
  const auto warn = [this](const char* what, const std::string& why) {
    if (!why.empty()) {
      result_.warnings.push_back(what + why);
    }
  };
  warn("the first connection that was lost: ", clients_.first_connection_lost());
  warn("the first session that was lost: ", clients_.first_session_lost());
  if (interrupted_) {
    result_.warnings.emplace_back("interrupted: this is what was measured until then");
  }
  return std::move(result_);
}

}  // namespace loadgen
