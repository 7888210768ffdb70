#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "reactor/reactor.h"
#include "reactor/timers.h"
#include "tools/loadgen/crash_clients.h"
#include "tools/loadgen/crash_server.h"
#include "tools/loadgen/history_audit.h"
#include "tools/loadgen/history_reader.h"
#include "tools/loadgen/layout.h"
#include "tools/loadgen/payload.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"
#include "tools/loadgen/run.h"
#include "tools/loadgen/schedule.h"

namespace loadgen {

// Kills a server under load again and again and proves from its history that it has kept its word:
// see HistoryAudit. In a round clients send, the server is killed and started again, somebody reads
// what it has kept, and the clients resume and send again what was not acknowledged. In the end
// everything is read once more. One thread, one reactor: what it measures is no latency.
class CrashRun final : public Run,
                       private CrashClients::Host,
                       private HistoryReader::Sink,
                       private reactor::TimerHandler {
 public:
  // plan, server and watcher outlive the run.
  CrashRun(const Plan& plan, std::uint64_t run_key, std::unique_ptr<reactor::Net> net,
           CrashServer& server, RunWatcher& watcher);
  CrashRun(const CrashRun&) = delete;
  CrashRun& operator=(const CrashRun&) = delete;
  ~CrashRun() override;

  Result run() override;
  const std::string& error() const override { return error_; }
  void interrupt() noexcept override;

  // The parts of run(), for whoever makes the turns himself.
  void begin();
  void turn(std::optional<Duration> wait_max) { loop_.turn(wait_max); }
  bool is_over() const { return phase_ == Phase::kOver; }
  Result finish();

 private:
  enum class Phase : std::uint8_t {
    kLookingForEnd,  // of the history that was there before
    kConnecting,
    kRunning,
    kDying,      // the server is killed, not all connections are gone
    kRestarted,  // it is up again
    kReading,    // what it has kept
    kSettling,   // no more kills: everybody resumes, everything is acknowledged
    kFencing,    // what is on its way arrives
    kReadingAll,
    kQuitting,
    kOver,
  };
  // Timer arguments.
  static constexpr std::uint64_t kLook = 0;
  static constexpr std::uint64_t kSend = 1;
  static constexpr std::uint64_t kKill = 2;

  static constexpr Duration kLookInterval = std::chrono::milliseconds{10};
  static constexpr Duration kSampleInterval = std::chrono::seconds{1};
  // When nothing has moved for so long, nothing will.
  static constexpr Duration kPatience = std::chrono::seconds{10};
  static constexpr Duration kQuitPatience = std::chrono::seconds{3};

  void on_everybody_there() override;
  void on_kept(std::uint64_t id, std::string_view text) override;
  void on_gap(std::uint64_t first, std::uint64_t last) override { audit_.gap(first, last); }
  void on_history_read(const std::string& error) override;
  void on_timer(std::uint64_t argument) override;

  // The steps of a run, in order.
  void look();
  void await_connections();
  void begin_round();
  void watch_round();
  void send_due();
  void arm_kill();
  void kill();
  void await_death();
  void restart();
  void begin_to_read();
  void end_round();
  void end_sending();
  void settle(std::string why);
  void await_settled();
  void await_fences();
  void read_all();
  void quit(std::string why);
  void await_farewells();
  void give_up(std::string why);

  void enter(Phase phase);
  bool nothing_moves(Duration patience);
  std::size_t history_items_max() const;
  std::string next_reader_name();
  std::string after_kill() const;
  void look_at_server();
  void sample();
  void show();
  reactor::TimePoint now() const { return net_.now(); }

  const Plan& plan_;
  CrashServer& server_;
  RunWatcher& watcher_;
  const Layout layout_;
  const PayloadFormat format_;
  reactor::Net& net_;  // the loop's
  reactor::Reactor loop_;
  HistoryAudit audit_;
  CrashClients clients_;
  HistoryReader reader_;
  std::mt19937_64 random_;
  std::atomic<bool> interrupted_{false};

  Phase phase_ = Phase::kLookingForEnd;
  reactor::TimePoint phase_began_;
  std::uint64_t last_progress_ = 0;
  reactor::TimePoint last_progress_at_;
  reactor::TimerId look_timer_;
  reactor::TimerId send_timer_;
  reactor::TimerId kill_timer_;

  reactor::Address address_;          // of the server
  std::uint64_t history_before_ = 0;  // the last message that was there before the run
  std::uint64_t readers_ = 0;         // clients that have read the history
  bool are_all_back_ = false;
  reactor::TimePoint killed_at_;
  std::optional<Schedule> schedule_;
  reactor::TimePoint round_start_;
  Duration next_due_{};
  std::size_t next_sender_ = 0;

  std::uint64_t looks_ = 0;
  reactor::TimePoint began_;
  reactor::TimePoint sampled_at_;
  std::uint64_t sent_before_ = 0;
  std::uint64_t heard_before_ = 0;
  std::uint64_t memory_bytes_ = 0;
  double cpu_of_dead_seconds_ = 0;  // of servers that were killed
  double cpu_seconds_ = 0;          // of this one
  Result result_;
  StageResult stage_;
  std::string error_;
};

}  // namespace loadgen
