#include "reactor/kqueue_net.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <tuple>
#include <vector>

#include "tests/sim/kevent/sim_kevent.h"

// What only the kqueue backend has to get right, on a simulated kevent. What it shares with the
// others is in net_test.cc.

namespace reactor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Duration kNoTime{0};
constexpr Token kToken{0x12345678, 0x9abcdef0};  // every bit has to survive udata

class KqueueNetTest : public ::testing::Test {
 protected:
  KqueueNetTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_.data()), 0);
  }
  ~KqueueNetTest() override {
    ::close(pair_[0]);
    ::close(pair_[1]);
    sim_kevent::take_mistakes();
  }

  // Readable, writable and hang-up of each entry of the next batch, all under kToken.
  using Flags = std::tuple<bool, bool, bool>;
  std::multiset<Flags> reported() {
    std::multiset<Flags> flags;
    for (const Ready& ready : net_.wait(kNoTime)) {
      EXPECT_EQ(ready.token, kToken);
      flags.insert({ready.readable, ready.writable, ready.hangup});
    }
    return flags;
  }

  KqueueNet net_;
  const std::size_t without_sockets_ = sim_kevent::knote_count();
  std::array<int, 2> pair_{-1, -1};
};

constexpr std::tuple kReadable{true, false, false};
constexpr std::tuple kWritable{false, true, false};
constexpr std::tuple kReadableEnded{true, false, true};
constexpr std::tuple kWritableEnded{false, true, true};

TEST_F(KqueueNetTest, Watch_AddsBothFiltersAndUnwatchDeletesBoth) {
  ASSERT_EQ(net_.watch(pair_[0], kToken), 0);
  EXPECT_EQ(sim_kevent::knote_count(), without_sockets_ + 2);
  net_.unwatch(pair_[0]);
  EXPECT_EQ(sim_kevent::knote_count(), without_sockets_);
  net_.close(std::exchange(pair_[0], -1));
  EXPECT_THAT(sim_kevent::take_mistakes(), IsEmpty());
}

TEST_F(KqueueNetTest, CloseOfAWatchedDescriptor_WouldBeNoticed) {
  ASSERT_EQ(net_.watch(pair_[0], kToken), 0);
  net_.close(std::exchange(pair_[0], -1));
  EXPECT_THAT(sim_kevent::take_mistakes(), ElementsAre(HasSubstr("write"), HasSubstr("read")));
}

TEST_F(KqueueNetTest, FilterThatCannotBeAdded_IsToldAndLeavesNoneBehind) {
  for (const int filter : {EVFILT_READ, EVFILT_WRITE}) {
    sim_kevent::fail_next_add(filter, ENOMEM);
    EXPECT_EQ(net_.watch(pair_[0], kToken), ENOMEM) << filter;
    EXPECT_EQ(sim_kevent::knote_count(), without_sockets_) << filter;
  }
  EXPECT_EQ(net_.watch(pair_[0], kToken), 0) << "and it can be tried again";
  net_.unwatch(pair_[0]);
}

TEST_F(KqueueNetTest, WriteFilterOfAPeerThatIsGone_MayBeMissing) {
  sim_kevent::fail_next_add(EVFILT_WRITE, EPIPE);
  ASSERT_EQ(net_.watch(pair_[0], kToken), 0);
  net_.close(std::exchange(pair_[1], -1));
  EXPECT_THAT(reported(), ElementsAre(kReadableEnded));
  net_.unwatch(pair_[0]);
  EXPECT_EQ(sim_kevent::knote_count(), without_sockets_);
}

TEST_F(KqueueNetTest, OneSocket_IsReportedByFilter) {
  ASSERT_EQ(::write(pair_[1], "abc", 3), 3);
  ASSERT_EQ(net_.watch(pair_[0], kToken), 0);
  EXPECT_THAT(reported(), ElementsAre(kWritable, kReadable));
  net_.unwatch(pair_[0]);
}

TEST_F(KqueueNetTest, EofWithDataStillToRead_IsReadableAndHangUp) {
  ASSERT_EQ(net_.watch(pair_[0], kToken), 0);
  reported();
  ASSERT_EQ(::write(pair_[1], "bye", 3), 3);
  net_.shutdown_write(pair_[1]);
  EXPECT_THAT(reported(), testing::Contains(kReadableEnded));
  std::array<char, 8> buffer{};
  EXPECT_EQ(net_.read(pair_[0], buffer).bytes, 3U);
  const IoResult end = net_.read(pair_[0], buffer);
  EXPECT_EQ(end.bytes, 0U);
  EXPECT_EQ(end.error, 0);
  net_.unwatch(pair_[0]);
}

TEST_F(KqueueNetTest, PeerThatIsGone_IsReportedByBothFilters) {
  ASSERT_EQ(net_.watch(pair_[0], kToken), 0);
  reported();
  net_.close(std::exchange(pair_[1], -1));
  EXPECT_THAT(reported(), ElementsAre(kWritableEnded, kReadableEnded));
  net_.unwatch(pair_[0]);
}

TEST_F(KqueueNetTest, Eintr_ReturnsNothingAndLosesNothing) {
  ASSERT_EQ(::write(pair_[1], "a", 1), 1);
  ASSERT_EQ(net_.watch(pair_[0], kToken), 0);
  sim_kevent::inject_eintr(1);
  EXPECT_THAT(net_.wait(std::nullopt), IsEmpty());
  EXPECT_THAT(reported(), SizeIs(2));
  net_.unwatch(pair_[0]);
}

TEST_F(KqueueNetTest, TimeoutOfYears_IsTakenAsALongOne) {
  net_.wake();
  EXPECT_THAT(net_.wait(Duration::max()), IsEmpty());
}

TEST_F(KqueueNetTest, AnyOrderOfEvents_ReportsEverySocketOnce) {
  std::vector<std::array<int, 2>> pairs(40);
  for (auto& pair : pairs) {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
  }
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    sim_kevent::shuffle_events(seed);
    for (std::uint32_t i = 0; i < pairs.size(); ++i) {
      ASSERT_EQ(net_.watch(pairs[i][0], {i, static_cast<std::uint32_t>(seed)}), 0);
      ASSERT_EQ(::write(pairs[i][1], "x", 1), 1);
    }
    std::multiset<std::uint32_t> readable;
    std::multiset<std::uint32_t> writable;
    for (const Ready& ready : net_.wait(kNoTime)) {
      EXPECT_EQ(ready.token.generation, seed);
      (ready.readable ? readable : writable).insert(ready.token.index);
    }
    for (std::uint32_t i = 0; i < pairs.size(); ++i) {
      EXPECT_EQ(readable.count(i), 1U) << "seed " << seed;
      EXPECT_EQ(writable.count(i), 1U) << "seed " << seed;
      net_.unwatch(pairs[i][0]);
    }
  }
  sim_kevent::shuffle_events(0);
  for (const auto& pair : pairs) {
    net_.close(pair[0]);
    net_.close(pair[1]);
  }
  EXPECT_THAT(sim_kevent::take_mistakes(), IsEmpty());
}

TEST_F(KqueueNetTest, Kqueue_IsCloseOnExec) {
  const int next_fd = ::dup(pair_[0]);
  ::close(next_fd);
  const KqueueNet another;
  // The reserve comes first, the queue second.
  EXPECT_TRUE(::fcntl(next_fd, F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(next_fd + 1, F_GETFD) & FD_CLOEXEC);
}

}  // namespace
}  // namespace reactor
