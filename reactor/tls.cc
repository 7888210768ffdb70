#include "reactor/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string_view>

#include "reactor/check.h"
#include "reactor/tls_error.h"
#include "reactor/tls_transport.h"

namespace reactor {

namespace {

// For 1.2; those of 1.3 are all of this kind.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// Every client has one of these, and others cost a server up to twenty times as much.
constexpr const char* kServerGroups = "X25519:P-256";
// So long a ticket is good for, if the context lives as long.
constexpr long kTicketSeconds = 2L * 60 * 60;
// As ALPN has them: each behind its length.
using ProtocolList = std::string;

std::optional<ProtocolList> encode_protocols(const std::vector<std::string>& protocols,
                                             std::string& error) {
  ProtocolList list;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) {
      error = "a protocol's name has 1 to 255 bytes: '" + protocol + "'";
      return std::nullopt;
    }
    list += static_cast<char>(protocol.size());
    list += protocol;
  }
  return list;
}

const unsigned char* bytes_of(const ProtocolList& list) {
  return reinterpret_cast<const unsigned char*>(list.data());
}

// The list that a context agrees to lives as long as the context.
int protocols_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void* /*context*/, void* list, CRYPTO_EX_DATA* /*all*/, int /*index*/, long /*unused*/,
         void* /*unused*/) { delete static_cast<ProtocolList*>(list); });
  return index;
}

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void* argument) {
  const ProtocolList& ours = *static_cast<const ProtocolList*>(argument);
  unsigned char* match = nullptr;
  const int result =
      SSL_select_next_proto(&match, chosen_size, bytes_of(ours),
                            static_cast<unsigned int>(ours.size()), offered, offered_size);
  *chosen = match;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

void agree_to(SSL_CTX* context, ProtocolList protocols) {
  auto* list = new ProtocolList(std::move(protocols));
  CHECK(SSL_CTX_set_ex_data(context, protocols_index(), list) == 1, "out of memory");
  SSL_CTX_set_alpn_select_cb(context, &choose_protocol, list);
}

// What both sides have in common.
TlsContext new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(method);
  CHECK(context != nullptr, "OpenSSL does not start", take_openssl_error());
  TlsContext owner(context);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Who is idle holds no buffers; and what is sealed later may lie elsewhere by then.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  CHECK(SSL_CTX_set_cipher_list(context, kCiphers) == 1, "OpenSSL lacks the ciphers",
        take_openssl_error());
  return owner;
}

bool can_read(const std::string& file, std::string& error) {
  std::FILE* opened = std::fopen(file.c_str(), "re");
  if (opened == nullptr) {
    error = "cannot read " + file + ": " + std::strerror(errno);
    return false;
  }
  std::fclose(opened);
  return true;
}

bool use_certificate(SSL_CTX* context, const std::string& file, std::string& error) {
  if (!can_read(file, error)) {
    return false;
  }
  if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1) {
    error = "no certificate of use in " + file + " (PEM is expected): " + take_openssl_error();
    return false;
  }
  return true;
}

bool use_key(SSL_CTX* context, const TlsServerOptions& options, std::string& error) {
  const std::string& file = options.key_file;
  if (!can_read(file, error)) {
    return false;
  }
  // Without it OpenSSL would ask whoever sits at the terminal.
  bool wants_password = false;
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void* wanted) {
    *static_cast<bool*>(wanted) = true;
    return -1;
  });
  SSL_CTX_set_default_passwd_cb_userdata(context, &wants_password);
  const bool is_used = SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) == 1 &&
                       SSL_CTX_check_private_key(context) == 1;
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (is_used) {
    return true;
  }
  const unsigned long last = ERR_peek_last_error();
  const std::string reason = take_openssl_error();
  const bool is_foreign =
      ERR_GET_LIB(last) == ERR_LIB_X509 || ERR_GET_REASON(last) == SSL_R_NO_CERTIFICATE_ASSIGNED;
  if (is_foreign) {
    error = "the key in " + file + " is not that of the certificate in " + options.certificate_file;
  } else if (wants_password) {
    error = "the key in " + file + " is encrypted: give one without a password";
  } else {
    error = "no private key of use in " + file + " (PEM is expected): " + reason;
  }
  return false;
}

std::int64_t unix_ms_of(const ASN1_TIME* time) {
  std::tm utc{};
  return ASN1_TIME_to_tm(time, &utc) == 1 ? std::int64_t{timegm(&utc)} * 1000 : 0;
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  char text[INET6_ADDRSTRLEN] = "?";
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  if (ASN1_STRING_length(address) == 4 || ASN1_STRING_length(address) == 16) {
    inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text);
  }
  return text;
}

