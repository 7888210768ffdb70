#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "chat/client/client.h"
#include "reactor/tls.h"
#include "tests/chat/client_fixture.h"
#include "tests/reactor/test_certificate.h"

// Sessions over TLS: every connection has its own, and nothing is said to a server that could not
// prove who it is.
namespace chat {
namespace {

using chat_test::Ends;
using reactor_test::KeyKind;
using reactor_test::TestCertificates;
using std::chrono::milliseconds;

const char* const kWelcome = "WELCOME:1:tags,ack,resume,presence:line=4096\n";

class ClientTlsTest : public chat_test::ClientFixture {
 protected:
  ClientTlsTest() { serve_with(certificates_, "localhost"); }

  // From now on the server proves to be this one.
  void serve_with(TestCertificates& certificates, const char* name) {
    reactor_test::CertificateSpec spec;
    spec.names = {name};
    spec.key = KeyKind::kEd25519;
    const TestCertificates::Files files = certificates.issue(spec);
    reactor::TlsServerOptions options;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    std::string error;
    const auto context = reactor::TlsServerContext::load(options, error);
    ASSERT_TRUE(context) << error;
    server.new_transport = [context = *context] { return context.new_transport(); };
  }

  ClientOptions secured() {
    reactor::TlsClientOptions trust;
    trust.ca_file = certificates_.ca_file();
    std::string error;
    const auto context = reactor::TlsClientContext::load(trust, error);
    EXPECT_TRUE(context) << error;
    ClientOptions result = options();
    result.new_transport = [this, context = *context] {
      ++transports_made;
      return context.new_transport("localhost");
    };
    return result;
  }

  void begin() {
    start(secured());
    say(std::string(kWelcome) + "REGISTERED:Alice\nSESSION:token\n");
    ASSERT_TRUE(client->is_ready());
    ASSERT_NE(peer().connection->transport(), nullptr);
    peer().lines.clear();
  }

  TestCertificates certificates_{KeyKind::kEd25519};
  TestCertificates strangers_{KeyKind::kEd25519};
  int transports_made = 0;
};

TEST_F(ClientTlsTest, Session_IsAsWithoutIt) {
  begin();
  say("@id=5;room=lobby MESSAGE:Bob:hi\n");
  EXPECT_EQ(recorder.lines, (std::vector<std::string>{"MESSAGE|Bob|hi|"}));
  EXPECT_EQ(client->broadcast("hello"), SendResult::kQueued);
  settle();
  EXPECT_EQ(peer().take_line(), "@id=c1 BROADCAST:hello");
}

TEST_F(ClientTlsTest, LostConnection_IsResumedOverANewOne) {
  begin();
  say("@id=9;room=lobby MESSAGE:Bob:hi\n");
  reconnect();
  EXPECT_EQ(transports_made, 2);
  EXPECT_EQ(peer().take_line(), "HELLO:1:tags,ack,resume,presence");
  EXPECT_EQ(peer().take_line(), "RESUME:token:9");
  say(std::string(kWelcome) + "RESUMED:Alice\n");
  EXPECT_EQ(recorder.ready, (std::vector<std::string>{"Alice", "Alice resumed"}));
}

TEST_F(ClientTlsTest, ServerOfAnotherName_IsToldNothing) {
  serve_with(certificates_, "elsewhere.example");
  start(secured());
  EXPECT_EQ(recorder.ends,
            (Ends{{ClientEnd::kNotSecured, "TLS: the certificate is not for localhost"}}));
  EXPECT_TRUE(peer().lines.empty());
}

TEST_F(ClientTlsTest, ServerThatNobodyVouchesFor_IsToldNothing) {
  serve_with(strangers_, "localhost");
  start(secured());
  ASSERT_EQ(recorder.ends.size(), 1U);
  EXPECT_EQ(recorder.ends.front().first, ClientEnd::kNotSecured);
  EXPECT_TRUE(recorder.ends.front().second.starts_with("TLS: the certificate is not trusted: "))
      << recorder.ends.front().second;
  EXPECT_TRUE(peer().lines.empty());
}

TEST_F(ClientTlsTest, ServerWithoutTls_IsNotSpokenToInTheOpen) {
  server.new_transport = nullptr;
  start(secured());
  peer().hang_up();
  settle();
  EXPECT_EQ(recorder.ends,
            (Ends{{ClientEnd::kNotSecured,
                   "TLS: no answer to the handshake, the server closed the connection"}}));
}

TEST_F(ClientTlsTest, ServerThatAnswersInTheOpen_IsNotBelieved) {
  server.new_transport = nullptr;
  start(secured());
  say(std::string(kWelcome) + "REGISTERED:Alice\nSESSION:token\n");
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kNotSecured, "TLS: what has come is not TLS"}}));
}

TEST_F(ClientTlsTest, SomebodyElseInTheServersPlace_DoesNotGetTheSession) {
  begin();
  serve_with(strangers_, "localhost");
  reconnect();
  EXPECT_TRUE(peer().lines.empty()) << "neither token nor messages";
  ASSERT_FALSE(recorder.retries.empty());
  EXPECT_TRUE(recorder.retries.front().first.starts_with("TLS: the certificate is not trusted"))
      << recorder.retries.front().first;
  serve_with(certificates_, "localhost");
  for (int i = 0; i < 100 && recorder.ready.size() < 2; ++i) {
    pass(milliseconds{250});
    if (peer().connection != nullptr && !peer().lines.empty()) {
      say(std::string(kWelcome) + "RESUMED:Alice\n");
    }
  }
  EXPECT_EQ(recorder.ready, (std::vector<std::string>{"Alice", "Alice resumed"}));
}

TEST_F(ClientTlsTest, HandshakeThatNeverEnds_IsGivenUp) {
  server.new_transport = nullptr;  // and says nothing
  start(secured());
  EXPECT_TRUE(recorder.ends.empty());
  pass(options().answer_timeout);
  EXPECT_EQ(recorder.ends, (Ends{{ClientEnd::kUnreachable, "the server does not answer"}}));
}

}  // namespace
}  // namespace chat
