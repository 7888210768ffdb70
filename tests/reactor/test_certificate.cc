#include "tests/reactor/test_certificate.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "reactor/check.h"

namespace reactor_test {

namespace {

constexpr long kDaySeconds = 24L * 60 * 60;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

Key new_key(KeyKind kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case KeyKind::kP256:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
      break;
    case KeyKind::kRsa2048:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
      break;
    case KeyKind::kEd25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
  }
  CHECK(key != nullptr, "no key");
  return Key(key);
}

void set_name(X509_NAME* name, const std::string& common_name) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
}

void extend(X509* certificate, int what, const std::string& value) {
  const std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str()));
  CHECK(extension != nullptr, "no such extension", value);
  X509_add_ext(certificate, extension.get(), -1);
}

Certificate new_certificate(const std::string& name, EVP_PKEY* key, long serial) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  set_name(X509_get_subject_name(certificate.get()), name);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void set_validity(X509* certificate, int from_days, int until_days) {
  X509_gmtime_adj(X509_getm_notBefore(certificate), from_days * kDaySeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until_days * kDaySeconds);
}

template <class Write>
void write_file(const std::string& path, const Write& write) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  CHECK(file != nullptr && write(file) == 1 && std::fclose(file) == 0, "cannot write", path);
}

void write_certificate(const std::string& path, X509* certificate) {
  write_file(path, [&](std::FILE* file) { return PEM_write_X509(file, certificate); });
}

void write_key(const std::string& path, EVP_PKEY* key) {
  write_file(path, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string alternative_names(const CertificateSpec& spec) {
  std::string list;
  const auto add = [&list](std::string_view kind, const std::string& name) {
    list += list.empty() ? "" : ",";
    list += kind;
    list += name;
  };
  for (const std::string& name : spec.names) {
    add("DNS:", name);
  }
  for (const std::string& address : spec.addresses) {
    add("IP:", address);
  }
  return list;
}

}  // namespace

struct TestCertificates::Authority {
  explicit Authority(KeyKind kind)
      : key(new_key(kind)), certificate(new_certificate("Test Authority", key.get(), 1)) {}

  void sign(X509* signed_by_it) const {
    set_name(X509_get_issuer_name(signed_by_it), "Test Authority");
    const EVP_MD* digest = EVP_PKEY_is_a(key.get(), "ED25519") == 1 ? nullptr : EVP_sha256();
    CHECK(X509_sign(signed_by_it, key.get(), digest) != 0, "can't sign");
  }

  Key key;
  Certificate certificate;
};

TestCertificates::TestCertificates(KeyKind authority_key)
    : authority_(std::make_unique<Authority>(authority_key)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "test-ca-XXXXXX").string();
  CHECK(mkdtemp(pattern.data()) != nullptr, "no scratch directory", pattern);
  directory_ = pattern;
  ca_file_ = directory_ + "/ca.pem";
  X509* certificate = authority_->certificate.get();
  set_validity(certificate, -1000, 1000);
  extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  authority_->sign(certificate);
  write_certificate(ca_file_, certificate);
}

TestCertificates::~TestCertificates() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

TestCertificates::Files TestCertificates::issue(const CertificateSpec& spec) {
  const int number = ++issued_;
  const Key key = new_key(spec.key);
  const Certificate certificate = new_certificate("server", key.get(), 1 + number);
  set_validity(certificate.get(), spec.valid_from_days, spec.valid_until_days);
  if (const std::string names = alternative_names(spec); !names.empty()) {
    extend(certificate.get(), NID_subject_alt_name, names);
  }
  authority_->sign(certificate.get());
  const std::string stem = directory_ + "/" + std::to_string(number);
  Files files{stem + ".pem", stem + ".key"};
  write_certificate(files.certificate, certificate.get());
  write_key(files.key, key.get());
  return files;
}

}  // namespace reactor_test
