// An end of ours that speaks TLS against everything that can come from the wire at any point: bytes
// of the input's own, and a real handshake and talk whose bytes are split, damaged, dropped,
// doubled and put elsewhere. The bytes of the input are the script.
#define OPENSSL_API_COMPAT 0x10100000L  // RAND_set_rand_method

#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/buffer_pool.h"
#include "reactor/check.h"
#include "reactor/ring_buffer.h"
#include "reactor/tls.h"
#include "tests/reactor/raw_tls.h"
#include "tests/reactor/test_certificate.h"

namespace {

using reactor::Transport;
using reactor_test::RawContext;
using reactor_test::RawTls;
using State = Transport::State;

// OpenSSL's randomness, so that an input does the same each time.
std::minstd_rand repeatable;

int repeat_bytes(unsigned char* into, int count) {
  std::generate_n(into, count, [] { return static_cast<unsigned char>(repeatable() >> 8); });
  return 1;
}

int is_seeded() { return 1; }

const RAND_METHOD kRepeatable{nullptr, &repeat_bytes, nullptr, nullptr, &repeat_bytes, &is_seeded};

constexpr reactor::TlsLimits kLimits{.handshake_bytes_max = 20'000, .idle_records_max = 8};
constexpr std::size_t kInputMax = 4096;  // more makes it slow and finds nothing else

// What all runs share. Ed25519: nothing has a length that varies.
struct Contexts {
  Contexts() {
    RAND_set_rand_method(&kRepeatable);
    std::string error;
    const auto files = certificates.issue({.key = reactor_test::KeyKind::kEd25519});
    server = reactor::TlsServerContext::load(
        {files.certificate, files.key, {"http/1.1", "irc"}, kLimits}, error);
    client =
        reactor::TlsClientContext::load({certificates.ca_file(), true, {"irc"}, kLimits}, error);
    CHECK(server && client, "no contexts", error);
    raw_server.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate_chain_file(raw_server.get(), files.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(raw_server.get(), files.key.c_str(), SSL_FILETYPE_PEM);
  }

  reactor_test::TestCertificates certificates{reactor_test::KeyKind::kEd25519};
  std::optional<reactor::TlsServerContext> server;
  std::optional<reactor::TlsClientContext> client;
  RawContext raw_server;
  RawContext raw_client = reactor_test::raw_client_context();
  RawContext raw_client_12 = reactor_test::raw_client_context(TLS1_2_VERSION, TLS1_2_VERSION);
};

Contexts& contexts() {
  static Contexts all;
  return all;
}

std::string pattern(std::size_t from, std::size_t count) {
  std::string bytes(count, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(from++ % 251);
  }
  return bytes;
}

class Run {
 public:
  Run(const std::uint8_t* data, std::size_t size)
      : script_(reinterpret_cast<const char*>(data), size) {
    const std::uint8_t kind = next();
    Contexts& all = contexts();
    repeatable.seed(kind + 1U);
    ours_ = kind % 4 == 0 ? all.client->new_transport("localhost") : all.server->new_transport();
    SSL_CTX* theirs = kind % 4 == 0   ? all.raw_server.get()
                      : kind % 4 == 1 ? all.raw_client_12.get()
                                      : all.raw_client.get();
    theirs_ = std::make_unique<RawTls>(theirs);
    ours_->begin(out_);
    if (kind >= 128) {
      exchange();
    }
  }

  void play() {
    while (!script_.empty()) {
      step();
    }
    exchange();
  }

 private:
  std::uint8_t next() {
    if (script_.empty()) {
      return 0;
    }
    const auto byte = static_cast<std::uint8_t>(script_.front());
    script_.remove_prefix(1);
    return byte;
  }

  std::size_t place_in(const std::string& bytes) { return next() * bytes.size() / 256; }

  // What both have to say to each other, undisturbed.
  void exchange() {
    for (int i = 0; i < 20; ++i) {
      collect();
      take(to_ours_.size());
      give(SIZE_MAX);
    }
  }

  void collect() {
    const bool is_well = theirs_well_ && theirs_->take("");
    theirs_well_ &= is_well;
    to_ours_ += theirs_->wire();
  }

  // Some bytes come to our end.
  void take(std::size_t bytes_max) {
    const std::size_t size = std::min(to_ours_.size(), bytes_max);
    if (size == 0 || ours_->state() == State::kFailed || ours_->state() == State::kPeerEnded) {
      to_ours_.erase(0, size);
      return;
    }
    const std::size_t before = out_.size();
    std::vector<char> plain(size + Transport::kRecordBytesMax);
    received_.append(plain.data(),
                     ours_->open(std::string_view(to_ours_).substr(0, size), plain, out_));
    to_ours_.erase(0, size);
    CHECK((ours_->state() == State::kFailed) == !ours_->failure().empty(), "failed without a word");
    CHECK(out_.size() - before <= std::size_t{32} << 10, "answers much", out_.size() - before);
    CHECK(std::string_view(theirs_sent_).starts_with(received_), "took what was not sent");
  }

  // Some bytes of ours come to the other end.
  void give(std::size_t bytes_max) {
    std::string wire;
    for (const std::string_view part : out_.parts()) {
      wire += part;
    }
    wire.resize(std::min(wire.size(), bytes_max));
    out_.consume(wire.size());
    if (theirs_well_) {
      theirs_well_ = theirs_->take(wire);
      CHECK(std::string_view(ours_sent_).starts_with(theirs_->received), "sent what was not given");
    }
  }

  void step() {
    const std::uint8_t choice = next();
    collect();
    switch (choice % 8) {
      case 0:
        take(next() + 1U);
        break;
      case 1:
        give(next() + 1U);
        break;
      case 2:
        exchange();
        break;
      case 3:
        damage();
        break;
      case 4: {
        const std::size_t place = place_in(to_ours_);
        const std::size_t wanted = next();
        const std::size_t size = std::min(wanted, script_.size());
        to_ours_.insert(place, script_.substr(0, size));
        script_.remove_prefix(size);
        break;
      }
      case 5:
        seal(next() * std::size_t{64} + 1);
        break;
      default:
        act_of_theirs(choice / 8);
    }
  }

  void damage() {
    const std::uint8_t how = next();
    if (to_ours_.empty()) {
      return;
    }
    const std::size_t place = place_in(to_ours_);
    if (how % 3 == 0) {
      to_ours_[place] = static_cast<char>(static_cast<std::uint8_t>(to_ours_[place]) ^ next());
    } else if (how % 3 == 1) {
      to_ours_.erase(place, next() + 1U);
    } else {
      const std::size_t from = place_in(to_ours_);
      to_ours_.insert(place, to_ours_.substr(from, next()));
    }
  }

  void seal(std::size_t size) {
    const std::string plain =
        pattern(ours_sent_.size(), std::min(size, Transport::kRecordBytesMax));
    if (ours_->is_ready() && !ended_ && ours_->seal(plain, out_)) {
      ours_sent_ += plain;
    }
  }

  void act_of_theirs(std::uint8_t action) {
    SSL* ssl = theirs_->ssl();
    if (!theirs_well_ || SSL_is_init_finished(ssl) == 0) {
      return;
    }
    switch (action % 8) {
      case 0:
        SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(ssl);
        break;
      case 1:
        SSL_renegotiate(ssl);
        SSL_do_handshake(ssl);
        break;
      case 2:
        SSL_shutdown(ssl);
        theirs_well_ = false;
        break;
      case 3:
        if (ours_->is_ready() && !ended_) {
          ours_->end(out_);
          ended_ = true;
        }
        break;
      default: {
        const std::string plain = pattern(theirs_sent_.size(), next() * std::size_t{16} + 1);
        if (SSL_write(ssl, plain.data(), static_cast<int>(plain.size())) > 0) {
          theirs_sent_ += plain;
        }
      }
    }
    to_ours_ += theirs_->wire();
  }

  std::string_view script_;
  reactor::BufferPool pool_;
  reactor::RingBuffer out_{pool_};
  std::unique_ptr<Transport> ours_;
  std::unique_ptr<RawTls> theirs_;
  bool theirs_well_ = true;
  bool ended_ = false;
  std::string to_ours_;  // on its way
  std::string theirs_sent_;
  std::string ours_sent_;
  std::string received_;
};

}  // namespace

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run(data, std::min(size, kInputMax)).play();
  return 0;
}
