#pragma once

#include <cstdint>
#include <utility>

#include "tests/tools/loadgen_fake_chat.h"
#include "tests/tools/loadgen_workers_sim.h"

namespace loadgen {

// The load generator's workers against a FakeChat.
class LogSim final : public WorkersSim {
 public:
  LogSim(std::uint64_t seed, Plan plan, const FakeFaults& faults = {})
      : WorkersSim(seed, std::move(plan)), chat_(world.make_net(), disk_, faults) {
    start(chat_.listen());
  }

  void tick() override {
    chat_.turn();
    for (const auto& worker : pool().workers()) {
      worker->turn(Duration::zero());
    }
    world.advance(kTick);
  }

  // Sends everything that is asked for; what is on its way then may come or not.
  void run_stage(double messages_per_second, Duration duration) {
    begin_stage(messages_per_second, duration);
    await_sent();
    tell_all(WorkerOrder::Kind::kStop);
  }

  const FakeChat& chat() const { return chat_; }

 private:
  FakeDisk disk_;
  FakeChat chat_;
};

}  // namespace loadgen
