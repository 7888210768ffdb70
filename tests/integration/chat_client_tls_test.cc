// chat-client --tls with a real chat-server, and with certificates made for the test.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/process.h"
#include "tests/integration/pty.h"
#include "tests/reactor/test_certificate.h"

namespace integration {
namespace {

using testing::HasSubstr;

class ChatClientOverTls : public testing::Test {
 protected:
  // Another one takes the server's place; port 0: any.
  void serve(const reactor_test::TestCertificates::Files& files, std::uint16_t port = 0) {
    server.reset();
    server = std::make_unique<ServerProcess>(
        CHAT_SERVER_PATH,
        std::vector<std::string>{"--listen", fmt::format("127.0.0.1:{}", port), "--tls-cert",
                                 files.certificate, "--tls-key", files.key});
  }

  // Says hello and leaves. host: of the server, as the user names it.
  std::unique_ptr<Process> say_hello(const std::string& more, const char* host = "localhost") {
    const std::string command = fmt::format("echo hello | '{}' Alice --server {}:{} {}",
                                            CHAT_CLIENT_PATH, host, server->port(), more);
    return std::make_unique<Process>("/bin/sh", std::vector<std::string>{"-c", command});
  }
  std::string trusted() const { return "--tls --ca '" + certificates.ca_file() + "'"; }

  reactor_test::TestCertificates certificates;
  std::unique_ptr<ServerProcess> server;
};

TEST_F(ChatClientOverTls, Lines_ArriveInTheRoomsOfEverybodyElse) {
  serve(certificates.issue());
  for (const char* host : {"localhost", "127.0.0.1"}) {
    LineClient bob(server->port());
    ASSERT_TRUE(bob.register_as("Bob"));
    const auto alice = say_hello(trusted(), host);
    EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:hello"));
    EXPECT_EQ(alice->wait_exit(), 0) << alice->output();
  }
}

TEST_F(ChatClientOverTls, SessionOfATerminal_GoesOnOverANewConnection) {
  serve(certificates.issue());
  const std::uint16_t port = server->port();
  Pty alice(CHAT_CLIENT_PATH, {"Alice", "--server", fmt::format("localhost:{}", port), "--tls",
                               "--ca", certificates.ca_file()});
  ASSERT_TRUE(alice.wait_for_end({">"}));
  serve(certificates.issue(), port);
  LineClient bob(port);
  ASSERT_TRUE(bob.register_as("Bob"));
  ASSERT_TRUE(alice.wait_for_line("* back as Alice"));
  alice.type("back\r");
  EXPECT_TRUE(bob.expect_line("MESSAGE:Alice:back"));
}

TEST_F(ChatClientOverTls, CertificateForSomebodyElse_IsRefused) {
  reactor_test::CertificateSpec spec;
  spec.names = {"elsewhere.example"};
  spec.addresses = {};
  serve(certificates.issue(spec));
  const auto alice = say_hello(trusted());
  EXPECT_EQ(alice->wait_exit(), 1);
  EXPECT_THAT(alice->output(), HasSubstr("the certificate is not for localhost"));
  const auto careless = say_hello("--tls --insecure");
  EXPECT_EQ(careless->wait_exit(), 0) << careless->output();
}

TEST_F(ChatClientOverTls, CertificateThatNobodyVouchesFor_IsRefusedWithAWayOut) {
  serve(certificates.issue());
  const auto alice = say_hello("--tls");
  EXPECT_EQ(alice->wait_exit(), 1);
  EXPECT_THAT(alice->output(), HasSubstr("the certificate is not trusted"));
  EXPECT_THAT(alice->output(), HasSubstr("--ca FILE"));
}

TEST_F(ChatClientOverTls, ExpiredCertificate_IsRefused) {
  reactor_test::CertificateSpec spec;
  spec.valid_from_days = -10;
  spec.valid_until_days = -1;
  serve(certificates.issue(spec));
  const auto alice = say_hello(trusted());
  EXPECT_EQ(alice->wait_exit(), 1);
  EXPECT_THAT(alice->output(), HasSubstr("the certificate has expired"));
}

TEST_F(ChatClientOverTls, ServerWithoutTls_IsExplained) {
  server = std::make_unique<ServerProcess>(CHAT_SERVER_PATH);
  const auto alice = say_hello(trusted());
  EXPECT_EQ(alice->wait_exit(), 1);
  EXPECT_THAT(alice->output(), HasSubstr("no secure connection to localhost"));
  EXPECT_THAT(alice->output(), HasSubstr("does that server offer TLS"));
}

TEST_F(ChatClientOverTls, OptionsOfTlsWithoutIt_AreAUsageError) {
  for (const char* option : {"--insecure", "--ca x.pem"}) {
    Process process("/bin/sh", {"-c", fmt::format("'{}' Alice {}", CHAT_CLIENT_PATH, option)});
    EXPECT_EQ(process.wait_exit(), 2) << process.output();
    EXPECT_THAT(process.output(), HasSubstr("--tls"));
  }
}

TEST_F(ChatClientOverTls, FileThatIsNoAuthority_IsSaid) {
  server = std::make_unique<ServerProcess>(CHAT_SERVER_PATH);
  const auto alice = say_hello("--tls --ca /nowhere/ca.pem");
  EXPECT_EQ(alice->wait_exit(), 1);
  EXPECT_THAT(alice->output(), HasSubstr("cannot read /nowhere/ca.pem"));
}

}  // namespace
}  // namespace integration
