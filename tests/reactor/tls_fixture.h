#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactor/buffer_pool.h"
#include "reactor/ring_buffer.h"
#include "reactor/tls.h"
#include "tests/reactor/test_certificate.h"

namespace reactor_test {

// Certificates and contexts that most tests share: for localhost and 127.0.0.1, of one length.
struct TlsWorld {
  TestCertificates certificates{KeyKind::kEd25519};
  TestCertificates::Files files = certificates.issue({.key = KeyKind::kEd25519});
  reactor::TlsServerContext server = load_server({"http/1.1", "irc"});
  reactor::TlsClientContext client = load_client({});

  static TlsWorld& get() {
    static TlsWorld world;
    return world;
  }

  reactor::TlsServerContext load_server(std::vector<std::string> protocols = {},
                                        const reactor::TlsLimits& limits = {}) const {
    return load_server_of(files, std::move(protocols), limits);
  }
  static reactor::TlsServerContext load_server_of(const TestCertificates::Files& of,
                                                  std::vector<std::string> protocols = {},
                                                  const reactor::TlsLimits& limits = {}) {
    std::string error;
    auto context = reactor::TlsServerContext::load(
        {of.certificate, of.key, std::move(protocols), limits}, error);
    EXPECT_EQ(error, "");
    return std::move(context).value();
  }
  reactor::TlsClientContext load_client(std::vector<std::string> protocols, bool verify = true,
                                        const reactor::TlsLimits& limits = {}) const {
    std::string error;
    auto context = reactor::TlsClientContext::load(
        {certificates.ca_file(), verify, std::move(protocols), limits}, error);
    EXPECT_EQ(error, "");
    return std::move(context).value();
  }
};

// One end of a connection in memory.
class TlsEnd {
 public:
  explicit TlsEnd(std::unique_ptr<reactor::Transport> made) : transport(std::move(made)) {
    transport->begin(out_);
  }

  std::unique_ptr<reactor::Transport> transport;
  std::string received;  // plain

  reactor::Transport::State state() const { return transport->state(); }

  // Takes what has come from the wire.
  void take(std::string_view wire) {
    std::vector<char> plain(wire.size() + reactor::Transport::kRecordBytesMax);
    received.append(plain.data(), transport->open(wire, plain, out_));
  }
  // One record; false if it can't be sealed now.
  bool send(std::string_view plain) { return transport->seal(plain, out_); }
  void end() { transport->end(out_); }

  // What has to go out now, at most bytes_max of it.
  std::string wire(std::size_t bytes_max = SIZE_MAX) {
    std::string bytes;
    for (const std::string_view part : out_.parts()) {
      bytes += part;
    }
    bytes.resize(std::min(bytes.size(), bytes_max));
    out_.consume(bytes.size());
    return bytes;
  }
  bool has_wire() const { return !out_.empty(); }

 private:
  reactor::BufferPool pool_;
  reactor::RingBuffer out_{pool_};
};

// Moves what both ends have to say until both are quiet.
inline void exchange(TlsEnd& one, TlsEnd& other) {
  while (one.has_wire() || other.has_wire()) {
    if (one.has_wire()) {
      other.take(one.wire());
    }
    if (other.has_wire()) {
      one.take(other.wire());
    }
  }
}

}  // namespace reactor_test
