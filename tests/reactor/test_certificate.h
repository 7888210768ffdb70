#pragma once

#include <memory>
#include <string>
#include <vector>

namespace reactor_test {

// The signatures of Ed25519 are all of one length: for who counts bytes or repeats a seed. Browsers
// do not take them.
enum class KeyKind { kP256, kRsa2048, kEd25519 };

struct CertificateSpec {
  std::vector<std::string> names = {"localhost"};
  std::vector<std::string> addresses = {"127.0.0.1"};
  KeyKind key = KeyKind::kP256;
  int valid_from_days = -1;  // from now
  int valid_until_days = 30;
};

// An authority of the test's own, made on the spot, and certificates that it signs: PEM files in a
// scratch directory that goes with it.
class TestCertificates {
 public:
  struct Files {
    std::string certificate;
    std::string key;
  };

  explicit TestCertificates(KeyKind authority_key = KeyKind::kP256);
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;
  ~TestCertificates();

  // Whom a client has to trust.
  const std::string& ca_file() const { return ca_file_; }
  const std::string& directory() const { return directory_; }
  Files issue(const CertificateSpec& spec);
  Files issue() { return issue({}); }

 private:
  struct Authority;

  std::string directory_;
  std::string ca_file_;
  std::unique_ptr<Authority> authority_;
  int issued_ = 0;
};

}  // namespace reactor_test
