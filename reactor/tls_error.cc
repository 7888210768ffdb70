#include "reactor/tls_error.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace reactor {

namespace {

// Those that OpenSSL has no plain words for; null for all others.
const char* plain_words(int library, int reason) {
  if (library != ERR_LIB_SSL) {
    return nullptr;
  }
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return "HTTP without TLS has come";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_BAD_PACKET_LENGTH:
      return "what has come is not TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return "the peer speaks only versions of TLS that are too old";
    case SSL_R_NO_SHARED_CIPHER:
      return "no cipher in common";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      return "a record was damaged on its way";
    default:
      return nullptr;
  }
}

}  // namespace

std::string take_openssl_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const int library = ERR_GET_LIB(error);
  const int reason = ERR_GET_REASON(error);
  if (const char* words = plain_words(library, reason)) {
    return words;
  }
  if (library == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET) {
    return std::string("the peer has refused: ") +
           SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET);
  }
  const char* text = ERR_reason_error_string(error);
  return text != nullptr ? text : "unknown error";
}

std::string explain_certificate_error(long error, const std::string& host) {
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is not for " + host;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate is not valid yet";
    default:
      return std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(error);
  }
}

}  // namespace reactor
