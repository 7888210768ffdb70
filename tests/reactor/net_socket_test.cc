#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "reactor/net.h"
#include "tests/reactor/net_fixture.h"

// The contract of net.h: listening, connecting, reading and writing on real sockets.

namespace reactor {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;

// A directory that goes away with its test; short enough for a socket's path.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "netXXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

int int_option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

template <class Backend>
using NetSockets = NetFixture<Backend>;
TYPED_TEST_SUITE(NetSockets, Backends);

// ---- listening, accepting, connecting

TYPED_TEST(NetSockets, Listen_AtPort0_TellsTheRealPort) {
  for (const char* const address : {"127.0.0.1:0", "[::1]:0"}) {
    const int listener = this->listen(loopback(address));
    EXPECT_NE(this->net_.local_address(listener).port(), 0) << address;
  }
}

TYPED_TEST(NetSockets, Connection_IsReportedToBothSides) {
  const ScratchDirectory scratch;
  for (const std::string& text :
       {std::string("127.0.0.1:0"), std::string("[::1]:0"), "unix:" + scratch.file("chat.sock")}) {
    const int listener = this->listen(loopback(text));
    this->watch(listener, kToken);
    const Opened client = this->net_.connect(this->net_.local_address(listener), {});
    ASSERT_EQ(client.error, 0) << text;
    this->own(client.fd);
    this->watch(client.fd, kOther);
    const auto seen = this->wait_until(
        [](auto& s) { return s[kToken.pack()].readable && s[kOther.pack()].writable; });
    EXPECT_TRUE(seen.at(kToken.pack()).readable) << text;
    EXPECT_TRUE(seen.at(kOther.pack()).writable) << text;
    EXPECT_EQ(this->net_.connect_error(client.fd), 0) << text;

    const int accepted = this->accept(listener);
    EXPECT_EQ(this->last_peer_.to_string(),
              text.starts_with("unix") ? "unix:" : this->net_.local_address(client.fd).to_string());
    EXPECT_TRUE(this->last_peer_.endpoint().is_loopback()) << text;
    EXPECT_EQ(this->net_.accept(listener).error, EAGAIN) << text;
    EXPECT_EQ(this->write(client.fd, "ping").bytes, 4U) << text;
    this->unwatch(client.fd);
    this->close(client.fd);
    int error = -1;
    EXPECT_EQ(this->read_to_end(accepted, error), "ping") << text;
    EXPECT_EQ(error, 0) << text;
    this->unwatch(listener);
  }
}

TYPED_TEST(NetSockets, ConnectToAClosedPort_IsReportedAndConnectErrorTellsWhy) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const Address address = this->net_.local_address(listener);
  this->close(listener);
  const Opened client = this->net_.connect(address, {});
  ASSERT_EQ(client.error, 0);
  this->watch(this->own(client.fd), kToken);
  EXPECT_TRUE(this->wait_for(kToken, &Ready::writable).writable);
  EXPECT_EQ(this->net_.connect_error(client.fd), ECONNREFUSED);
  EXPECT_EQ(this->net_.connect_error(client.fd), 0) << "the error can be read once";
}

TYPED_TEST(NetSockets, ConnectFromAnAddress_ComesFromThere) {
  const int passing = this->listen(loopback("127.0.0.1:0"));
  const Address from = this->net_.local_address(passing);  // a free port
  this->close(passing);
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const Opened client = this->net_.connect(this->net_.local_address(listener), from);
  ASSERT_EQ(client.error, 0);
  this->own(client.fd);
  this->accept(listener);
  EXPECT_EQ(this->net_.local_address(client.fd).to_string(), from.to_string());
}

TYPED_TEST(NetSockets, ConnectFromAnAddressThatIsNotOurs_FailsAtOnce) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  EXPECT_EQ(this->net_.connect(this->net_.local_address(listener), loopback("192.0.2.1:0")).error,
            EADDRNOTAVAIL);
}

TYPED_TEST(NetSockets, ConnectToAMissingUnixSocket_FailsAtOnce) {
  const ScratchDirectory scratch;
  EXPECT_EQ(this->net_.connect(loopback("unix:" + scratch.file("nobody")), {}).error, ENOENT);
}

