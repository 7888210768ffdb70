// TLS as a state machine: both ends in memory, no sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "tests/reactor/raw_tls.h"
#include "tests/reactor/tls_fixture.h"

namespace reactor_test {
namespace {

using reactor::TlsClientContext;
using reactor::TlsServerContext;
using reactor::Transport;
using testing::HasSubstr;
using testing::StartsWith;
using State = Transport::State;

TlsWorld& tls() { return TlsWorld::get(); }

TlsEnd new_server() { return TlsEnd(tls().server.new_transport()); }
TlsEnd new_client(const std::string& host = "localhost") {
  return TlsEnd(tls().client.new_transport(host));
}

// What a raw client and a server have to say to each other; false once the client has failed.
bool exchange(RawTls& client, TlsEnd& server) {
  bool is_well = client.take("");
  for (std::string wire = client.wire(); !wire.empty() || server.has_wire(); wire = client.wire()) {
    if (!wire.empty()) {
      server.take(wire);
    }
    is_well = client.take(server.wire());
  }
  return is_well;
}

TEST(TlsTransport, BothEnds_AgreeAndTalk) {
  TlsEnd server = new_server();
  TlsEnd client(tls().load_client({"h2", "irc"}).new_transport("localhost"));
  EXPECT_EQ(client.state(), State::kHandshaking);
  exchange(client, server);
  ASSERT_EQ(client.state(), State::kReady) << client.transport->failure();
  ASSERT_EQ(server.state(), State::kReady) << server.transport->failure();
  for (const TlsEnd* end : {&client, &server}) {
    const Transport::Agreement agreement = end->transport->agreement();
    EXPECT_EQ(agreement.version, "TLSv1.3");
    EXPECT_EQ(agreement.protocol, "irc");
    EXPECT_THAT(std::string(agreement.cipher), StartsWith("TLS_"));
    EXPECT_FALSE(agreement.resumed);
  }
  EXPECT_TRUE(client.send("ping"));
  EXPECT_TRUE(server.send("pong"));
  exchange(client, server);
  EXPECT_EQ(server.received, "ping");
  EXPECT_EQ(client.received, "pong");
}

TEST(TlsTransport, NoProtocolInCommon_IsServedWithout) {
  TlsEnd server = new_server();
  TlsEnd client(tls().load_client({"h2"}).new_transport("localhost"));
  exchange(client, server);
  ASSERT_EQ(server.state(), State::kReady);
  EXPECT_EQ(server.transport->agreement().protocol, "");
  EXPECT_EQ(client.transport->agreement().protocol, "");
}

TEST(TlsTransport, TheServersOrderOfProtocolsDecides) {
  TlsEnd server = new_server();
  TlsEnd client(tls().load_client({"irc", "http/1.1"}).new_transport("localhost"));
  exchange(client, server);
  ASSERT_EQ(server.state(), State::kReady);
  EXPECT_EQ(server.transport->agreement().protocol, "http/1.1");
}

// Every split of the bytes of both sides gives the same.
void talk_in_pieces(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  const std::size_t piece_max = 1 + below(seed % 3 == 0 ? 30'000 : 200);
  TlsEnd server = new_server();
  TlsEnd client = new_client();
  std::string sent[2];
  TlsEnd* ends[2] = {&client, &server};
  std::string on_way[2];  // to ends[i]
  for (int step = 0; step < 4000; ++step) {
    const std::size_t i = below(2);
    TlsEnd& end = *ends[i];
    on_way[1 - i] += end.wire(below(piece_max + 1));
    if (end.transport->is_ready() && sent[i].size() < 100'000 && below(10) == 0) {
      std::string plain(1 + below(below(5) == 0 ? Transport::kRecordBytesMax : 50), '\0');
      for (char& byte : plain) {
        byte = static_cast<char>(below(256));
      }
      ASSERT_TRUE(end.send(plain));
      sent[i] += plain;
    }
    const std::size_t piece = std::min(on_way[i].size(), below(piece_max + 1));
    if (piece > 0) {
      end.take(std::string_view(on_way[i]).substr(0, piece));
      on_way[i].erase(0, piece);
    }
  }
  for (std::size_t i : {0, 1}) {
    if (!on_way[i].empty()) {
      ends[i]->take(on_way[i]);
    }
  }
  exchange(client, server);
  EXPECT_EQ(client.state(), State::kReady) << client.transport->failure();
  EXPECT_EQ(server.state(), State::kReady) << server.transport->failure();
  EXPECT_TRUE(server.received == sent[0]) << "of the client's bytes";
  EXPECT_TRUE(client.received == sent[1]) << "of the server's bytes";
}

TEST(TlsTransport, AnySplitOfTheBytes_GivesTheSame) {
  std::uint64_t first = 1;
  std::uint64_t last = 60;
  if (const char* seed = std::getenv("SEED")) {
    first = last = std::strtoull(seed, nullptr, 10);
  }
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    talk_in_pieces(seed);
    ASSERT_FALSE(testing::Test::HasFailure())
        << "to repeat it: SEED=" << seed << " reactor_tls_tests --gtest_filter=*AnySplit*";
  }
}

TEST(TlsTransport, LastWords_ArriveAfterAllThatWasSealed) {
  TlsEnd server = new_server();
  TlsEnd client = new_client();
  exchange(client, server);
  client.send("bye");
  client.end();
  exchange(client, server);
  EXPECT_EQ(server.received, "bye");
  EXPECT_EQ(server.state(), State::kPeerEnded);
  EXPECT_TRUE(server.send("still an answer"));
  server.end();
  exchange(client, server);
  EXPECT_EQ(client.received, "still an answer");
  EXPECT_EQ(client.state(), State::kPeerEnded);
}

// Who is refused, and how both learn of it.

TEST(TlsTransport, HttpWithoutTls_IsRefusedInWords) {
  TlsEnd server = new_server();
  server.take("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(server.state(), State::kFailed);
  EXPECT_EQ(server.transport->failure(), "HTTP without TLS has come");
}

TEST(TlsTransport, Garbage_IsRefusedWithAnAlert) {
  TlsEnd server = new_server();
  server.take(std::string("\x16\x03\x01\x00\x05garbage and more of it", 27));
  EXPECT_EQ(server.state(), State::kFailed);
  EXPECT_NE(server.transport->failure(), "");
  EXPECT_THAT(server.wire(), StartsWith("\x15\x03")) << "an alert";
}

TEST(TlsTransport, AServerWithoutTls_IsRecognisedByTheClient) {
  TlsEnd client = new_client();
  client.take("NOTICE:this is no TLS at all\n");
  EXPECT_EQ(client.state(), State::kFailed);
  EXPECT_EQ(client.transport->failure(), "what has come is not TLS");
}

TEST(TlsTransport, DamagedRecord_FailsWithAnAlert) {
  TlsEnd server = new_server();
  TlsEnd client = new_client();
  exchange(client, server);
  client.send("hello");
  std::string wire = client.wire();
  wire.back() = static_cast<char>(wire.back() ^ 1);
  server.take(wire);
  EXPECT_EQ(server.state(), State::kFailed);
  EXPECT_EQ(server.transport->failure(), "a record was damaged on its way");
  EXPECT_EQ(server.received, "");
  client.take(server.wire());
  EXPECT_EQ(client.state(), State::kFailed);
  EXPECT_THAT(client.transport->failure(), HasSubstr("the peer has refused: bad record mac"));
}

// A handshake in which the client refuses the server's certificate.
void expect_refused(const TestCertificates::Files& files, const std::string& host,
                    const std::string& why) {
  TlsEnd server(TlsWorld::load_server_of(files).new_transport());
  TlsEnd client = new_client(host);
  exchange(client, server);
  EXPECT_EQ(client.state(), State::kFailed);
  EXPECT_THAT(client.transport->failure(), HasSubstr(why));
  EXPECT_EQ(server.state(), State::kFailed);
  EXPECT_THAT(server.transport->failure(), StartsWith("the peer has refused: "));
}

TEST(TlsTransport, CertificateOfSomebodyElse_IsRefused) {
  expect_refused(tls().files, "example.org", "the certificate is not for example.org");
  expect_refused(tls().files, "127.0.0.2", "the certificate is not for 127.0.0.2");
  expect_refused(tls().files, "localhost.example.org", "not for localhost.example.org");
}

TEST(TlsTransport, CertificateForAnAddress_IsTakenForThatAddress) {
  TlsEnd server = new_server();
  TlsEnd client = new_client("127.0.0.1");
  exchange(client, server);
  EXPECT_EQ(client.state(), State::kReady) << client.transport->failure();
}

TEST(TlsTransport, CertificateOutOfDate_IsRefused) {
  expect_refused(tls().certificates.issue({.valid_from_days = -10, .valid_until_days = -1}),
                 "localhost", "the certificate has expired");
  expect_refused(tls().certificates.issue({.valid_from_days = 1}), "localhost",
                 "the certificate is not valid yet");
}

TEST(TlsTransport, CertificateOfAnUnknownAuthority_IsRefusedUnlessNobodyAsks) {
  TestCertificates others;
  const TestCertificates::Files files = others.issue();
  expect_refused(files, "localhost", "the certificate is not trusted");
  TlsEnd server(TlsWorld::load_server_of(files).new_transport());
  TlsEnd careless(tls().load_client({}, false).new_transport("example.org"));
  exchange(careless, server);
  EXPECT_EQ(careless.state(), State::kReady) << careless.transport->failure();
}

TEST(TlsTransport, TheCertificateItselfCanBeTrusted) {
  TestCertificates others;
  const TestCertificates::Files files = others.issue();
  std::string error;
  const auto context = TlsClientContext::load({.ca_file = files.certificate}, error);
  ASSERT_TRUE(context) << error;
  TlsEnd server(TlsWorld::load_server_of(files).new_transport());
  TlsEnd client(context->new_transport("localhost"));
  exchange(client, server);
  EXPECT_EQ(client.state(), State::kReady) << client.transport->failure();
}

TEST(TlsTransport, KeysOfAllKinds) {
  for (const KeyKind kind : {KeyKind::kP256, KeyKind::kRsa2048, KeyKind::kEd25519}) {
    TlsEnd server(
        TlsWorld::load_server_of(tls().certificates.issue({.key = kind})).new_transport());
    TlsEnd client = new_client();
    exchange(client, server);
    EXPECT_EQ(client.state(), State::kReady) << client.transport->failure();
  }
}

TEST(TlsTransport, OldVersions_AreRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const RawContext context = raw_client_context(version, version);
    RawTls client(context.get());
    TlsEnd server = new_server();
    EXPECT_FALSE(exchange(client, server));
    EXPECT_EQ(server.state(), State::kFailed);
    EXPECT_EQ(server.transport->failure(), "the peer speaks only versions of TLS that are too old");
  }
}

TEST(TlsTransport, Version12_IsSpokenWithModernCiphersOnly) {
  const RawContext context = raw_client_context(TLS1_2_VERSION, TLS1_2_VERSION);
  const TlsServerContext rsa =
      TlsWorld::load_server_of(tls().certificates.issue({.key = KeyKind::kRsa2048}));
  for (const char* modern : {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"}) {
    RawTls client(context.get());
    ASSERT_EQ(SSL_set_cipher_list(client.ssl(), modern), 1);
    TlsEnd server(rsa.new_transport());
    EXPECT_TRUE(exchange(client, server));
    ASSERT_EQ(server.state(), State::kReady) << server.transport->failure();
    EXPECT_EQ(server.transport->agreement().version, "TLSv1.2");
    EXPECT_EQ(server.transport->agreement().cipher, modern);
  }
  for (const char* old : {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256",
                          "DHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA"}) {
    RawTls client(context.get());
    ASSERT_EQ(SSL_set_cipher_list(client.ssl(), old), 1);
    TlsEnd server(rsa.new_transport());
    EXPECT_FALSE(exchange(client, server)) << old;
    EXPECT_EQ(server.transport->failure(), "no cipher in common") << old;
  }
}

// What hostile peers make of it.

TEST(TlsTransport, Renegotiation_IsRefused) {
  const RawContext context = raw_client_context(TLS1_2_VERSION, TLS1_2_VERSION);
  RawTls client(context.get());
  TlsEnd server = new_server();
  ASSERT_TRUE(exchange(client, server));
  const std::uint32_t steps = server.transport->handshake_steps();
  ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
  SSL_do_handshake(client.ssl());
  const std::string hello = client.wire();
  ASSERT_GT(hello.size(), 100U) << "the client has not even asked";
  server.take(hello);
  EXPECT_EQ(server.state(), State::kReady);
  EXPECT_EQ(server.transport->handshake_steps(), steps) << "no second handshake";
  const std::string answer = server.wire();
  EXPECT_LT(answer.size(), 40U) << "no more than a warning";
  EXPECT_FALSE(client.take(answer)) << "it can't be mistaken for a yes";
}

// Updates of keys, one after the other, until the server has had enough.
int key_updates_until_failure(TlsEnd& server, RawTls& client, bool with_data) {
  for (int count = 1; count <= 1000; ++count) {
    EXPECT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(SSL_do_handshake(client.ssl()), 1);
    if (with_data) {
      client.send("x");
    }
    server.take(client.wire());
    if (server.state() != State::kReady) {
      return count;
    }
    client.take(server.wire());
  }
  return 0;
}

TEST(TlsTransport, UpdatesOfKeys_AreAnsweredWhileDataComes) {
  const RawContext context = raw_client_context();
  RawTls client(context.get());
  TlsEnd server = new_server();
  ASSERT_TRUE(exchange(client, server));
  EXPECT_EQ(key_updates_until_failure(server, client, true), 0) << server.transport->failure();
  EXPECT_EQ(server.received.size(), 1000U);
  server.send("under a new key");
  EXPECT_TRUE(exchange(client, server));
  EXPECT_EQ(client.received, "under a new key");
}

TEST(TlsTransport, UpdatesOfKeysWithoutData_End) {
  const RawContext context = raw_client_context();
  RawTls client(context.get());
  TlsEnd server = new_server();
  ASSERT_TRUE(exchange(client, server));
  EXPECT_EQ(key_updates_until_failure(server, client, false),
            reactor::TlsLimits{}.idle_records_max + 1);
  EXPECT_EQ(server.transport->failure(), "too many records without data");
}

TEST(TlsTransport, UpdatesOfKeysAllAtOnce_EndAtTheLimitThoughDataIsBetween) {
  const RawContext context = raw_client_context();
  RawTls client(context.get());
  TlsEnd server = new_server();
  ASSERT_TRUE(exchange(client, server));
  std::string flood;
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client.ssl()), 1);
    if (i % 10 == 9) {
      client.send("x");
    }
    flood += client.wire();
  }
  server.take(flood);
  EXPECT_EQ(server.state(), State::kFailed);
  EXPECT_LE(server.received.size(), 2U) << "not read on behind the limit";
  EXPECT_LT(server.wire().size(), 20U * 40) << "answers are bounded too";
}

