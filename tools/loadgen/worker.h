#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "reactor/mailbox.h"
#include "reactor/reactor.h"
#include "tools/loadgen/crowd.h"
#include "tools/loadgen/layout.h"
#include "tools/loadgen/payload.h"
#include "tools/loadgen/pending_acks.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"
#include "tools/loadgen/room_order.h"
#include "tools/loadgen/room_share.h"
#include "tools/loadgen/schedule.h"
#include "tools/loadgen/slow_readers.h"

namespace loadgen {

// What the conductor tells a worker.
struct WorkerOrder {
  enum class Kind : std::uint8_t {
    kConnect,  // begin to connect everybody
    kStage,    // begin to send
    kStop,     // send no more, and nobody loses a connection any more
    kCatchUp,  // nobody reads slowly any more
    kReport,   // tell what has happened since the last report
    kQuit,     // end all connections, then the worker
  };
  Kind kind = Kind::kReport;
  Stage stage{};
  reactor::TimePoint start{};  // of the stage
  Duration ramp{};
  std::uint64_t seed = 0;  // of the stage's schedule, the same for all threads
  bool measured = false;
};

// What a worker has seen since its last report.
struct WorkerReport {
  std::size_t thread = 0;
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::vector<Latency> latency;  // by kind of the receiver
  Latency acks;
  Histogram lateness;
  double cpu_seconds = 0;
};

// Where a worker's reports go; called on the worker's thread.
class ReportSink {
 public:
  virtual void post(WorkerReport report) = 0;

 protected:
  ~ReportSink() = default;
};

// How far a worker is: written by its thread at the end of each turn, read by any.
struct Progress {
  std::atomic<std::uint64_t> ready{0};  // as in Crowd::Counts
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> lost{0};
  std::atomic<std::uint64_t> sent{0};  // messages
  // Deliveries of these to those who stay, acknowledgements that were asked for, and what came of
  // both, doubled ones once; of those who read slowly apart.
  std::atomic<std::uint64_t> due{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> due_slow{0};
  std::atomic<std::uint64_t> delivered_slow{0};
  std::atomic<std::uint64_t> stages_begun{0};
  std::atomic<std::int64_t> sending_ended_ns{0};  // of the stage; since RunContext::origin
  std::atomic<bool> is_sending{false};
};

// What is the same for every worker of a run. Everything in it outlives the workers.
struct RunContext {
  const Plan& plan;
  const Layout& layout;
  const PayloadFormat& format;
  reactor::TimePoint origin;  // from when the stamps count
  // By room: its order over all threads. Empty when no room is split.
  std::vector<std::unique_ptr<SharedRoomOrder>> shared_orders;
};

// One thread of the load generator: its clients, their reactor, and its share of the schedule.
// Made by the conductor's thread; run() is called on the worker's own. mailbox() and progress()
// are for any thread, the results for when run() has returned.
class Worker final : private CrowdEvents,
                     private reactor::TimerHandler,
                     private reactor::TurnHandler,
                     private reactor::MailHandler<WorkerOrder> {
 public:
  // The members of one room that this thread has.
  struct Room {
    explicit Room(std::size_t sender_count) : order(sender_count) {}

    RoomOrder order;
    SharedRoomOrder* shared = nullptr;  // null: nobody else has members of it
    Follower as_thread;                 // in shared
    std::vector<MessageKey> fresh;      // to be told to shared
    Integrity left;                     // what was counted of those who have left
  };

  Worker(const RunContext& context, std::size_t index, std::unique_ptr<reactor::Net> net,
         ReportSink& reports);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // Turns until everything is quit.
  void run();
  // One turn, for whoever runs them himself.
  void turn(std::optional<Duration> wait_max) { loop_.turn(wait_max); }
  bool has_quit() const { return crowd_.has_quit(); }

  reactor::Mailbox<WorkerOrder>& mailbox() { return mailbox_; }
  const Progress& progress() const { return progress_; }

  // Results. close_orders, called once and first, completes what is counted of the members.
  void close_orders();
  const std::vector<std::unique_ptr<Room>>& rooms() const { return rooms_; }  // null: none here
  const Crowd& crowd() const { return crowd_; }
  SlowReaderResult slow_readers() const { return slow_readers_.result(); }
  AckResult acks() const;

 private:
  // What can't be sent within a stage and this share of it is not sent: the generator is too slow.
  static constexpr double kOverrunShareMax = 0.1;

  void on_received() override { received_ns_ = now_ns(); }
  void on_delivery(LoadClient& client, std::string_view payload) override;
  void on_ack(LoadClient& client, std::uint64_t number) override;
  void on_left(LoadClient& client) override;
  void on_timer(std::uint64_t argument) override;
  void on_turn_end() override;
  void on_mail(WorkerOrder& order) override;

  std::int64_t now_ns() const { return (net_.now() - context_.origin).count(); }
  Room& room_of(const LoadClient& client) { return *rooms_[client.room()]; }
  void join_rooms();
  void begin_stage(const WorkerOrder& order);
  bool find_next_due();
  void send_due();
  void fill_window(LoadClient& sender);
  void end_sending();
  void publish(LoadClient& sender, std::int64_t due_ns, std::int64_t sent_ns);
  void measure(LoadClient& client, const Stamp& stamp);
  void note_completed();
  void tell_shared_orders();
  void report();
  WorkerReport new_report() const;
  double cpu_seconds() const;

  const RunContext& context_;
  const Plan& plan_;
  const Layout& layout_;
  const std::size_t index_;
  ReportSink& reports_;
  reactor::Net& net_;  // the loop's
  reactor::Reactor loop_;
  reactor::Mailbox<WorkerOrder> mailbox_;
  Crowd crowd_;
  std::vector<std::unique_ptr<Room>> rooms_;
  std::vector<LoadClient*> senders_;       // by the layout's number; null: another thread's
  std::vector<PendingAcks> pending_acks_;  // likewise; none when no acknowledgements are asked for
  SlowReaders slow_readers_;

  // The stage.
  std::optional<Schedule> schedule_;
  reactor::TimePoint stage_start_;
  Duration stage_duration_{};
  Duration next_due_{};
  std::size_t next_sender_ = 0;  // of the message behind next_due_
  reactor::TimerId timer_;
  bool measured_ = false;
  bool is_sending_ = false;
  std::int64_t sending_ended_ns_ = 0;

  std::int64_t received_ns_ = 0;
  std::string payload_;
  std::mt19937_64 random_;
  std::vector<MessageKey> completed_;
  WorkerReport current_;
  double busy_seconds_ = 0;
  double cpu_reported_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t due_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t due_slow_ = 0;
  std::uint64_t delivered_slow_ = 0;
  std::uint64_t stages_begun_ = 0;
  Progress progress_;
};

}  // namespace loadgen
