#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/sim/sim_world.h"

namespace reactor_test {

enum class CallKind : std::uint8_t {
  kWatch,
  kUnwatch,
  kWait,
  kAccept,
  kShed,
  kConnectError,
  kRead,
  kWrite,
  kShutdown,
  kClose,
};

// Passes every call on to a simulated Net and writes it down. A test can also change what the loop
// is told.
class RecordingNet final : public reactor::Net {
 public:
  struct Call {
    CallKind kind;
    int fd = -1;
    std::size_t bytes = 0;
    int error = 0;
  };

  explicit RecordingNet(sim::World& world) : sim(world) {}

  sim::SimNet sim;
  std::vector<Call> calls;
  std::vector<std::optional<reactor::Duration>> timeouts;  // of the waits
  int now_calls = 0;
  int batch_entries = 0;  // of the last wait

  // Changes what wait() reports.
  std::function<void(std::vector<reactor::Ready>&)> edit_batch;
  // While not 0, the error of watch and of connect_error.
  int watch_error = 0;
  int forced_connect_error = 0;
  // Errors of the next calls of accept, before the simulation is asked again.
  std::deque<int> accept_errors;

  std::size_t count(CallKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        calls.begin(), calls.end(), [kind](const Call& call) { return call.kind == kind; }));
  }
  std::vector<Call> of(CallKind kind, int fd) const {
    std::vector<Call> found;
    std::copy_if(calls.begin(), calls.end(), std::back_inserter(found),
                 [&](const Call& call) { return call.kind == kind && call.fd == fd; });
    return found;
  }
  void forget() {
    calls.clear();
    timeouts.clear();
    now_calls = 0;
  }

  int watch(int fd, reactor::Token token) override {
    const int error = watch_error != 0 ? watch_error : sim.watch(fd, token);
    calls.push_back({CallKind::kWatch, fd, 0, error});
    return error;
  }
  void unwatch(int fd) override {
    calls.push_back({CallKind::kUnwatch, fd});
    sim.unwatch(fd);
  }
  std::span<const reactor::Ready> wait(std::optional<reactor::Duration> timeout) override {
    calls.push_back({CallKind::kWait});
    timeouts.push_back(timeout);
    const std::span<const reactor::Ready> reported = sim.wait(timeout);
    batch_.assign(reported.begin(), reported.end());
    if (edit_batch) {
      edit_batch(batch_);
    }
    batch_entries = static_cast<int>(batch_.size());
    return batch_;
  }
  void wake() noexcept override { sim.wake(); }
  reactor::Opened listen(const reactor::Address& address,
                         const reactor::ListenOptions& options) override {
    return sim.listen(address, options);
  }
  reactor::Address local_address(int fd) override { return sim.local_address(fd); }
  reactor::Accepted accept(int listener) override {
    if (!accept_errors.empty()) {
      const int error = accept_errors.front();
      accept_errors.pop_front();
      calls.push_back({CallKind::kAccept, listener, 0, error});
      return {-1, error, {}};
    }
    const reactor::Accepted accepted = sim.accept(listener);
    calls.push_back({CallKind::kAccept, listener, 0, accepted.error});
    return accepted;
  }
  bool shed(int listener) override {
    calls.push_back({CallKind::kShed, listener});
    return sim.shed(listener);
  }
  reactor::Opened connect(const reactor::Address& address, const reactor::Address& from) override {
    return sim.connect(address, from);
  }
  int connect_error(int fd) override {
    const int error = forced_connect_error != 0 ? forced_connect_error : sim.connect_error(fd);
    calls.push_back({CallKind::kConnectError, fd, 0, error});
    return error;
  }
  reactor::IoResult read(int fd, std::span<char> into) override {
    const reactor::IoResult result = sim.read(fd, into);
    calls.push_back({CallKind::kRead, fd, result.bytes, result.error});
    return result;
  }
  void write_batch(std::span<reactor::WriteOp> ops) override {
    sim.write_batch(ops);
    for (const reactor::WriteOp& op : ops) {
      calls.push_back({CallKind::kWrite, op.fd, op.result.bytes, op.result.error});
    }
  }
  void shutdown_write(int fd) override {
    calls.push_back({CallKind::kShutdown, fd});
    sim.shutdown_write(fd);
  }
  void close(int fd) override {
    calls.push_back({CallKind::kClose, fd});
    sim.close(fd);
  }
  reactor::TimePoint now() override {
    ++now_calls;
    return sim.now();
  }
  std::int64_t unix_ms() override { return sim.unix_ms(); }

 private:
  std::vector<reactor::Ready> batch_;
};

}  // namespace reactor_test
