#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "reactor/check.h"

namespace reactor_test {

struct FreeRawTls {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using RawContext = std::unique_ptr<SSL_CTX, FreeRawTls>;

// A client's context that allows what nobody should speak any more.
inline RawContext raw_client_context(int version_min = TLS1_2_VERSION, int version_max = 0) {
  RawContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), version_min);
  SSL_CTX_set_max_proto_version(context.get(), version_max);
  return context;
}

// An end straight on OpenSSL, in memory, that does what ours never would: old versions,
// renegotiation, updates of keys, sessions resumed.
class RawTls {
 public:
  explicit RawTls(SSL_CTX* context) : ssl_(SSL_new(context)) {
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_CTX_get_ssl_method(context) == TLS_server_method() ? SSL_set_accept_state(ssl_.get())
                                                           : SSL_set_connect_state(ssl_.get());
  }

  SSL* ssl() const { return ssl_.get(); }
  std::string received;  // plain

  // Takes what has come from the wire, nothing at first; returns false once it has failed or ended.
  bool take(std::string_view wire) {
    if (!wire.empty()) {
      BIO_write(in_, wire.data(), static_cast<int>(wire.size()));
    }
    if (SSL_is_init_finished(ssl_.get()) == 0) {
      const int result = SSL_do_handshake(ssl_.get());
      if (result != 1) {
        return SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
      }
    }
    char buffer[4096];
    int count = 0;
    while ((count = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0) {
      received.append(buffer, static_cast<std::size_t>(count));
    }
    return SSL_get_error(ssl_.get(), count) == SSL_ERROR_WANT_READ;
  }
  void send(std::string_view plain) {
    CHECK(SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) > 0, "not sent");
  }
  // What has to go out now.
  std::string wire() {
    std::string bytes(BIO_ctrl_pending(out_), '\0');
    if (!bytes.empty()) {
      BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    }
    return bytes;
  }

 private:
  std::unique_ptr<SSL, FreeRawTls> ssl_;
  BIO* in_ = nullptr;   // the SSL's
  BIO* out_ = nullptr;  // the SSL's
};

}  // namespace reactor_test
