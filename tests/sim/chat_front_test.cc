// What a connection can begin with, against a whole server on the simulated OS: HTTP, WebSocket,
// TLS that is not there, the header of a proxy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "chat/address_range.h"
#include "chat/web/websocket_frame.h"
#include "tests/sim/chat_sim.h"

namespace {

using sim::ChatSim;
using sim::Peer;
using sim::Speaks;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

std::uint64_t ends(ChatSim& sim, chat::EndReason reason) {
  std::uint64_t sum = 0;
  for (const auto& shard : sim.server().shards()) {
    sum += shard->metrics().sessions_closed[static_cast<std::size_t>(reason)].value();
  }
  return sum;
}

class ChatFront : public testing::Test {
 protected:
  // A peer whose bytes are looked at as they are.
  static Peer* connect_raw(ChatSim& sim, std::string_view says,
                           std::string_view from = "127.0.0.1") {
    Peer* peer = sim.connect(nullptr, from);
    peer->send_bytes(says);
    sim.settle();
    return peer;
  }

  chat::ServerOptions options = ChatSim::default_options();
};

TEST_F(ChatFront, Http_IsAnsweredAndGoesOn) {
  ChatSim sim(1, options);
  Peer* peer = connect_raw(sim, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_THAT(peer->bytes(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(peer->open());
  peer->send_bytes("GET /readyz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
  sim.settle();
  EXPECT_THAT(peer->bytes(), HasSubstr("\r\n\r\nready\n"));
  EXPECT_TRUE(peer->at_end());
  EXPECT_EQ(ends(sim, chat::EndReason::kServed), 1U);
  EXPECT_EQ(sim.leftovers(), "");
}

TEST_F(ChatFront, HttpThatIsNone_IsRefusedAndCounted) {
  ChatSim sim(1, options);
  Peer* peer = connect_raw(sim, "GET / HTTP/1.1\r\nHost here\r\n\r\n");
  EXPECT_THAT(peer->bytes(), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(peer->at_end());
  EXPECT_EQ(ends(sim, chat::EndReason::kProtocolError), 1U);
}

TEST_F(ChatFront, SlowRequest_GetsA408AtTheTimeout) {
  ChatSim sim(1, options);
  Peer* slow = connect_raw(sim, "GET / HTTP/1.1\r\nHo");
  for (int i = 0; i < 31; ++i) {
    slow->send_bytes("s");
    sim.pass(seconds{1});
  }
  EXPECT_THAT(slow->bytes(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(slow->at_end());
  EXPECT_EQ(ends(sim, chat::EndReason::kRegistrationTimeout), 1U);
}

TEST_F(ChatFront, IdleKeepAlive_EndsWithoutAWordAtTheTimeoutAfterTheLastRequest) {
  ChatSim sim(1, options);
  Peer* peer = connect_raw(sim, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n");
  sim.pass(seconds{29});
  peer->send_bytes("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n");
  sim.pass(seconds{29});
  EXPECT_TRUE(peer->open());
  const std::string answered = peer->bytes();
  sim.pass(seconds{2});
  EXPECT_FALSE(peer->open());
  EXPECT_EQ(peer->bytes(), answered);
}

TEST_F(ChatFront, RequestsWithoutReadingTheAnswers_CostBoundedMemory) {
  options.limits.out_bytes_max = 64 << 10;
  options.limits.out_high_mark_bytes = 32 << 10;
  options.limits.out_low_mark_bytes = 8 << 10;
  ChatSim sim(1, options);
  sim.world().socket_buffer_bytes = 4 << 10;
  Peer* greedy = connect_raw(sim, "");
  greedy->reads = false;
  constexpr std::size_t kRequests = 2000;
  for (std::size_t i = 0; i < kRequests; ++i) {
    greedy->send_bytes("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n");
  }
  sim.settle();
  EXPECT_EQ(sim.broken_invariant(), "");
  EXPECT_TRUE(greedy->open());
  greedy->reads = true;
  sim.settle();
  std::size_t answers = 0;
  for (std::size_t at = 0; (at = greedy->bytes().find("200 OK", at)) != std::string::npos; ++at) {
    ++answers;
  }
  EXPECT_EQ(answers, kRequests);
}

TEST_F(ChatFront, ReadyForTheDrainDelay_SaysNoAndServesOn) {
  options.limits.drain_delay = seconds{3};
  ChatSim sim(1, options);
  Peer* alice = sim.join_as("Alice");
  sim.server().drain();
  sim.settle();
  Peer* asks = connect_raw(sim, "GET /readyz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(asks->bytes(), StartsWith("HTTP/1.1 503 "));
  Peer* bob = sim.join_as("Bob");
  bob->send_line("BROADCAST:hi");
  sim.settle();
  EXPECT_EQ(alice->count("@id=1;"), 1U);
  EXPECT_FALSE(sim.server().drained());
  sim.pass(seconds{4});
  EXPECT_EQ(alice->count("BYE:"), 1U);
  EXPECT_TRUE(sim.server().drained());
}

TEST_F(ChatFront, WebSocketClients_AreInTheSameRoomsAsTheOthers) {
  ChatSim sim(1, options);
  Peer* native = sim.join_as("Alice");
  Peer* web = sim.join_as("Bob", "tags", Speaks::kWebSocket);
  EXPECT_TRUE(web->got("REGISTERED:Bob"));
  native->send_line("BROADCAST:hi");
  web->send_line("BROADCAST:hello");
  sim.settle();
  EXPECT_THAT(web->lines(), Contains(HasSubstr("MESSAGE:Alice:hi")));
  EXPECT_THAT(native->lines(), Contains(HasSubstr("MESSAGE:Bob:hello")));
  web->send_line("LIST");
  sim.settle();
  EXPECT_TRUE(web->got("CLIENT_LIST:Alice,Bob"));
  EXPECT_TRUE(web->got("END:LIST")) << "each line is a message";
}

TEST_F(ChatFront, WebSocketThatQuits_IsClosedNormally) {
  ChatSim sim(1, options);
  Peer* web = sim.join_as("Bob", "tags", Speaks::kWebSocket);
  web->send_line("QUIT");
  sim.settle();
  EXPECT_THAT(web->lines(), testing::IsSupersetOf({"BYE:bye", "CLOSE:1000"}));
  EXPECT_TRUE(web->at_end());
  EXPECT_EQ(ends(sim, chat::EndReason::kQuit), 1U);
}

TEST_F(ChatFront, WebSocketThatClosesProperly_GetsItsAnswersAndTheSameCode) {
  ChatSim sim(1, options);
  Peer* web = sim.join_as("Bob", "tags", Speaks::kWebSocket);
  std::string last;
  chat::append_masked_ws_frame(last, chat::WebSocketOpcode::kText, "PING:x", 7);
  chat::append_masked_ws_close(last, 4001, 8);
  web->send_bytes(last);
  sim.settle();
  EXPECT_TRUE(web->got("PONG:x"));
  EXPECT_TRUE(web->got("CLOSE:4001"));
  EXPECT_EQ(web->count("BYE:"), 0U) << "who has closed is told nothing but the close";
  EXPECT_TRUE(web->at_end());
  EXPECT_EQ(ends(sim, chat::EndReason::kPeerClosed), 1U);
}

TEST_F(ChatFront, WebSocketThatIsBroken_IsClosedWithTheRightCode) {
  ChatSim sim(1, options);
  Peer* unmasked = sim.join_as("Bob", "tags", Speaks::kWebSocket);
  unmasked->send_bytes("\x81\x02hi");
  Peer* too_big = sim.join_as("Carol", "tags", Speaks::kWebSocket);
  too_big->send_line(std::string(options.limits.ws_message_bytes_max + 1, 'x'));
  sim.settle();
  EXPECT_TRUE(unmasked->got("CLOSE:1002"));
  EXPECT_TRUE(too_big->got("CLOSE:1009"));
  EXPECT_EQ(ends(sim, chat::EndReason::kProtocolError), 2U);
}

TEST_F(ChatFront, DrainingServer_ClosesWebSocketsAsGoingAway) {
  ChatSim sim(1, options);
  Peer* web = sim.join_as("Bob", "tags", Speaks::kWebSocket);
  sim.server().drain();
  sim.pass(milliseconds{200});
  EXPECT_TRUE(web->got("BYE:server shutting down"));
  EXPECT_TRUE(web->got("CLOSE:1001"));
}

TEST_F(ChatFront, SilentWebSocket_IsPingedAndClosedWhenNobodyAnswers) {
  ChatSim sim(1, options);
  Peer* web = sim.join_as("Bob", "tags", Speaks::kWebSocket);  // which answers no ping
  Peer* native = sim.join_as("Alice");
  sim.pass(seconds{31});
  EXPECT_EQ(web->count("WS-PING"), 1U);
  sim.pass(seconds{30});
  EXPECT_EQ(web->count("WS-PING"), 2U);
  EXPECT_TRUE(web->open());
  sim.pass(seconds{30});
  EXPECT_TRUE(web->got("CLOSE:1008"));
  EXPECT_TRUE(web->at_end());
  EXPECT_TRUE(native->open());
  EXPECT_EQ(ends(sim, chat::EndReason::kPingTimeout), 1U);
}

TEST_F(ChatFront, WebSocketThatAnswersPings_StaysAndKeepsBeingAsked) {
  ChatSim sim(1, options);
  Peer* web = sim.join_as("Bob", "tags", Speaks::kWebSocket);
  std::string pong;
  chat::append_masked_ws_frame(pong, chat::WebSocketOpcode::kPong, {}, 7);
  for (int i = 0; i < 10; ++i) {
    sim.pass(seconds{30});
    web->send_bytes(pong);
  }
  EXPECT_TRUE(web->open());
  EXPECT_GE(web->count("WS-PING"), 9U);
}

TEST_F(ChatFront, WebSocketPing_IsAnsweredWithItsPayload) {
  ChatSim sim(1, options);
  Peer* web = sim.join_as("Bob", "tags", Speaks::kWebSocket);
  std::string ping;
  chat::append_masked_ws_frame(ping, chat::WebSocketOpcode::kPing, "there?", 7);
  web->send_bytes(ping);
  sim.settle();
  EXPECT_TRUE(web->got("WS-PONG:there?"));
}

TEST_F(ChatFront, Tls_WhereThereIsNone_EndsAndIsCounted) {
  ChatSim sim(1, options);
  Peer* peer = connect_raw(sim, std::string("\x16\x03\x01\x02\x00\x01", 6));
  EXPECT_TRUE(peer->at_end());
  EXPECT_EQ(peer->bytes(), "");
  EXPECT_EQ(ends(sim, chat::EndReason::kTlsFailed), 1U);
}

class ChatFrontBehindProxy : public ChatFront {
 protected:
  ChatFrontBehindProxy() {
    options.trusted_proxies = {*chat::AddressRange::parse("192.0.2.0/24")};
    options.limits.clients_per_address_max = 2;
  }

  static std::string header(std::string_view source) {
    return "PROXY TCP4 " + std::string(source) + " 192.0.2.1 4711 8888\r\n";
  }
};

TEST_F(ChatFrontBehindProxy, Connection_CountsForWhomTheProxyNames) {
  ChatSim sim(1, options);
  Peer* first = connect_raw(sim, header("198.51.100.1") + "REGISTER:a\n", "192.0.2.9");
  Peer* second = connect_raw(sim, header("198.51.100.1") + "REGISTER:b\n", "192.0.2.9");
  Peer* third = connect_raw(sim, header("198.51.100.1") + "REGISTER:c\n", "192.0.2.9");
  Peer* other = connect_raw(sim, header("198.51.100.2") + "REGISTER:d\n", "192.0.2.9");
  EXPECT_EQ(first->bytes(), "REGISTERED:a\n");
  EXPECT_EQ(second->bytes(), "REGISTERED:b\n");
  EXPECT_EQ(third->bytes(), "") << "it is not known yet how it could be told";
  EXPECT_TRUE(third->at_end());
  EXPECT_EQ(other->bytes(), "REGISTERED:d\n");
  EXPECT_EQ(ends(sim, chat::EndReason::kRefused), 1U);
  EXPECT_EQ(sim.leftovers(), "");
}

TEST_F(ChatFrontBehindProxy, ProxyWithoutHeader_IsEndedAndCounted) {
  ChatSim sim(1, options);
  Peer* peer = connect_raw(sim, "REGISTER:a\n", "192.0.2.9");
  EXPECT_TRUE(peer->at_end());
  EXPECT_EQ(ends(sim, chat::EndReason::kProtocolError), 1U);
}

TEST_F(ChatFrontBehindProxy, HeaderFromAnybodyElse_IsNoHeader) {
  ChatSim sim(1, options);
  Peer* peer = connect_raw(sim, header("198.51.100.1") + "REGISTER:a\n", "203.0.113.1");
  EXPECT_THAT(peer->bytes(), HasSubstr("ERROR:401:"));
  EXPECT_THAT(peer->bytes(), HasSubstr("REGISTERED:a\n"));
}

}  // namespace
