#include "tests/sim/kevent/sim_kevent.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

// The simulated kqueue keeps to the manual; otherwise what the backend's tests show means nothing.

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr timespec kNoTime{0, 0};

// Marks an event's owner, as a pointer that nobody follows.
void* mark(std::uintptr_t number) {
  return reinterpret_cast<void*>(number);  // NOLINT(performance-no-int-to-ptr)
}

struct kevent make_change(int fd, int filter, int flags, void* udata = nullptr) {
  struct kevent change {};
  EV_SET(&change, static_cast<std::uintptr_t>(fd), static_cast<std::int16_t>(filter),
         static_cast<std::uint16_t>(flags), 0, 0, udata);
  return change;
}

struct kevent make_trigger(std::uintptr_t ident) {
  struct kevent change {};
  EV_SET(&change, ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, nullptr);
  return change;
}

class SimKevent : public ::testing::Test {
 protected:
  SimKevent() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_.data()), 0); }
  ~SimKevent() override {
    for (const int fd : {queue_, pair_[0], pair_[1]}) {
      ::close(fd);
    }
    sim_kevent::take_mistakes();
  }

  int near() const { return pair_[0]; }
  int far() const { return pair_[1]; }
  void close_near() { ::close(std::exchange(pair_[0], -1)); }
  void close_far() { ::close(std::exchange(pair_[1], -1)); }
  void send(std::string_view bytes) const {
    EXPECT_EQ(::write(far(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  int change(const struct kevent& change) const {
    return ::kevent(queue_, &change, 1, nullptr, 0, nullptr) == 0 ? 0 : errno;
  }
  std::vector<struct kevent> scan(int room = 64) const {
    std::vector<struct kevent> events(static_cast<std::size_t>(room));
    const int count = ::kevent(queue_, nullptr, 0, events.data(), room, &kNoTime);
    EXPECT_GE(count, 0);
    events.resize(static_cast<std::size_t>(count));
    return events;
  }

  int queue_ = ::kqueue();
  std::array<int, 2> pair_{-1, -1};
};

TEST_F(SimKevent, AddedFilterThatHolds_IsReportedAtOnceWithItsUdata) {
  send("abc");
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR, mark(17))), 0);
  const auto events = scan();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].ident, static_cast<std::uintptr_t>(near()));
  EXPECT_EQ(events[0].filter, EVFILT_READ);
  EXPECT_EQ(events[0].data, 3);
  EXPECT_EQ(events[0].udata, mark(17));
  EXPECT_EQ(events[0].flags & EV_EOF, 0);
}

TEST_F(SimKevent, ClearedEvent_WaitsForTheNextChange) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  send("a");
  EXPECT_THAT(scan(), SizeIs(1));
  EXPECT_THAT(scan(), IsEmpty());
  send("b");
  const auto events = scan();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].data, 2) << "everything that is there, not what is new";
}

TEST_F(SimKevent, EventWithoutClear_IsReportedForAsLongAsItHolds) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD)), 0);
  send("a");
  EXPECT_THAT(scan(), SizeIs(1));
  EXPECT_THAT(scan(), SizeIs(1));
  char byte = 0;
  ASSERT_EQ(::read(near(), &byte, 1), 1);
  EXPECT_THAT(scan(), IsEmpty());
}

TEST_F(SimKevent, DataReadBeforeTheScan_IsNotReported) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  send("a");
  char byte = 0;
  ASSERT_EQ(::read(near(), &byte, 1), 1);
  EXPECT_THAT(scan(), IsEmpty());
}

TEST_F(SimKevent, ArrivingData_IsNoNewsAboutWriting) {
  ASSERT_EQ(change(make_change(near(), EVFILT_WRITE, EV_ADD | EV_CLEAR)), 0);
  EXPECT_THAT(scan(), SizeIs(1));
  send("a");
  EXPECT_THAT(scan(), IsEmpty());
}

TEST_F(SimKevent, ReadingAndWriting_AreTwoEvents) {
  send("a");
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  ASSERT_EQ(change(make_change(near(), EVFILT_WRITE, EV_ADD | EV_CLEAR)), 0);
  const auto events = scan();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].filter, EVFILT_READ);
  EXPECT_EQ(events[1].filter, EVFILT_WRITE);
  EXPECT_GT(events[1].data, 0) << "room in the send buffer";
}

