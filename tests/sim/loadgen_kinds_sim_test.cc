// The load generator's workers over WebSocket and TLS, and rooms with clients of several kinds,
// against a whole chat server on the simulated OS.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/loadgen_sim.h"
#include "tools/loadgen/plan_text.h"
#ifdef REACTOR_HAS_TLS
#include "reactor/tls.h"
#include "tests/reactor/test_certificate.h"
#endif

namespace loadgen {
namespace {

using sim::LoadSim;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeeds = 5;

Plan plan_of(Workload workload, std::size_t clients, std::size_t senders, std::string_view scheme) {
  Plan plan;
  plan.workload = workload;
  plan.clients = clients;
  plan.senders = senders;
  plan.target.kinds.front().kind = kind_of_scheme(scheme).value();
  return plan;
}

Plan mixed_plan(Workload workload, std::size_t clients, std::size_t senders, std::string_view mix) {
  Plan plan = plan_of(workload, clients, senders, "native");
  plan.target.kinds = parse_mix(mix).value();
  return plan;
}

void expect_intact(const Integrity& integrity) {
  EXPECT_EQ(integrity.expected, integrity.delivered);
  EXPECT_EQ(integrity.lost, 0U);
  EXPECT_EQ(integrity.doubled, 0U);
  EXPECT_EQ(integrity.reordered, 0U);
  EXPECT_EQ(integrity.corrupted, 0U);
}

void expect_intact(const Result& result) {
  EXPECT_EQ(result.disagreement, "");
  EXPECT_EQ(result.connections_lost, 0U);
  expect_intact(result.integrity);
}

// A sound server is found sound: every plan with some seeds.
void expect_intact(const std::vector<Plan>& plans, const chat::TransportSource& transports = {}) {
  for (const Plan& plan : plans) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE(fmt::format("{}, {}, {} threads, seed {}", plan.target.to_string(),
                               to_string(plan.workload), plan.threads, seed));
      LoadSim sim(seed, plan, seed % 2 == 0 ? 2 : 1, {}, transports);
      sim.make_trouble();
      sim.connect();
      sim.run_stage(400, seconds{1});
      const Result result = sim.quit();
      expect_intact(result);
      EXPECT_EQ(sim.reported().sent, 400U);
      if (testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

TEST(LoadgenKinds, EveryWorkloadOverWebSocket_IsIntact) {
  std::vector<Plan> plans{
      plan_of(Workload::kFanout, 24, 12, "ws"), plan_of(Workload::kDirect, 20, 20, "ws"),
      plan_of(Workload::kRooms, 24, 12, "ws"), plan_of(Workload::kStorm, 50, 1, "ws"),
      plan_of(Workload::kFanout, 24, 12, "ws")};
  plans[2].rooms = 4;
  plans[4].threads = 2;
  expect_intact(plans);
}

TEST(LoadgenKinds, MixedRooms_SeeOneOrder_WhoeverSends) {
  std::vector<Plan> plans{mixed_plan(Workload::kFanout, 24, 12, "native,ws"),
                          mixed_plan(Workload::kFanout, 24, 12, "native,ws"),
                          mixed_plan(Workload::kRooms, 24, 12, "native=2,ws=1"),
                          mixed_plan(Workload::kDirect, 20, 20, "native,ws")};
  plans[1].threads = 2;
  plans[2].rooms = 4;
  expect_intact(plans);
}

TEST(LoadgenKinds, EachKindOfAMix_IsCountedAndTimedApart) {
  const Plan plan = mixed_plan(Workload::kFanout, 20, 2, "native=3,ws=1");
  LoadSim sim(3, plan);
  sim.connect();
  sim.run_stage(500, seconds{1});
  const Result result = sim.quit();
  expect_intact(result);
  ASSERT_EQ(result.kinds.size(), 2U);
  ASSERT_EQ(sim.reported().latency.size(), 2U);
  EXPECT_EQ(result.kinds[0].scheme, "native");
  EXPECT_EQ(result.kinds[1].scheme, "ws");
  EXPECT_EQ(result.kinds[0].clients, 15U);
  EXPECT_EQ(result.kinds[1].clients, 5U);
  // One of each sends half of the messages, and does not get these.
  const std::vector<std::uint64_t> expected{14 * 500 + 250, 4 * 500 + 250};
  for (std::size_t kind = 0; kind < 2; ++kind) {
    expect_intact(result.kinds[kind].integrity);
    EXPECT_EQ(result.kinds[kind].integrity.delivered, expected[kind]);
    EXPECT_EQ(sim.reported().latency[kind].corrected.count(), expected[kind]);
    EXPECT_EQ(result.kinds[kind].registration.count(), result.kinds[kind].clients);
  }
  EXPECT_EQ(result.registration.latency.count(), 20U);
}

TEST(LoadgenKinds, WhatOnlyALogCanDo_IsDoneOverWebSocketToo) {
  Plan acked = plan_of(Workload::kFanout, 12, 3, "ws");
  acked.acks = true;
  Plan reconnecting = plan_of(Workload::kReconnect, 20, 2, "ws");
  reconnecting.reconnects = {0.2, 20};
  Plan slow = plan_of(Workload::kSlowReaders, 20, 2, "ws");
  slow.slow_readers = {0.2, 0, milliseconds{500}};
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    {
      LoadSim sim(seed, acked);
      sim.make_trouble();
      sim.connect();
      sim.run_stage(200, seconds{1});
      const Result result = sim.quit();
      expect_intact(result);
      EXPECT_EQ(result.acks.asked, 200U);
      EXPECT_EQ(result.acks.missing, 0U);
    }
    {
      LoadSim sim(seed, reconnecting);
      sim.make_trouble();
      sim.connect();
      sim.begin_stage(200, seconds{2});
      sim.await_sent();
      sim.pool().tell_all({.kind = WorkerOrder::Kind::kStop});
      sim.drain();
      const Result result = sim.quit();
      expect_intact(result);
      EXPECT_GT(result.reconnects.dropped, 5U);
      EXPECT_EQ(result.reconnects.gaps, 0U);
    }
    {
      LoadSim sim(seed, slow);
      sim.make_trouble();
      sim.connect();
      sim.run_stage(400, seconds{2});
      sim.catch_up();
      const Result result = sim.quit();
      expect_intact(result);
      EXPECT_EQ(result.slow_readers.never, 0U);
    }
    if (HasFailure()) {
      return;
    }
  }
}

#ifdef REACTOR_HAS_TLS

// Both ends of TLS, with a certificate that was just made.
class LoadgenKindsOverTls : public testing::Test {
 protected:
  LoadgenKindsOverTls() {
    reactor_test::CertificateSpec spec;
    spec.key = reactor_test::KeyKind::kEd25519;
    const reactor_test::TestCertificates::Files files = certificates_.issue(spec);
    reactor::TlsServerOptions of_server;
    of_server.certificate_file = files.certificate;
    of_server.key_file = files.key;
    reactor::TlsClientOptions of_client;
    of_client.ca_file = certificates_.ca_file();
    std::string error;
    server_ = reactor::TlsServerContext::load(of_server, error);
    client_ = reactor::TlsClientContext::load(of_client, error);
    EXPECT_EQ(error, "");
  }

  chat::TransportSource transports() const {
    return [this] { return server_->new_transport(); };
  }
  Plan secured(Plan plan, const char* host = "localhost") const {
    plan.target.new_transport = [this, host] { return client_->new_transport(host); };
    return plan;
  }

 private:
  reactor_test::TestCertificates certificates_{reactor_test::KeyKind::kEd25519};
  std::optional<reactor::TlsServerContext> server_;
  std::optional<reactor::TlsClientContext> client_;
};

TEST_F(LoadgenKindsOverTls, EveryKindAlone_AndAllInOneRoom_AreIntact) {
  expect_intact({secured(plan_of(Workload::kFanout, 12, 6, "tls")),
                 secured(plan_of(Workload::kFanout, 12, 6, "wss")),
                 secured(mixed_plan(Workload::kFanout, 16, 8, "native,tls,ws,wss"))},
                transports());
}

TEST_F(LoadgenKindsOverTls, ServerThatIsSomebodyElse_IsLeftAlone) {
  LoadSim sim(1, secured(plan_of(Workload::kFanout, 2, 1, "tls"), "elsewhere.example"), 1, {},
              transports());
  sim.pool().tell_all({.kind = WorkerOrder::Kind::kConnect});
  sim.run_until([&] { return sim.pool().sums().lost == 2; }, "nobody gets in");
  EXPECT_EQ(sim.pool().sums().ready, 0U);
  sim.pool().tell_all({.kind = WorkerOrder::Kind::kQuit});
  sim.run_until([&] { return sim.pool().workers().front()->has_quit(); }, "all have quit");
  EXPECT_EQ(sim.pool().first_error(), "TLS: the certificate is not for elsewhere.example");
}

TEST_F(LoadgenKindsOverTls, ServerWithoutTls_IsSaid) {
  LoadSim sim(1, secured(plan_of(Workload::kFanout, 2, 1, "wss")));
  sim.pool().tell_all({.kind = WorkerOrder::Kind::kConnect});
  sim.run_until([&] { return sim.pool().sums().lost == 2; }, "nobody gets in");
  EXPECT_EQ(sim.pool().first_error(),
            "TLS: no answer to the handshake, the server closed the connection");
}

#endif

}  // namespace
}  // namespace loadgen
