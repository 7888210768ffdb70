// What contexts are loaded from, what operators are told, and how long they live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/reactor/tls_fixture.h"

namespace reactor_test {
namespace {

using reactor::TlsClientContext;
using reactor::TlsServerContext;
using testing::AllOf;
using testing::HasSubstr;
using State = reactor::Transport::State;

std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1000;

class TlsContextTest : public testing::Test {
 protected:
  std::string refusal(const std::string& certificate, const std::string& key) {
    std::string error;
    EXPECT_FALSE(TlsServerContext::load({certificate, key}, error));
    return error;
  }
  std::string write(const std::string& name, const std::string& content) {
    std::string path = certificates.directory() + "/" + name;
    std::ofstream(path) << content;
    return path;
  }

  TestCertificates certificates;
  TestCertificates::Files files = certificates.issue();
};

TEST_F(TlsContextTest, AMissingFile_IsNamed) {
  const std::string missing = certificates.directory() + "/missing.pem";
  EXPECT_EQ(refusal(missing, files.key), "cannot read " + missing + ": No such file or directory");
  EXPECT_EQ(refusal(files.certificate, missing),
            "cannot read " + missing + ": No such file or directory");
  std::string error;
  EXPECT_FALSE(TlsClientContext::load({.ca_file = missing}, error));
  EXPECT_EQ(error, "cannot read " + missing + ": No such file or directory");
}

TEST_F(TlsContextTest, AFileWithoutWhatIsExpected_IsNamed) {
  const std::string text = write("text.pem", "this is no certificate\n");
  EXPECT_THAT(refusal(text, files.key), AllOf(HasSubstr("no certificate"), HasSubstr(text)));
  EXPECT_THAT(refusal(files.certificate, text),
              AllOf(HasSubstr("no private key"), HasSubstr(text)));
  EXPECT_THAT(refusal(files.key, files.key), HasSubstr("no certificate"));
  EXPECT_THAT(refusal(files.certificate, files.certificate), HasSubstr("no private key"));
  EXPECT_THAT(refusal(certificates.directory(), files.key), HasSubstr(certificates.directory()));
  std::string error;
  EXPECT_FALSE(TlsClientContext::load({.ca_file = text}, error));
  EXPECT_THAT(error, AllOf(HasSubstr("no certificate"), HasSubstr(text)));
}

TEST_F(TlsContextTest, AKeyOfAnotherCertificate_IsRefused) {
  for (const KeyKind kind : {KeyKind::kP256, KeyKind::kEd25519}) {
    const std::string other = certificates.issue({.key = kind}).key;
    EXPECT_EQ(refusal(files.certificate, other),
              "the key in " + other + " is not that of the certificate in " + files.certificate);
  }
}

TEST_F(TlsContextTest, AnEncryptedKey_IsRefusedWithoutAsking) {
  const std::string path = certificates.directory() + "/encrypted.key";
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  std::FILE* file = std::fopen(path.c_str(), "we");
  ASSERT_NE(file, nullptr);
  const unsigned char password[] = "secret";
  PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), password, 6, nullptr, nullptr);
  std::fclose(file);
  EVP_PKEY_free(key);
  EXPECT_EQ(refusal(files.certificate, path),
            "the key in " + path + " is encrypted: give one without a password");
}

TEST_F(TlsContextTest, TellsWhomTheCertificateIsForAndUntilWhen) {
  const auto context = TlsWorld::load_server_of(certificates.issue(
      {.names = {"chat.example.org", "*.example.net"}, .addresses = {"192.0.2.7", "2001:db8::1"}}));
  EXPECT_EQ(context.names(), "chat.example.org, *.example.net, 192.0.2.7, 2001:db8::1");
  EXPECT_NEAR(static_cast<double>(context.valid_until_ms()),
              static_cast<double>(unix_ms_now() + 30 * kDayMs), 100'000.0);
  EXPECT_EQ(context.warning(unix_ms_now()), "");
  EXPECT_THAT(context.warning(unix_ms_now() + 31 * kDayMs),
              HasSubstr("the certificate has expired on 2"));
  EXPECT_THAT(context.warning(unix_ms_now() - 10 * kDayMs),
              HasSubstr("the certificate is not valid before 2"));
}

TEST_F(TlsContextTest, ACertificateForNobody_IsWarnedOf) {
  const auto context = TlsWorld::load_server_of(certificates.issue({.names = {}, .addresses = {}}));
  EXPECT_EQ(context.names(), "");
  EXPECT_THAT(context.warning(unix_ms_now()), HasSubstr("names no host"));
}

TEST_F(TlsContextTest, ProtocolsThatCantBeEncoded_AreRefused) {
  for (const std::string& name : {std::string(), std::string(256, 'p')}) {
    std::string error;
    EXPECT_FALSE(TlsServerContext::load({files.certificate, files.key, {"irc", name}}, error));
    EXPECT_THAT(error, HasSubstr("1 to 255 bytes"));
    EXPECT_FALSE(TlsClientContext::load({"", false, {name}}, error));
  }
}

TEST_F(TlsContextTest, ConnectionsKeepTheContextTheyBeganWith) {
  std::string error;
  auto server = TlsServerContext::load({files.certificate, files.key}, error);
  auto client = TlsClientContext::load({.ca_file = certificates.ca_file()}, error);
  ASSERT_TRUE(server && client) << error;
  TlsEnd old(server->new_transport());
  TlsEnd peer(client->new_transport("localhost"));
  TestCertificates others;
  server = TlsWorld::load_server_of(others.issue());  // as after a reload
  client.reset();
  exchange(peer, old);
  EXPECT_EQ(peer.state(), State::kReady) << peer.transport->failure();
}

TEST_F(TlsContextTest, IsUsedAndReplacedByManyThreadsAtOnce) {
  const TlsClientContext client = [this] {
    std::string error;
    return TlsClientContext::load({.ca_file = certificates.ca_file()}, error).value();
  }();
  TlsServerContext server = TlsWorld::load_server_of(files);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, server, client]() mutable {
      for (int i = 0; i < 20; ++i) {
        TlsEnd accepting(server.new_transport());
        TlsEnd connecting(client.new_transport("localhost"));
        if (i % 5 == 4) {
          server = TlsWorld::load_server_of(files);
        }
        exchange(connecting, accepting);
        EXPECT_EQ(connecting.state(), State::kReady) << connecting.transport->failure();
      }
    });
  }
  server = TlsWorld::load_server_of(files);
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace reactor_test