TEST_F(SimKevent, AddOfAKnownFilter_ChangesItsUdataAndAddsNoSecond) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR, mark(1))), 0);
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR, mark(2))), 0);
  EXPECT_EQ(sim_kevent::knote_count(), 1U);
  send("a");
  const auto events = scan();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].udata, mark(2));
}

TEST_F(SimKevent, HalfClose_IsEofWithTheBytesStillToRead) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  send("bye");
  ::shutdown(far(), SHUT_WR);
  const auto events = scan();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_TRUE(events[0].flags & EV_EOF);
  EXPECT_EQ(events[0].data, 3);
  EXPECT_EQ(events[0].fflags, 0U);
}

TEST_F(SimKevent, PeerThatLeftDataUnread_IsEofWithAnErrorOnBothFilters) {
  ASSERT_EQ(::write(near(), "x", 1), 1);
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  ASSERT_EQ(change(make_change(near(), EVFILT_WRITE, EV_ADD | EV_CLEAR)), 0);
  scan();
  close_far();
  const auto events = scan();
  ASSERT_THAT(events, SizeIs(2));
  for (const auto& event : events) {
    EXPECT_TRUE(event.flags & EV_EOF);
    EXPECT_EQ(event.fflags, static_cast<std::uint32_t>(ECONNRESET));
  }
  char byte = 0;
  EXPECT_EQ(::read(near(), &byte, 1), -1) << "reporting must not take the error away";
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(SimKevent, DeletedFilter_IsNotReported) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  send("a");
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_DELETE)), 0);
  EXPECT_THAT(scan(), IsEmpty());
  EXPECT_EQ(change(make_change(near(), EVFILT_READ, EV_DELETE)), ENOENT);
}

TEST_F(SimKevent, BadChanges_AreRefused) {
  EXPECT_EQ(change(make_change(near(), EVFILT_WRITE, EV_DELETE)), ENOENT);
  EXPECT_EQ(change(make_trigger(5)), ENOENT);
  EXPECT_EQ(change(make_change(near(), -42, EV_ADD)), EINVAL);
  const int closed = near();
  close_near();
  EXPECT_EQ(change(make_change(closed, EVFILT_READ, EV_ADD)), EBADF);
  EXPECT_EQ(::kevent(closed, nullptr, 0, nullptr, 0, nullptr), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST_F(SimKevent, Changes_AreMadeInOrderAndErrorsFillTheListBeforeEvents) {
  send("a");
  const std::array changes = {make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR),
                              make_change(near(), EVFILT_WRITE, EV_DELETE),
                              make_change(near(), EVFILT_READ, EV_DELETE | EV_RECEIPT),
                              make_change(near(), EVFILT_READ, EV_DELETE)};
  std::array<struct kevent, 4> events{};
  ASSERT_EQ(::kevent(queue_, changes.data(), 4, events.data(), 4, &kNoTime), 3);
  EXPECT_TRUE(events[0].flags & EV_ERROR);
  EXPECT_EQ(events[0].filter, EVFILT_WRITE);
  EXPECT_EQ(events[0].data, ENOENT);
  EXPECT_TRUE(events[1].flags & EV_ERROR);
  EXPECT_EQ(events[1].data, 0) << "a receipt";
  EXPECT_EQ(events[2].data, ENOENT);
}

TEST_F(SimKevent, ErrorWithoutRoomForIt_EndsTheCall) {
  const std::array changes = {make_change(near(), EVFILT_WRITE, EV_DELETE),
                              make_change(near(), EVFILT_READ, EV_ADD)};
  EXPECT_EQ(::kevent(queue_, changes.data(), 2, nullptr, 0, nullptr), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(sim_kevent::knote_count(), 0U) << "the changes behind it are not made";
}

TEST_F(SimKevent, ShortList_LeavesTheRestForTheNextCalls) {
  send("a");
  std::multiset<int> filters;
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  ASSERT_EQ(change(make_change(near(), EVFILT_WRITE, EV_ADD | EV_CLEAR)), 0);
  ASSERT_EQ(change(make_change(far(), EVFILT_WRITE, EV_ADD | EV_CLEAR)), 0);
  for (int i = 0; i < 3; ++i) {
    const auto events = scan(1);
    ASSERT_THAT(events, SizeIs(1));
    filters.insert(events[0].filter);
  }
  EXPECT_THAT(filters, ElementsAre(EVFILT_WRITE, EVFILT_WRITE, EVFILT_READ));
  EXPECT_THAT(scan(1), IsEmpty());
}

TEST_F(SimKevent, UserEvent_IsReportedOnceHoweverOftenTriggered) {
  struct kevent user {};
  EV_SET(&user, 9, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, mark(4));
  ASSERT_EQ(change(user), 0);
  EXPECT_THAT(scan(), IsEmpty());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(change(make_trigger(9)), 0);
  }
  const auto events = scan();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].filter, EVFILT_USER);
  EXPECT_EQ(events[0].udata, mark(4));
  EXPECT_THAT(scan(), IsEmpty());
}

