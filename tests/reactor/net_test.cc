#include "reactor/net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "tests/reactor/net_fixture.h"
#if defined(__linux__)
#include "tests/reactor/refused_calls.h"
#endif

// The contract of net.h: watching, waiting and waking. The sockets are in net_socket_test.cc.

namespace reactor {
namespace {

using ::testing::IsEmpty;

template <class Backend>
using NetContract = NetFixture<Backend>;
TYPED_TEST_SUITE(NetContract, Backends);

// ---- watching and waiting

TYPED_TEST(NetContract, WhatIsReadyBeforeWatch_IsReportedByTheNextWait) {
  const auto pair = this->unix_pair();
  this->write(pair.far, "hello");
  this->watch(pair.near, kToken);
  const auto seen = this->wait_until(
      [](auto& s) { return s[kToken.pack()].readable && s[kToken.pack()].writable; });
  EXPECT_TRUE(seen.at(kToken.pack()).readable);
  EXPECT_TRUE(seen.at(kToken.pack()).writable);
  EXPECT_FALSE(seen.at(kToken.pack()).hangup);
}

TYPED_TEST(NetContract, UnreadData_IsNotReportedAgainUntilMoreArrives) {
  const auto pair = this->unix_pair();
  this->watch(pair.near, kToken);
  this->write(pair.far, "one");
  EXPECT_TRUE(this->wait_for(kToken, &Ready::readable).readable);
  this->forget_reports();
  EXPECT_THAT(this->net_.wait(kNoTime), IsEmpty()) << "nothing has changed";
  this->write(pair.far, "two");
  EXPECT_TRUE(this->wait_for(kToken, &Ready::readable).readable);
  IoResult end;
  EXPECT_EQ(this->drain(pair.near, end), "onetwo");
  EXPECT_EQ(end.error, EAGAIN);
}

TYPED_TEST(NetContract, FullSocket_IsReportedWritableOnceThePeerHasRead) {
  const auto pair = this->tcp_pair();
  this->watch(pair.near, kToken);
  const std::string chunk(1 << 20, 'x');
  while (this->write(pair.near, chunk).error == 0) {
  }
  this->forget_reports();
  IoResult end;
  const auto seen = this->wait_until([&](auto& s) {
    this->drain(pair.far, end);
    return s[kToken.pack()].writable;
  });
  EXPECT_TRUE(seen.at(kToken.pack()).writable);
  EXPECT_EQ(this->write(pair.near, "more").bytes, 4U);
}

TYPED_TEST(NetContract, HangUp_IsReportedWithDataStillToRead) {
  const auto pair = this->tcp_pair();
  this->watch(pair.near, kToken);
  this->write(pair.far, "bye");
  this->close(pair.far);
  const Ready ready = this->wait_for(kToken, &Ready::hangup);
  EXPECT_TRUE(ready.hangup);
  EXPECT_TRUE(ready.readable) << "a hang-up is learnt of by reading";
  IoResult end;
  EXPECT_EQ(this->drain(pair.near, end), "bye");
  EXPECT_EQ(end.error, 0) << "the end of the stream is {0, 0}";
}

TYPED_TEST(NetContract, HalfClosedPeer_IsReportedAndCanStillBeWrittenTo) {
  const auto pair = this->tcp_pair();
  this->watch(pair.near, kToken);
  this->net_.shutdown_write(pair.far);
  EXPECT_TRUE(this->wait_for(kToken, &Ready::hangup).readable);
  IoResult end;
  EXPECT_EQ(this->drain(pair.near, end), "");
  EXPECT_EQ(end.error, 0);
  EXPECT_EQ(this->write(pair.near, "answer").bytes, 6U);
  this->unwatch(pair.near);
  this->close(pair.near);
  int error = -1;
  EXPECT_EQ(this->read_to_end(pair.far, error), "answer");
  EXPECT_EQ(error, 0);
}

TYPED_TEST(NetContract, Reset_IsReportedAndReadTellsTheError) {
  const auto pair = this->tcp_pair();
  this->watch(pair.near, kToken);
  this->forget_reports();
  const linger abort{1, 0};
  ASSERT_EQ(::setsockopt(pair.far, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)), 0);
  this->close(pair.far);
  const auto seen = this->wait_until([](auto& s) {
    return s[kToken.pack()].hangup && s[kToken.pack()].readable && s[kToken.pack()].writable;
  });
  EXPECT_TRUE(seen.at(kToken.pack()).hangup);
  EXPECT_TRUE(seen.at(kToken.pack()).readable);
  EXPECT_TRUE(seen.at(kToken.pack()).writable);
  std::array<char, 8> buffer{};
  EXPECT_EQ(this->net_.read(pair.near, buffer).error, ECONNRESET);
}

TYPED_TEST(NetContract, Unwatched_IsNotReportedAnyMore) {
  const auto pair = this->unix_pair();
  this->watch(pair.near, kToken);
  this->write(pair.far, "pending");
  this->unwatch(pair.near);
  EXPECT_THAT(this->net_.wait(kNoTime), IsEmpty());
}

TYPED_TEST(NetContract, ReusedDescriptor_IsReportedUnderItsNewTokenOnly) {
  const auto gone = this->unix_pair();
  this->watch(gone.near, kToken);
  this->write(gone.far, "for the old one");
  this->unwatch(gone.near);
  this->close(gone.near);
  const auto pair = this->unix_pair();
  ASSERT_EQ(pair.near, gone.near) << "the system hands out the lowest free number";
  this->watch(pair.near, kOther);
  this->write(pair.far, "for the new one");
  const auto seen = this->wait_until([](auto& s) { return s[kOther.pack()].readable; });
  EXPECT_TRUE(seen.at(kOther.pack()).readable);
  EXPECT_EQ(seen.count(kToken.pack()), 0U);
}

TYPED_TEST(NetContract, BadDescriptor_CannotBeWatched) {
  const auto pair = this->unix_pair();
  this->close(pair.near);
  EXPECT_EQ(this->net_.watch(pair.near, kToken), EBADF);
}

TYPED_TEST(NetContract, MoreReadyThanABatchHolds_AreAllReportedWithTheNextWaits) {
  DescriptorLimit limit;
  ASSERT_GE(raise_descriptor_limit(), 2000U);
  std::set<std::uint64_t> expected;
  for (std::uint32_t i = 0; i < 600; ++i) {
    const auto pair = this->unix_pair();
    this->watch(pair.near, {i, 1});
    this->write(pair.far, "x");
    expected.insert(Token{i, 1}.pack());
  }
  std::set<std::uint64_t> readable;
  std::set<std::uint64_t> writable;
  for (auto batch = this->net_.wait(kNoTime); !batch.empty(); batch = this->net_.wait(kNoTime)) {
    ASSERT_LE(batch.size(), std::size_t{Net::kEventsMax});
    for (const Ready& ready : batch) {
      (ready.readable ? readable : writable).insert(ready.token.pack());
      if (ready.writable) {
        writable.insert(ready.token.pack());
      }
    }
  }
  EXPECT_EQ(readable, expected);
  EXPECT_EQ(writable, expected);
}

TYPED_TEST(NetContract, WaitWithNothingToReport_SleepsForItsWholeTimeout) {
  for (const Duration timeout : {Duration{1}, Duration{250'000}, Duration{3'300'001}}) {
    EXPECT_TRUE(this->once_in_ten([&] { return this->sleeps_for(timeout); })) << timeout.count();
  }
}

TYPED_TEST(NetContract, SignalDuringWait_EndsItWithNothing) {
  const CountedSignal signal(SIGUSR1);
  std::atomic<bool> done = false;
  std::thread sender([&done, waiter = ::pthread_self()] {
    while (!done) {
      ::pthread_kill(waiter, SIGUSR1);
      std::this_thread::yield();
    }
  });
  do {
    EXPECT_THAT(this->net_.wait(std::nullopt), IsEmpty());  // never returns if signals don't end it
  } while (CountedSignal::count == 0);
  done = true;
  sender.join();
}

// ---- waking

TYPED_TEST(NetContract, WakeFromAnotherThread_EndsAWaitWithoutLimit) {
  std::thread waker([this] { this->net_.wake(); });
  EXPECT_THAT(this->net_.wait(std::nullopt), IsEmpty());
  waker.join();
}

TYPED_TEST(NetContract, ManyWakes_EndOneWaitAndNoMore) {
  const auto attempt = [this] {
    for (int i = 0; i < 1000; ++i) {
      this->net_.wake();
    }
    EXPECT_THAT(this->net_.wait(std::nullopt), IsEmpty());
    return this->sleeps_for(std::chrono::milliseconds{2});
  };
  EXPECT_TRUE(this->once_in_ten(attempt)) << "a wake-up was left over";
}

TYPED_TEST(NetContract, WakeAfterEachWait_IsNeverLost) {
  constexpr int kRounds = 2000;
  std::atomic<int> asked = 0;
  std::thread waker([&] {
    for (int answered = 0; answered < kRounds;) {
      if (asked > answered) {
        ++answered;
        this->net_.wake();
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ++asked;
    this->net_.wait(std::nullopt);  // never returns if its wake-up was lost
  }
  waker.join();
}

TYPED_TEST(NetContract, Wake_LeavesErrnoAlone) {
  errno = ENOTTY;
  this->net_.wake();
  EXPECT_EQ(errno, ENOTTY);
}

TYPED_TEST(NetContract, WakeAmongReadySockets_HidesNoneOfThem) {
  const auto pair = this->unix_pair();
  this->watch(pair.near, kToken);
  this->write(pair.far, "x");
  this->net_.wake();
  EXPECT_TRUE(this->wait_for(kToken, &Ready::readable).readable);
}

#if defined(__linux__)

std::set<int> open_eventfds() {
  std::set<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone).string() == "anon_inode:[eventfd]") {
      found.insert(std::stoi(entry.path().filename().string()));
    }
  }
  return found;
}

TEST(EpollNet, WakeWhoseCounterIsFull_StillWakes) {
  const std::set<int> before = open_eventfds();
  EpollNet net;
  std::set<int> made = open_eventfds();
  std::erase_if(made, [&](int fd) { return before.contains(fd); });
  ASSERT_EQ(made.size(), 1U);
  const std::uint64_t full = UINT64_MAX - 1;
  ASSERT_EQ(::write(*made.begin(), &full, sizeof(full)), static_cast<ssize_t>(sizeof(full)));
  EXPECT_THAT(net.wait(std::nullopt), IsEmpty());
  net.wake();
  EXPECT_THAT(net.wait(std::nullopt), IsEmpty());  // never returns if the wake-up was lost
}

TEST(EpollNet, KernelWithoutFineTimeouts_SleepsForTheWholeTimeoutAllTheSame) {
  for (const int refusal : {ENOSYS, EPERM}) {
    reactor_test::with_refused_call(SYS_epoll_pwait2, refusal, [] {
      EpollNet net;
      for (const Duration timeout :
           {std::chrono::microseconds{300}, std::chrono::microseconds{1700}}) {
        const TimePoint begin = net.now();
        EXPECT_THAT(net.wait(timeout), IsEmpty());
        EXPECT_GE(net.now() - begin, timeout);
      }
    });
  }
}

#endif

}  // namespace
}  // namespace reactor
