// What does a flush cost, one write to each of N sockets, with one system call for each write or
// with one for all of them? CPU time of the thread that writes, on loopback TCP; the peers are read
// by another. Compare only with --benchmark_enable_random_interleaving=true and repetitions.

#include <benchmark/benchmark.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "reactor/epoll_net.h"
#include "reactor/uring_net.h"

namespace {

double thread_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The writer and the reader stay where they are, as a server and its clients do.
void stay_on(unsigned processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor % std::max(1U, std::thread::hardware_concurrency()), &one);
  ::sched_setaffinity(0, sizeof(one), &one);
}

// So many connections to ourselves, whose far ends a thread of its own reads dry.
class Peers {
 public:
  explicit Peers(std::size_t count) {
    const reactor::Opened listener = net_.listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), {});
    const reactor::Address address = net_.local_address(listener.fd);
    while (near_.size() < count) {
      const reactor::Opened far = net_.connect(address, {});
      reactor::Accepted near = net_.accept(listener.fd);
      while (near.error == EAGAIN) {
        near = net_.accept(listener.fd);
      }
      if (far.error != 0 || near.error != 0 || net_.watch(far.fd, token(far.fd)) != 0) {
        throw std::runtime_error("no connection to ourselves: are there descriptors?");
      }
      near_.push_back(near.fd);
      far_.push_back(far.fd);
    }
    net_.close(listener.fd);
    reader_ = std::thread([this] { read_all(); });
  }
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  ~Peers() {
    over_ = true;
    net_.wake();
    reader_.join();
    for (std::size_t i = 0; i < near_.size(); ++i) {
      net_.unwatch(far_[i]);
      net_.close(far_[i]);
      net_.close(near_[i]);
    }
  }

  const std::vector<int>& sockets() const { return near_; }
  void wait_until_read(std::size_t bytes) const {
    while (bytes_read_.load(std::memory_order_relaxed) < bytes) {
      std::this_thread::yield();
    }
  }

 private:
  static reactor::Token token(int fd) { return {static_cast<std::uint32_t>(fd), 0}; }

  void read_all() {
    stay_on(1);
    std::array<char, 1 << 16> buffer;
    while (!over_) {
      for (const reactor::Ready& ready : net_.wait(std::nullopt)) {
        const int fd = static_cast<int>(ready.token.index);
        for (auto got = net_.read(fd, buffer); got.bytes > 0; got = net_.read(fd, buffer)) {
          bytes_read_.fetch_add(got.bytes, std::memory_order_relaxed);
        }
      }
    }
  }

  reactor::EpollNet net_;
  std::vector<int> near_;
  std::vector<int> far_;
  std::atomic<std::size_t> bytes_read_ = 0;
  std::atomic<bool> over_ = false;
  std::thread reader_;
};

void flush(benchmark::State& state, reactor::Net& net) {
  const auto sockets = static_cast<std::size_t>(state.range(0));
  std::string text(static_cast<std::size_t>(state.range(1)), 'x');
  reactor::raise_descriptor_limit();
  const Peers peers(sockets);
  stay_on(0);
  std::vector<reactor::WriteOp> ops(sockets);
  std::size_t sent = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (std::size_t i = 0; i < sockets; ++i) {
      ops[i] = {.fd = peers.sockets()[i], .part_count = 1, .parts = {}, .result = {}};
      ops[i].parts[0] = {text.data(), text.size()};
    }
    const double before = thread_cpu_seconds();
    net.write_batch(ops);
    state.SetIterationTime(thread_cpu_seconds() - before);
    for (const reactor::WriteOp& op : ops) {
      sent += op.result.bytes;
    }
    peers.wait_until_read(sent);
  }
  using benchmark::Counter;
  const auto writes = static_cast<double>(state.iterations()) * static_cast<double>(sockets);
  state.counters["time/write"] = Counter(writes, Counter::kIsRate | Counter::kInvert);
}

void BM_Flush_OneSystemCallEach(benchmark::State& state) {
  reactor::EpollNet net;
  flush(state, net);
}

void BM_Flush_OneSystemCallForAll(benchmark::State& state) {
  reactor::UringNet net(1);
  if (net.refusal() != 0) {
    state.SkipWithError("the kernel refuses io_uring");
  } else {
    flush(state, net);
  }
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"sockets", "bytes"})
      ->ArgsProduct({{1, 2, 3, 4, 8, 32, 500, 1000}, {100}})
      ->Args({500, 12'000})
      ->UseManualTime();
}
BENCHMARK(BM_Flush_OneSystemCallEach)->Apply(sizes);
BENCHMARK(BM_Flush_OneSystemCallForAll)->Apply(sizes);

}  // namespace