TEST_F(SimKevent, TriggerFromAnotherThread_EndsAWaitWithoutLimit) {
  struct kevent user {};
  EV_SET(&user, 9, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, nullptr);
  ASSERT_EQ(change(user), 0);
  std::thread other([this] { EXPECT_EQ(change(make_trigger(9)), 0); });
  struct kevent event {};
  EXPECT_EQ(::kevent(queue_, nullptr, 0, &event, 1, nullptr), 1);
  other.join();
}

TEST_F(SimKevent, InjectedEintr_LosesNothing) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  send("a");
  sim_kevent::inject_eintr(2);
  struct kevent event {};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(::kevent(queue_, nullptr, 0, &event, 1, nullptr), -1);
    EXPECT_EQ(errno, EINTR);
  }
  EXPECT_THAT(scan(), SizeIs(1));
}

TEST_F(SimKevent, Shuffled_OrdersDifferAndOneSeedRepeatsItsOwn) {
  const auto order = [this](std::uint64_t seed) {
    sim_kevent::shuffle_events(seed);
    std::vector<int> filters;
    for (const int fd : {near(), far()}) {
      for (const int filter : {EVFILT_READ, EVFILT_WRITE}) {
        EXPECT_EQ(change(make_change(fd, filter, EV_ADD)), 0);
      }
    }
    for (const auto& event : scan()) {
      filters.push_back(event.filter * 1000 + static_cast<int>(event.ident));
    }
    for (const int fd : {near(), far()}) {
      for (const int filter : {EVFILT_READ, EVFILT_WRITE}) {
        EXPECT_EQ(change(make_change(fd, filter, EV_DELETE)), 0);
      }
    }
    sim_kevent::shuffle_events(0);
    return filters;
  };
  send("a");
  ASSERT_EQ(::write(near(), "b", 1), 1);
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    orders.insert(order(seed));
  }
  EXPECT_GT(orders.size(), 5U);
  EXPECT_EQ(order(3), order(3));
}

TEST_F(SimKevent, CloseBeforeDelete_IsRecordedAsAMistake) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  close_near();
  EXPECT_THAT(sim_kevent::take_mistakes(),
              ElementsAre(HasSubstr("closed with its read filter still registered")));
  EXPECT_THAT(sim_kevent::take_mistakes(), IsEmpty());
  EXPECT_EQ(sim_kevent::knote_count(), 0U);
}

TEST_F(SimKevent, ReuseOfADescriptorClosedBeforeDelete_IsRecordedAsAMistake) {
  ASSERT_EQ(change(make_change(near(), EVFILT_WRITE, EV_ADD | EV_CLEAR)), 0);
  const int reused = near();
  close_near();
  ASSERT_EQ(::dup2(far(), reused), reused);
  ASSERT_EQ(change(make_change(reused, EVFILT_WRITE, EV_ADD | EV_CLEAR)), 0);
  ASSERT_EQ(change(make_change(reused, EVFILT_WRITE, EV_DELETE)), 0);
  ::close(reused);
  EXPECT_THAT(sim_kevent::take_mistakes(), SizeIs(1));
}

TEST_F(SimKevent, ListOfMoreThan512_IsRecordedAsAMistake) {
  scan(512);
  EXPECT_THAT(sim_kevent::take_mistakes(), IsEmpty());
  scan(513);
  EXPECT_THAT(sim_kevent::take_mistakes(), ElementsAre(HasSubstr("513 entries")));
}

TEST_F(SimKevent, ClosedQueue_TakesItsFiltersAlong) {
  ASSERT_EQ(change(make_change(near(), EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
  ::close(std::exchange(queue_, ::dup(far())));
  EXPECT_EQ(sim_kevent::knote_count(), 0U);
  close_near();
  EXPECT_THAT(sim_kevent::take_mistakes(), IsEmpty());
}

}  // namespace