// Whom it is for, as clients check it.
std::string names_in(const X509* certificate) {
  std::string names;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    std::string text;
    if (name->type == GEN_DNS) {
      text = std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      text = address_text(name->d.iPAddress);
    }
    if (!text.empty()) {
      names += (names.empty() ? "" : ", ") + text;
    }
  }
  GENERAL_NAMES_free(list);
  return names;
}

std::string day_of(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm utc{};
  char text[32] = "";
  if (gmtime_r(&seconds, &utc) != nullptr) {
    std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  }
  return text;
}

bool is_address(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address) == 1;
}

std::unique_ptr<Transport> new_tls_transport(const TlsContext& context, const std::string& host,
                                             const TlsLimits& limits) {
  SSL* ssl = SSL_new(context.get());
  CHECK(ssl != nullptr, "out of memory");
  if (host.empty()) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
    if (is_address(host)) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    } else {
      SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      SSL_set1_host(ssl, host.c_str());
      // SSL_set_tlsext_host_name, which has a cast of C's in it.
      SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(host.c_str()));
    }
  }
  return std::make_unique<TlsTransport>(ssl, host, limits);
}

}  // namespace

TlsContext::TlsContext(const TlsContext& other) : context_(other.context_) {
  if (context_ != nullptr) {
    SSL_CTX_up_ref(context_);
  }
}

TlsContext::TlsContext(TlsContext&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)) {}

TlsContext& TlsContext::operator=(TlsContext other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::optional<TlsServerContext> TlsServerContext::load(const TlsServerOptions& options,
                                                       std::string& error) {
  std::optional<ProtocolList> protocols = encode_protocols(options.protocols, error);
  if (!protocols) {
    return std::nullopt;
  }
  TlsServerContext made(new_context(TLS_server_method()), options.limits);
  SSL_CTX* context = made.context_.get();
  CHECK(SSL_CTX_set1_groups_list(context, kServerGroups) == 1, "OpenSSL lacks the groups",
        take_openssl_error());
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_timeout(context, kTicketSeconds);
  constexpr std::string_view kSessions = "reactor";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kSessions.data()),
                                 static_cast<unsigned int>(kSessions.size()));
  if (!protocols->empty()) {
    agree_to(context, std::move(*protocols));
  }
  if (!use_certificate(context, options.certificate_file, error) ||
      !use_key(context, options, error)) {
    return std::nullopt;
  }
  const X509* certificate = SSL_CTX_get0_certificate(context);
  made.names_ = names_in(certificate);
  made.valid_from_ms_ = unix_ms_of(X509_get0_notBefore(certificate));
  made.valid_until_ms_ = unix_ms_of(X509_get0_notAfter(certificate));
  return made;
}

std::unique_ptr<Transport> TlsServerContext::new_transport() const {
  return new_tls_transport(context_, "", limits_);
}

std::string TlsServerContext::warning(std::int64_t unix_ms) const {
  if (names_.empty()) {
    return "the certificate names no host and no address: clients will refuse it";
  }
  if (unix_ms < valid_from_ms_) {
    return "the certificate is not valid before " + day_of(valid_from_ms_);
  }
  if (unix_ms >= valid_until_ms_) {
    return "the certificate has expired on " + day_of(valid_until_ms_);
  }
  return "";
}

std::optional<TlsClientContext> TlsClientContext::load(const TlsClientOptions& options,
                                                       std::string& error) {
  const std::optional<ProtocolList> protocols = encode_protocols(options.protocols, error);
  if (!protocols) {
    return std::nullopt;
  }
  TlsClientContext made(new_context(TLS_client_method()), options.limits);
  SSL_CTX* context = made.context_.get();
  if (!protocols->empty() &&
      SSL_CTX_set_alpn_protos(context, bytes_of(*protocols),
                              static_cast<unsigned int>(protocols->size())) != 0) {
    error = "the protocols can't be offered: " + take_openssl_error();
    return std::nullopt;
  }
  if (!options.verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return made;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return made;
  }
  if (!can_read(options.ca_file, error)) {
    return std::nullopt;
  }
  if (SSL_CTX_load_verify_file(context, options.ca_file.c_str()) != 1) {
    error = "no certificate of use in " + options.ca_file +
            " (PEM is expected): " + take_openssl_error();
    return std::nullopt;
  }
  // What is in the file is trusted, also if it stands below another.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return made;
}

std::unique_ptr<Transport> TlsClientContext::new_transport(const std::string& host) const {
  CHECK(!host.empty(), "a client has to know whom it talks to");
  return new_tls_transport(context_, host, limits_);
}

}  // namespace reactor
