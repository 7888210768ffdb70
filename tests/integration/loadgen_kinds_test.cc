// chat-loadgen over WebSocket and TLS, and with clients of several kinds in one room: real
// processes.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/integration/loadgen_run.h"
#include "tests/integration/process.h"
#ifdef REACTOR_HAS_TLS
#include "tests/reactor/test_certificate.h"
#endif

namespace integration {
namespace {

// In a closed loop nothing depends on how punctual this machine is.
const Args kClosedRun{"--clients", "16", "--senders",  "4",    "--closed-loop", "--window", "8",
                      "--warm-up", "0s", "--duration", "300ms"};

Args with(Args args, const Args& more) {
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

// A machine too busy for the generator to be punctual makes a run invalid, but no less intact.
void expect_sound(const Measured& measured) {
  EXPECT_TRUE(measured.exit_code == kPassed || measured.exit_code == kInvalid) << measured.output;
  EXPECT_TRUE(measured.result.integrity.intact()) << measured.output;
  EXPECT_EQ(measured.result.disagreement, "");
  EXPECT_GT(measured.result.integrity.delivered, 0U) << measured.output;
  EXPECT_EQ(measured.result.integrity.delivered, measured.result.integrity.expected);
}

std::string at(std::string_view scheme, const ServerProcess& server) {
  return fmt::format("{}://127.0.0.1:{}", scheme, server.port());
}

TEST(LoadgenKinds, WebSocket_IsATargetLikeAnyOther) {
  const ServerProcess server(CHAT_SERVER_PATH);
  expect_sound(measure(with(kClosedRun, {at("ws", server)})));
  expect_sound(
      measure(with(kClosedRun, {at("ws", server) + "/ws", "--workload", "rooms", "--rooms", "4"})));
  expect_sound(measure({"--clients", "16", "--closed-loop", "--window", "16", "--warm-up", "0s",
                        "--duration", "300ms", "--workload", "direct", at("ws", server)}));
  expect_sound(measure({"--clients", "12", "--rate", "200", "--warm-up", "0s", "--duration", "1s",
                        "--workload", "reconnect", "--reconnect-rate", "20", at("ws", server)}));
  const Measured acked = measure({"--clients", "10", "--rate", "100", "--warm-up", "0s",
                                  "--duration", "500ms", "--ack", at("ws", server)});
  expect_sound(acked);
  EXPECT_EQ(acked.result.acks.asked, 50U) << acked.output;
  EXPECT_EQ(acked.result.acks.missing, 0U) << acked.output;
}

TEST(LoadgenKinds, PathWithoutAWebSocket_IsSaid) {
  const ServerProcess server(CHAT_SERVER_PATH);
  const Outcome run = run_loadgen({at("ws", server) + "/elsewhere", "--clients", "4", "--quiet"});
  EXPECT_EQ(run.exit_code, kCouldNotRun) << run.output;
  EXPECT_NE(run.output.find("no WebSocket: no upgrade: HTTP/1.1 404"), std::string::npos)
      << run.output;
}

TEST(LoadgenKinds, ServerThatIsKilledUnderWebSocketClients_KeepsWhatItHasAcknowledged) {
  const std::string data = fmt::format("{}loadgen_kinds.{}", testing::TempDir(), getpid());
  std::filesystem::remove_all(data);
  const Measured measured =
      measure({"ws://127.0.0.1:0", "--workload", "crash", "--clients", "6", "--senders", "3",
               "--rate", "200", "--kill-every", "100ms", "--kills", "3", "--spawn",
               fmt::format("{} --listen 127.0.0.1:0 --data {}", CHAT_SERVER_PATH, data)});
  EXPECT_EQ(measured.exit_code, kPassed) << measured.output;
  EXPECT_EQ(measured.result.crash.kills, 3U) << measured.output;
  EXPECT_GT(measured.result.crash.history.in_history, 0U) << measured.output;
  EXPECT_EQ(measured.result.crash.history.in_history, measured.result.crash.history.acknowledged);
  std::filesystem::remove_all(data);
}

TEST(LoadgenKinds, MixedRoom_IsFoundSound) {
  const ServerProcess server(CHAT_SERVER_PATH, {"--threads", "2"});
  const Measured measured =
      measure(server.port(), with(kClosedRun, {"--mix", "native=3,ws=1", "--threads", "2"}));
  expect_sound(measured);
  ASSERT_EQ(measured.result.kinds.size(), 2U);
  EXPECT_EQ(measured.result.kinds[0].scheme, "native");
  EXPECT_EQ(measured.result.kinds[0].clients, 12U);
  EXPECT_EQ(measured.result.kinds[1].clients, 4U);
  EXPECT_EQ(measured.result.kinds[1].registration.count(), 4U);
  ASSERT_EQ(measured.result.total.of_kinds.size(), 2U);
  EXPECT_GT(measured.result.total.of_kinds[1].corrected.count(), 0U);
}

TEST(LoadgenKinds, RoomWithIrcClients_IsFoundSoundInEveryWorkload) {
  const ServerProcess server(CHAT_SERVER_PATH, {"--threads", "2"});
  const Args kinds{"--mix", "native,irc,irc+ws,ws", "--clients", "16", "--warm-up", "0s"};
  expect_sound(measure(server.port(), with(kinds, {"--senders", "4", "--closed-loop", "--window",
                                                   "8", "--duration", "300ms"})));
  expect_sound(measure(server.port(), with(kinds, {"--workload", "rooms", "--rooms", "2", "--rate",
                                                   "200", "--duration", "500ms"})));
  expect_sound(measure(server.port(), with(kinds, {"--workload", "direct", "--rate", "200",
                                                   "--duration", "500ms"})));
  expect_sound(measure(server.port(), with(kinds, {"--workload", "churn", "--churn-rate", "20",
                                                   "--duration", "1s"})));
  expect_sound(measure(server.port(), with(kinds, {"--workload", "slow-readers", "--slow-for",
                                                   "200ms", "--duration", "1s"})));
}

TEST(LoadgenKinds, IrcClients_CannotBeAskedForAcknowledgements) {
  const ServerProcess server(CHAT_SERVER_PATH);
  for (const char* wish : {"--ack", "--workload=reconnect"}) {
    const Outcome run = run_loadgen({at("irc", server), "--clients", "4", "--quiet", wish});
    EXPECT_NE(run.exit_code, kPassed) << run.output;
    EXPECT_NE(run.output.find("has neither acknowledgements nor sessions"), std::string::npos)
        << run.output;
  }
}

TEST(LoadgenKinds, DisorderForOneKindOfAMixedRoom_IsFound) {
  const ServerProcess server(FAULTY_CHAT_SERVER_PATH, {"--fault", "swap", "--every", "101"});
  const Measured measured =
      measure(server.port(), {"--mix", "native,ws,irc", "--clients", "12", "--senders", "3",
                              "--rate", "200", "--warm-up", "0s", "--duration", "1s"});
  EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
  EXPECT_GT(faults_made(server), 0U);
  // When the one who is served first gets a swapped pair, all others seem to be wrong.
  EXPECT_GE(measured.result.integrity.reordered, faults_made(server)) << measured.output;
  EXPECT_TRUE(measured.result.disagreement.find("(native)") != std::string::npos ||
              measured.result.disagreement.find("(ws)") != std::string::npos ||
              measured.result.disagreement.find("(irc)") != std::string::npos)
      << measured.result.disagreement;
}

TEST(LoadgenKinds, LossForOneKindOfAMixedRoom_IsCountedThere) {
  const ServerProcess server(FAULTY_CHAT_SERVER_PATH, {"--fault", "drop", "--every", "101"});
  const Measured measured =
      measure(server.port(), {"--mix", "native,ws", "--clients", "12", "--senders", "3", "--rate",
                              "200", "--warm-up", "0s", "--duration", "1s"});
  EXPECT_EQ(measured.exit_code, kIntegrityBroken) << measured.output;
  ASSERT_EQ(measured.result.kinds.size(), 2U);
  EXPECT_GT(faults_made(server), 0U);
  EXPECT_EQ(measured.result.kinds[0].integrity.lost, faults_made(server)) << measured.output;
  EXPECT_EQ(measured.result.kinds[1].integrity.lost, 0U) << measured.output;
}

#ifdef REACTOR_HAS_TLS

// A server with a certificate for localhost and 127.0.0.1, and an authority to trust.
class LoadgenKindsOverTls : public testing::Test {
 protected:
  reactor_test::TestCertificates certificates;
  reactor_test::TestCertificates::Files files = certificates.issue();
  ServerProcess server{CHAT_SERVER_PATH, {"--tls-cert", files.certificate, "--tls-key", files.key}};
};

TEST_F(LoadgenKindsOverTls, EveryKind_IsATargetLikeAnyOther) {
  for (const char* scheme : {"tls", "wss"}) {
    expect_sound(measure(with(kClosedRun, {at(scheme, server), "--ca", certificates.ca_file()})));
    expect_sound(measure(with(kClosedRun, {at(scheme, server), "--insecure"})));
    expect_sound(measure({"--clients", "12", "--rate", "200", "--warm-up", "0s", "--duration", "1s",
                          "--workload", "reconnect", "--reconnect-rate", "20", at(scheme, server),
                          "--ca", certificates.ca_file()}));
  }
}

TEST_F(LoadgenKindsOverTls, AllInOneRoom_AreFoundSound) {
  const Measured measured =
      measure(server.port(), with(kClosedRun, {"--mix", "native,tls,ws,wss,irc,ircs,irc+ws,irc+wss",
                                               "--ca", certificates.ca_file()}));
  expect_sound(measured);
  ASSERT_EQ(measured.result.kinds.size(), 8U);
  for (const loadgen::KindResult& kind : measured.result.kinds) {
    EXPECT_EQ(kind.clients, 2U) << kind.scheme;
    EXPECT_TRUE(kind.integrity.intact()) << kind.scheme;
    EXPECT_GT(kind.integrity.delivered, 0U) << kind.scheme;
  }
}

TEST_F(LoadgenKindsOverTls, ServerThatIsNotTrusted_IsLeftAloneWithAWayOut) {
  const Outcome stranger = run_loadgen({at("tls", server), "--clients", "4", "--quiet"});
  EXPECT_EQ(stranger.exit_code, kCouldNotRun) << stranger.output;
  EXPECT_NE(stranger.output.find("TLS: the certificate is not trusted"), std::string::npos)
      << stranger.output;
  EXPECT_NE(stranger.output.find("--ca"), std::string::npos) << stranger.output;
  const Outcome elsewhere = run_loadgen(
      {fmt::format("tls://127.0.0.2:{}", server.port()), "--spawn",
       fmt::format("{} --listen 127.0.0.2:0 --durability none --tls-cert {} --tls-key {}",
                   CHAT_SERVER_PATH, files.certificate, files.key),
       "--ca", certificates.ca_file(), "--clients", "4", "--quiet"});
  EXPECT_EQ(elsewhere.exit_code, kCouldNotRun) << elsewhere.output;
  EXPECT_NE(elsewhere.output.find("TLS: the certificate is not for 127.0.0.2"), std::string::npos)
      << elsewhere.output;
}

TEST_F(LoadgenKindsOverTls, ServerWithoutTls_IsSaid) {
  const ServerProcess plain(CHAT_SERVER_PATH);
  const Outcome run =
      run_loadgen({at("tls", plain), "--ca", certificates.ca_file(), "--clients", "4", "--quiet"});
  EXPECT_EQ(run.exit_code, kCouldNotRun) << run.output;
  EXPECT_NE(run.output.find("TLS: no answer to the handshake"), std::string::npos) << run.output;
}

TEST_F(LoadgenKindsOverTls, FileThatIsNoAuthority_IsSaid) {
  const Outcome run =
      run_loadgen({at("tls", server), "--ca", "/nowhere/ca.pem", "--clients", "4", "--quiet"});
  EXPECT_EQ(run.exit_code, kCouldNotRun) << run.output;
  EXPECT_NE(run.output.find("cannot read /nowhere/ca.pem"), std::string::npos) << run.output;
}

#endif

}  // namespace
}  // namespace integration
