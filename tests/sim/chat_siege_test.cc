// Many who begin and never finish, against a whole server on the simulated OS: headers that drip,
// upgrades and TLS handshakes half done. They go at their timeout, each of them counted for what it
// is, and those who chat meanwhile are told everything.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/chat_sim.h"
#ifdef REACTOR_HAS_TLS
#include "reactor/tls.h"
#include "tests/reactor/test_certificate.h"
#endif

namespace {

using sim::ChatSim;
using sim::Peer;
using sim::Speaks;
using std::chrono::seconds;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::size_t kOfEachKind = 50;

constexpr std::string_view kRequest =
    "GET /ws HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: chat.v1\r\n\r\n";

// So many connections that all have said the same.
std::vector<Peer*> besiege(ChatSim& sim, std::string_view says) {
  std::vector<Peer*> peers;
  for (std::size_t i = 0; i < kOfEachKind; ++i) {
    Peer* const peer = sim.connect(nullptr, "127.0.0.1");
    if (peer == nullptr) {
      ADD_FAILURE() << "connection " << i << " was refused";
      break;
    }
    peer->send_bytes(says);
    peers.push_back(peer);
  }
  return peers;
}

std::size_t open_ones(const std::vector<Peer*>& peers) {
  return static_cast<std::size_t>(
      std::count_if(peers.begin(), peers.end(), [](const Peer* peer) { return !peer->at_end(); }));
}

std::vector<std::string> bytes_of(const std::vector<Peer*>& peers) {
  std::vector<std::string> bytes;
  for (const Peer* peer : peers) {
    bytes.push_back(peer->bytes());
  }
  return bytes;
}

std::string metrics_page(ChatSim& sim) {
  Peer* const peer = sim.connect(nullptr, "127.0.0.1");
  peer->send_bytes("GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
  sim.settle();
  return peer->bytes();
}

std::string closed_line(std::string_view reason, std::size_t count) {
  return fmt::format("reactor_chat_sessions_closed_total{{reason=\"{}\"}} {}\n", reason, count);
}

class ChatSiege : public testing::Test {
 protected:
  // Two who say something to each other once a second, until the besiegers' time is over.
  static void chat_through(ChatSim& sim, const std::vector<Peer*>& dripping = {}) {
    Peer* const alice = sim.join_as("Alice");
    Peer* const bob = sim.join_as("Bob", "tags", Speaks::kWebSocket);
    constexpr int kSeconds = 31;  // the registration timeout and one more
    for (int second = 0; second < kSeconds; ++second) {
      alice->send_line(fmt::format("BROADCAST:hello {}", second));
      bob->send_line(fmt::format("BROADCAST:hi {}", second));
      for (Peer* peer : dripping) {
        if (!peer->at_end()) {
          peer->send_bytes("x");
        }
      }
      sim.pass(seconds{1});
      ASSERT_EQ(alice->count("@"), static_cast<std::size_t>(second) + 1);
      ASSERT_EQ(bob->count("@"), static_cast<std::size_t>(second) + 1);
    }
    EXPECT_TRUE(alice->open() && !alice->at_end());
    EXPECT_TRUE(bob->open() && !bob->at_end());
  }

  chat::ServerOptions options = ChatSim::default_options();
};

TEST_F(ChatSiege, HeadersThatDrip_GoAtTheTimeout_WhileOthersChat) {
  ChatSim sim(1, options);
  const std::vector<Peer*> peers = besiege(sim, "GET / HTTP/1.1\r\nHost: ");
  sim.pass(seconds{1});
  EXPECT_EQ(open_ones(peers), kOfEachKind);
  chat_through(sim, peers);
  EXPECT_EQ(open_ones(peers), 0U) << "bytes that drip buy no time";
  EXPECT_THAT(bytes_of(peers), Each(StartsWith("HTTP/1.1 408 ")));
  EXPECT_THAT(metrics_page(sim), HasSubstr(closed_line("registration_timeout", kOfEachKind)));
  EXPECT_EQ(sim.leftovers(), "");
}

TEST_F(ChatSiege, UpgradesHalfDone_GoAtTheTimeout_WhileOthersChat) {
  ChatSim sim(1, options);
  const std::vector<Peer*> asking = besiege(sim, kRequest.substr(0, kRequest.size() - 2));
  const std::vector<Peer*> upgraded = besiege(sim, kRequest);
  const std::vector<Peer*> in_a_frame = besiege(sim, std::string(kRequest) + "\x81");
  chat_through(sim);
  EXPECT_EQ(open_ones(asking) + open_ones(upgraded) + open_ones(in_a_frame), 0U);
  EXPECT_THAT(bytes_of(asking), Each(StartsWith("HTTP/1.1 408 ")));
  EXPECT_THAT(bytes_of(upgraded), Each(StartsWith("HTTP/1.1 101 ")));
  EXPECT_THAT(bytes_of(in_a_frame), Each(StartsWith("HTTP/1.1 101 ")));
  EXPECT_THAT(metrics_page(sim), HasSubstr(closed_line("registration_timeout", 3 * kOfEachKind)));
  EXPECT_EQ(sim.leftovers(), "");
}

TEST_F(ChatSiege, ThoseWhoSayNothing_GoAtTheTimeout_WhileOthersChat) {
  ChatSim sim(1, options);
  const std::vector<Peer*> peers = besiege(sim, "");
  chat_through(sim);
  EXPECT_EQ(open_ones(peers), 0U);
  EXPECT_THAT(bytes_of(peers), Each(IsEmpty())) << "the server never speaks first";
  EXPECT_THAT(metrics_page(sim), HasSubstr(closed_line("registration_timeout", kOfEachKind)));
}

#ifdef REACTOR_HAS_TLS

TEST_F(ChatSiege, HandshakesHalfDone_GoAtTheTimeout_WhileOthersChat) {
  reactor_test::TestCertificates certificates(reactor_test::KeyKind::kEd25519);
  reactor_test::CertificateSpec spec;
  spec.key = reactor_test::KeyKind::kEd25519;
  const reactor_test::TestCertificates::Files files = certificates.issue(spec);
  reactor::TlsServerOptions of_server;
  of_server.certificate_file = files.certificate;
  of_server.key_file = files.key;
  reactor::TlsClientOptions of_client;
  of_client.ca_file = certificates.ca_file();
  std::string error;
  const auto server = reactor::TlsServerContext::load(of_server, error);
  const auto client = reactor::TlsClientContext::load(of_client, error);
  ASSERT_TRUE(server && client) << error;
  options.transports = [&server] { return server->new_transport(); };

  reactor::BufferPool pool;
  reactor::RingBuffer first_flight(pool);
  client->new_transport("localhost")->begin(first_flight);
  std::string hello(first_flight.size(), '\0');
  first_flight.copy_to(hello.data());

  ChatSim sim(1, options);
  const std::vector<Peer*> answered = besiege(sim, hello);
  const std::vector<Peer*> dripping = besiege(sim, hello.substr(0, hello.size() / 2));
  chat_through(sim);
  EXPECT_EQ(open_ones(answered) + open_ones(dripping), 0U);
  EXPECT_THAT(bytes_of(answered), Each(StartsWith("\x16\x03"))) << "the server's own flight";
  EXPECT_THAT(bytes_of(dripping), Each(IsEmpty()));
  EXPECT_THAT(metrics_page(sim), HasSubstr(closed_line("registration_timeout", 2 * kOfEachKind)));
  EXPECT_EQ(sim.leftovers(), "");
}

#endif

}  // namespace