TYPED_TEST(NetSockets, AddressInUse_IsRefused) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  EXPECT_EQ(this->net_.listen(this->net_.local_address(listener), {}).error, EADDRINUSE);
}

TYPED_TEST(NetSockets, PortOfAServerThatJustClosed_CanBeListenedOnAgain) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const Address address = this->net_.local_address(listener);
  const int client = this->own(this->net_.connect(address, {}).fd);
  // The side that closes first keeps the port busy for a minute, unless told otherwise.
  this->close(this->accept(listener));
  int error = -1;
  this->read_to_end(client, error);
  this->close(client);
  this->close(listener);
  this->listen(address);
}

TYPED_TEST(NetSockets, EveryInterface_HasRoomForIpv4AndIpv6OnOnePort) {
  int error = EADDRINUSE;
  // Someone else may have the other family's port; not ten times in a row.
  for (int attempt = 0; attempt < 10 && error == EADDRINUSE; ++attempt) {
    const int v4 = this->listen(Address::ipv4(INADDR_ANY, 0));
    const Opened v6 = this->net_.listen(Address::ipv6({}, this->net_.local_address(v4).port()), {});
    error = v6.error;
    if (error == 0) {
      this->own(v6.fd);
    }
  }
  EXPECT_EQ(error, 0);
}

TYPED_TEST(NetSockets, LiveUnixSocket_IsNotTakenOver) {
  const ScratchDirectory scratch;
  const Address address = loopback("unix:" + scratch.file("live"));
  const int listener = this->listen(address);
  EXPECT_EQ(this->net_.listen(address, {}).error, EADDRINUSE);
  this->own(this->net_.connect(address, {}).fd);
  // The second server's look was the first in the queue.
  this->accept(listener);
  this->accept(listener);
}

TYPED_TEST(NetSockets, StaleUnixSocket_IsReplaced) {
  const ScratchDirectory scratch;
  const Address address = loopback("unix:" + scratch.file("stale"));
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(dead, address.data(), address.size()), 0);
  ASSERT_EQ(::listen(dead, 1), 0);
  ::close(dead);
  ASSERT_TRUE(std::filesystem::exists(address.path()));
  const int listener = this->listen(address);
  this->own(this->net_.connect(address, {}).fd);
  this->accept(listener);
}

TYPED_TEST(NetSockets, UnixSocketWhereAnotherFileIs_LeavesThatFileAlone) {
  const ScratchDirectory scratch;
  const std::string path = scratch.file("notes.txt");
  std::ofstream(path) << "keep me";
  EXPECT_EQ(this->net_.listen(loopback("unix:" + path), {}).error, EADDRINUSE);
  std::string content;
  std::getline(std::ifstream(path), content);
  EXPECT_EQ(content, "keep me");
}

TYPED_TEST(NetSockets, ClosedUnixListener_RemovesItsFile) {
  const ScratchDirectory scratch;
  const Address address = loopback("unix:" + scratch.file("mine"));
  const int listener = this->listen(address);
  EXPECT_TRUE(std::filesystem::exists(address.path()));
  this->close(listener);
  EXPECT_FALSE(std::filesystem::exists(address.path()));
}

TYPED_TEST(NetSockets, ClosedUnixListener_LeavesTheFileOfItsSuccessorAlone) {
  const ScratchDirectory scratch;
  const Address address = loopback("unix:" + scratch.file("shared"));
  const int first = this->listen(address);
  std::filesystem::remove(address.path());
  const int second = this->listen(address);
  this->close(first);
  EXPECT_TRUE(std::filesystem::exists(address.path()));
  this->own(this->net_.connect(address, {}).fd);
  this->accept(second);
}

TYPED_TEST(NetSockets, EverySocket_IsNonblockingAndCloseOnExec) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const int client = this->own(this->net_.connect(this->net_.local_address(listener), {}).fd);
  const int accepted = this->accept(listener);
  for (const int fd : {listener, client, accepted}) {
    EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK) << fd;
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC) << fd;
  }
}

