#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "reactor/tls.h"
#include "reactor/transport.h"

namespace reactor {

// One end of one TLS connection: OpenSSL's state machine, which reads straight from the bytes that
// `open` was given and writes straight into the ring of the caller. Made by the contexts of tls.h.
// An SSL object is never used by two threads at once: it is its connection's loop's.
class TlsTransport final : public Transport {
 public:
  // owned: accepts or connects already. host: whom a client expects; empty for a server.
  TlsTransport(SSL* owned, std::string host, const TlsLimits& limits);
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  void begin(RingBuffer& answer) override;
  std::size_t open(std::string_view wire, std::span<char> plain, RingBuffer& answer) override;
  bool seal(std::string_view plain, RingBuffer& wire) override;
  void end(RingBuffer& wire) override;
  Agreement agreement() const override;

 private:
  class Call;
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  // What OpenSSL calls.
  static BIO_METHOD* make_bio_method();
  static int bio_read(BIO* bio, char* into, int size);
  static int bio_write(BIO* bio, const char* from, int size);
  static long bio_ctrl(BIO* bio, int command, long argument, void* pointer);
  static void on_message(int written, int version, int content_type, const void* message,
                         std::size_t size, SSL* ssl, void* self);

  void shake_hands();
  bool has_wire() const { return !completed_.empty() || !wire_.empty(); }
  std::string complete_held(std::string_view& wire);
  std::size_t read_records(std::span<char> plain);
  void fail(std::string why);
  void fail_by_openssl();

  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string host_;
  const TlsLimits limits_;
  std::size_t handshake_bytes_ = 0;
  int idle_records_ = 0;  // since the last that carried data
  // The beginning of a record. OpenSSL gets whole ones only: while it waits for the rest of one it
  // keeps buffers of full size, and who sends half a hello shall cost us no more than that.
  std::string held_;
  // During a call: what is still to be read, in this order, and where to write.
  std::string_view completed_;
  std::string_view wire_;
  RingBuffer* out_ = nullptr;
};

}  // namespace reactor