TEST(TlsTransport, HandshakeThatNeverEnds_IsCutOff) {
  const TlsServerContext strict = tls().load_server({}, {.handshake_bytes_max = 1000});
  TlsEnd server(strict.new_transport());
  // The beginning of a hello, which announces 15,000 bytes, in many small records.
  std::string hello = std::string("\x16\x03\x01\x00\x04\x01\x00\x3a\x98", 9);
  server.take(hello);
  int records = 0;
  while (server.state() == State::kHandshaking && records < 1000) {
    server.take(std::string("\x16\x03\x03\x00\x0a", 5) + std::string(10, 'x'));
    ++records;
  }
  EXPECT_EQ(server.state(), State::kFailed);
  EXPECT_EQ(server.transport->failure(), "the handshake is too long");
  EXPECT_EQ(records, (1000 - 9) / 15 + 1);
}

TEST(TlsTransport, HalfAMessageOfThePeers_MakesSealingWaitForTheRest) {
  // A server whose ticket does not fit into one record.
  RawContext context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate_chain_file(context.get(), tls().files.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(context.get(), tls().files.key.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_max_send_fragment(context.get(), 512);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_ticket_cb(
      context.get(),
      [](SSL* ssl, void*) {
        static const std::string data(800, 'd');
        return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), data.data(), data.size());
      },
      nullptr, nullptr);
  RawTls server(context.get());
  TlsEnd client = new_client();
  std::string wire;
  while (client.state() == State::kHandshaking) {
    ASSERT_TRUE(server.take(client.wire()));
    client.take(server.wire());
  }
  ASSERT_EQ(client.state(), State::kReady) << client.transport->failure();
  ASSERT_TRUE(server.take(client.wire()));
  const std::string ticket = server.wire();
  ASSERT_GT(ticket.size(), 800U);
  client.take(ticket.substr(0, 600));  // the first of its records, and a part of the second
  EXPECT_FALSE(client.send("hello"));
  EXPECT_EQ(client.state(), State::kReady) << client.transport->failure();
  client.take(ticket.substr(600));
  EXPECT_TRUE(client.send("hello"));
  EXPECT_TRUE(server.take(client.wire()));
  EXPECT_EQ(server.received, "hello");
}

// Sessions.

TEST(TlsTransport, Session_IsResumedByTheTicket_ButNotInAnotherContext) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const RawContext context = raw_client_context(version, version);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
    RawTls first(context.get());
    TlsEnd server = new_server();
    ASSERT_TRUE(exchange(first, server));
    const std::unique_ptr<SSL_SESSION, FreeRawTls> session(SSL_get1_session(first.ssl()));
    ASSERT_EQ(SSL_SESSION_is_resumable(session.get()), 1);

    RawTls second(context.get());
    SSL_set_session(second.ssl(), session.get());
    TlsEnd resumed = new_server();
    ASSERT_TRUE(exchange(second, resumed));
    EXPECT_TRUE(resumed.transport->agreement().resumed);

    RawTls third(context.get());
    SSL_set_session(third.ssl(), session.get());
    TlsEnd reloaded(tls().load_server().new_transport());
    ASSERT_TRUE(exchange(third, reloaded)) << "a ticket of no use is no mistake";
    EXPECT_FALSE(reloaded.transport->agreement().resumed);
  }
}

}  // namespace
}  // namespace reactor_test