TYPED_TEST(NetSockets, TcpConnections_DontDelayAndKeepAlive) {
  const auto pair = this->tcp_pair();
  for (const int fd : {pair.near, pair.far}) {
    EXPECT_NE(int_option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_NE(int_option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(int_option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15);
    EXPECT_EQ(int_option(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
#if defined(TCP_KEEPIDLE)
    EXPECT_EQ(int_option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
#else
    EXPECT_EQ(int_option(fd, IPPROTO_TCP, TCP_KEEPALIVE), 60);
#endif
  }
}

TYPED_TEST(NetSockets, NoDescriptorsLeft_WaitingPeersAreShedAndAcceptingWorksAgainLater) {
  const int listener = this->listen(loopback("127.0.0.1:0"));
  const Address address = this->net_.local_address(listener);
  const std::array clients = {this->own(this->net_.connect(address, {}).fd),
                              this->own(this->net_.connect(address, {}).fd)};
  DescriptorLimit limit;
  const int lowest_free = ::dup(listener);
  ::close(lowest_free);
  limit.set(static_cast<rlim_t>(lowest_free));

  // Looked at when descriptors are to be had again: the sanitizers need some to judge a call.
  const int first_accept = this->net_.accept(listener).error;
  const bool first_shed = this->net_.shed(listener);
  const int second_accept = this->net_.accept(listener).error;
  const bool second_shed = this->net_.shed(listener);
  const bool third_shed = this->net_.shed(listener);
  limit.restore();

  EXPECT_EQ(first_accept, EMFILE);
  EXPECT_TRUE(first_shed);
  EXPECT_EQ(second_accept, EMFILE) << "the reserve was not taken back";
  EXPECT_TRUE(second_shed);
  EXPECT_FALSE(third_shed) << "there is nobody left to shed";
  for (const int client : clients) {
    int error = EAGAIN;
    EXPECT_EQ(this->read_to_end(client, error), "");
    EXPECT_THAT(error, AnyOf(Eq(0), Eq(ECONNRESET))) << "a peer that was shed is still waiting";
  }
  this->own(this->net_.connect(address, {}).fd);
  this->accept(listener);
}

// ---- reading and writing

TYPED_TEST(NetSockets, ReadOfNothing_IsEagain) {
  const auto pair = this->tcp_pair();
  std::array<char, 8> buffer{};
  const IoResult result = this->net_.read(pair.near, buffer);
  EXPECT_EQ(result.bytes, 0U);
  EXPECT_EQ(result.error, EAGAIN);
}

TYPED_TEST(NetSockets, TwoParts_ArriveInOrder) {
  const auto pair = this->tcp_pair();
  EXPECT_EQ(this->write(pair.near, "first ", "second").bytes, 12U);
  this->close(pair.near);
  int error = -1;
  EXPECT_EQ(this->read_to_end(pair.far, error), "first second");
}

TYPED_TEST(NetSockets, MoreThanTheSocketTakes_IsWrittenInPartThenEagain) {
  for (const bool two_parts : {false, true}) {
    const auto pair = this->unix_pair();
    const std::string head(300'000, 'h');
    const std::string tail(300'000, 't');
    const IoResult result =
        two_parts ? this->write(pair.near, head, tail) : this->write(pair.near, head + tail);
    EXPECT_EQ(result.error, 0);
    EXPECT_GT(result.bytes, 0U);
    EXPECT_LT(result.bytes, head.size() + tail.size());
    while (this->write(pair.near, "x").error == 0) {
    }
    const IoResult refused = this->write(pair.near, head, tail);
    EXPECT_EQ(refused.error, EAGAIN);
    EXPECT_EQ(refused.bytes, 0U);
    IoResult end;
    EXPECT_EQ(this->drain(pair.far, end).substr(0, result.bytes),
              (head + tail).substr(0, result.bytes));
  }
}

TYPED_TEST(NetSockets, Batch_GivesEveryWriteItsOwnResult) {
  const auto good = this->unix_pair();
  const auto gone = this->unix_pair();
  const auto full = this->unix_pair();
  this->close(gone.far);
  const std::string chunk(100'000, 'x');
  while (this->write(full.near, chunk).error == 0) {
  }
  std::string text = "hello";
  std::array<WriteOp, 4> ops;
  const std::array fds = {gone.near, good.near, full.near, good.far};
  for (std::size_t i = 0; i < ops.size(); ++i) {
    ops[i].fd = fds[i];
    ops[i].part_count = 1;
    ops[i].parts[0] = {text.data(), text.size()};
  }
  this->net_.write_batch(ops);
  EXPECT_EQ(ops[0].result.error, EPIPE);
  EXPECT_EQ(ops[1].result.bytes, 5U);
  EXPECT_EQ(ops[1].result.error, 0);
  EXPECT_EQ(ops[2].result.error, EAGAIN);
  EXPECT_EQ(ops[3].result.bytes, 5U);
}

TYPED_TEST(NetSockets, BatchOfAThousand_ArrivesWholeAndLeavesItsBuffersAlone) {
  constexpr std::size_t kWrites = 1000;
  std::vector<std::string> texts;
  std::vector<int> receivers;
  std::vector<WriteOp> ops(kWrites);
  DescriptorLimit limit;
  ASSERT_GE(raise_descriptor_limit(), 2 * kWrites + 100);
  for (std::size_t i = 0; i < kWrites; ++i) {
    const auto pair = this->unix_pair();
    receivers.push_back(pair.far);
    texts.push_back("text " + std::to_string(i));
    ops[i].fd = pair.near;
  }
  const std::vector<std::string> expected = texts;
  for (std::size_t i = 0; i < kWrites; ++i) {
    std::string& text = texts[i];
    // In so many parts, all of one byte but the last.
    const std::size_t parts = 1 + i % std::size(ops[i].parts);
    ops[i].part_count = static_cast<int>(parts);
    for (std::size_t k = 0; k < parts; ++k) {
      ops[i].parts[k] = {text.data() + k, k + 1 == parts ? text.size() - k : 1};
    }
  }
  this->net_.write_batch(ops);
  for (std::string& text : texts) {
    text.assign(text.size(), '-');
  }
  for (std::size_t i = 0; i < kWrites; ++i) {
    IoResult end;
    EXPECT_EQ(ops[i].result.bytes, expected[i].size());
    EXPECT_EQ(this->drain(receivers[i], end), expected[i]);
  }
}

TYPED_TEST(NetSockets, WriteToAPeerThatIsGone_IsAnErrorAndNoSignal) {
  const CountedSignal signal(SIGPIPE);
  const auto tcp = this->tcp_pair();
  const auto local = this->unix_pair();
  for (const auto& pair : {tcp, local}) {
    const linger abort{1, 0};
    ::setsockopt(pair.far, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    this->close(pair.far);
    int error = -1;
    this->read_to_end(pair.near, error);  // takes the reset, so that the writes meet its result
    EXPECT_EQ(this->write(pair.near, "one part").error, EPIPE);
    EXPECT_EQ(this->write(pair.near, "two ", "parts").error, EPIPE);
  }
  EXPECT_EQ(CountedSignal::count, 0);
}

// ---- the clock and the limit

TYPED_TEST(NetSockets, Clocks_GoForwardAndTellTheTime) {
  const TimePoint first = this->net_.now();
  EXPECT_GE(this->net_.now(), first);
  const std::int64_t before = static_cast<std::int64_t>(std::time(nullptr)) * 1000;
  EXPECT_GE(this->net_.unix_ms() + 1000, before);
}

TEST(DescriptorLimits, Raise_GoesToTheHardLimitAndTellsIt) {
  DescriptorLimit limit;
  limit.set(std::min<rlim_t>(limit.soft(), 256));
  const std::size_t raised = raise_descriptor_limit();
  const DescriptorLimit now;
  EXPECT_EQ(now.soft(), raised);
#if defined(__linux__)
  EXPECT_EQ(raised, limit.hard());
#else
  EXPECT_GT(raised, 256U);
#endif
}

#if defined(__linux__)
TEST(DescriptorLimits, Raise_MakesTheTableThatLarge) {
  const std::size_t wanted = std::min<std::size_t>(raise_descriptor_limit(), 65'536);
  std::ifstream status("/proc/self/status");
  std::size_t size = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("FDSize:")) {
      size = std::stoul(line.substr(7));
    }
  }
  EXPECT_GE(size, wanted);
}
#endif

}  // namespace
}  // namespace reactor
