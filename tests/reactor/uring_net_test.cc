#include "reactor/uring_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "reactor/net.h"
#include "tests/reactor/refused_calls.h"

// What is not in the contract that every backend keeps: when io_uring is used, and what happens
// where the kernel refuses it. A call that is refused tells which way the writes go.

namespace reactor {
namespace {

using reactor_test::with_refused_call;
using ::testing::Each;

// Writes one byte to each of so many sockets with one batch; gives each write's error, and checks
// that all bytes are there whose writes had none.
std::vector<int> errors_of_batch(Net& net, std::size_t writes) {
  std::vector<std::array<int, 2>> pairs(writes);
  std::vector<WriteOp> ops(writes);
  char text = 'x';
  for (std::size_t i = 0; i < writes; ++i) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i].data()), 0);
    ops[i].fd = pairs[i][0];
    ops[i].part_count = 1;
    ops[i].parts[0] = {&text, 1};
  }
  net.write_batch(ops);
  std::vector<int> errors;
  for (std::size_t i = 0; i < writes; ++i) {
    char received = 0;
    const ssize_t count = ::read(pairs[i][1], &received, 1);
    EXPECT_EQ(count == 1 && received == 'x', ops[i].result.error == 0);
    EXPECT_EQ(ops[i].result.bytes, count == 1 ? 1U : 0U);
    errors.push_back(ops[i].result.error);
    ::close(pairs[i][0]);
    ::close(pairs[i][1]);
  }
  return errors;
}

TEST(UringNet, BatchOfSome_GoesThroughTheRingWhereThereIsOne) {
  with_refused_call(SYS_sendto, ENOBUFS, [] {
    UringNet net;
    const int expected = net.refusal() == 0 ? 0 : ENOBUFS;
    EXPECT_THAT(errors_of_batch(net, UringNet::kRingOpsMin), Each(expected));
    EXPECT_THAT(errors_of_batch(net, 700), Each(expected)) << "more than one round";
  });
}

TEST(UringNet, BatchOfFew_GoesOneByOne) {
  with_refused_call(SYS_sendto, ENOBUFS, [] {
    UringNet net;
    EXPECT_THAT(errors_of_batch(net, UringNet::kRingOpsMin - 1), Each(ENOBUFS));
  });
}

TEST(UringNet, KernelThatRefusesTheRing_IsWrittenToOneByOne) {
  with_refused_call(SYS_io_uring_setup, ENOSYS, [] {
    UringNet net;
    EXPECT_EQ(net.refusal(), ENOSYS);
    EXPECT_THAT(errors_of_batch(net, 100), Each(0));
  });
}

TEST(UringNet, KernelThatRefusesSubmissions_StillGetsEveryWriteOnce) {
  for (const int refusal : {EPERM, EAGAIN}) {
    with_refused_call(SYS_io_uring_enter, refusal, [] {
      UringNet net;
      EXPECT_THAT(errors_of_batch(net, 700), Each(0));
      EXPECT_NE(net.refusal(), 0) << "it would be asked again with every flush";
      EXPECT_THAT(errors_of_batch(net, 700), Each(0));
    });
  }
}

TEST(UringNet, MadeOnOneThread_WritesOnAnother) {
  UringNet net;
  const int refusal = net.refusal();
  std::thread([&net] { EXPECT_THAT(errors_of_batch(net, 100), Each(0)); }).join();
  EXPECT_EQ(net.refusal(), refusal);
}

TEST(Backends, Choice_IsEpollWhereTheKernelRefusesIoUring) {
  with_refused_call(SYS_io_uring_setup, ENOSYS, [] {
    for (const Backend wanted : {Backend::kAuto, Backend::kIoUring}) {
      const BackendChoice choice = choose_backend(wanted);
      EXPECT_EQ(choice.backend, Backend::kEpoll) << to_string(wanted);
      EXPECT_EQ(choice.refusal, ENOSYS) << to_string(wanted);
      EXPECT_THAT(errors_of_batch(*make_net(wanted), 100), Each(0)) << to_string(wanted);
    }
  });
}

TEST(Backends, Choice_IsIoUringWhereItWorksUnlessEpollIsWanted) {
  const int refusal = UringNet().refusal();
  const Backend expected = refusal == 0 ? Backend::kIoUring : Backend::kEpoll;
  EXPECT_EQ(choose_backend(Backend::kAuto).backend, expected);
  EXPECT_EQ(choose_backend(Backend::kIoUring).backend, expected);
  EXPECT_EQ(choose_backend(Backend::kEpoll).backend, Backend::kEpoll);
  EXPECT_EQ(choose_backend(Backend::kEpoll).refusal, 0);
}

TEST(Backends, Epoll_AsksForNoRing) {
  with_refused_call(SYS_sendto, ENOBUFS, [] {
    EXPECT_THAT(errors_of_batch(*make_net(Backend::kEpoll), 100), Each(ENOBUFS));
  });
}

}  // namespace
}  // namespace reactor
