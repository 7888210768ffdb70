#include "reactor/tls_transport.h"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "reactor/check.h"
#include "reactor/tls_error.h"

namespace reactor {

namespace {

constexpr std::size_t kHeaderBytes = 5;  // of a record: kind, version, version, size, size
// What sealing adds, at most.
constexpr std::size_t kSealBytesMax = 2048;

// How many bytes the record has that begins here, as far as that can be seen yet. What can't be a
// record ends here: OpenSSL has words for it.
std::size_t record_size(std::string_view bytes) {
  const auto byte = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (byte(0) < SSL3_RT_CHANGE_CIPHER_SPEC || byte(0) > SSL3_RT_APPLICATION_DATA ||
      (bytes.size() > 1 && byte(1) != SSL3_VERSION_MAJOR)) {
    return bytes.size();
  }
  if (bytes.size() < kHeaderBytes) {
    return kHeaderBytes;
  }
  const std::size_t size = std::size_t{byte(3)} << 8 | byte(4);
  return size > Transport::kRecordBytesMax + kSealBytesMax ? bytes.size() : kHeaderBytes + size;
}

std::size_t size_of_whole_records(std::string_view wire) {
  std::size_t whole = 0;
  while (whole < wire.size()) {
    const std::size_t size = record_size(wire.substr(whole));
    if (size > wire.size() - whole) {
      break;
    }
    whole += size;
  }
  return whole;
}

}  // namespace

// While it lives OpenSSL writes to out.
class TlsTransport::Call {
 public:
  Call(TlsTransport& transport, RingBuffer& out) : transport_(transport) {
    transport_.out_ = &out;
    ERR_clear_error();  // the queue is the thread's, and others leave things in it
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { transport_.out_ = nullptr; }

 private:
  TlsTransport& transport_;
};

TlsTransport::TlsTransport(SSL* owned, std::string host, const TlsLimits& limits)
    : ssl_(owned), host_(std::move(host)), limits_(limits) {
  static BIO_METHOD* const method = make_bio_method();
  BIO* bio = BIO_new(method);
  CHECK(bio != nullptr, "out of memory");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_msg_callback(ssl_.get(), &on_message);
  SSL_set_msg_callback_arg(ssl_.get(), this);
}

BIO_METHOD* TlsTransport::make_bio_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
  CHECK(method != nullptr, "out of memory");
  BIO_meth_set_read(method, &bio_read);
  BIO_meth_set_write(method, &bio_write);
  BIO_meth_set_ctrl(method, &bio_ctrl);
  return method;
}

int TlsTransport::bio_read(BIO* bio, char* into, int size) {
  auto& self = *static_cast<TlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  // OpenSSL reads on by itself behind a record without data: here is where it can be stopped.
  std::string_view& source = self.completed_.empty() ? self.wire_ : self.completed_;
  if (source.empty() || self.idle_records_ > self.limits_.idle_records_max) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(source.size(), static_cast<std::size_t>(size));
  std::memcpy(into, source.data(), count);
  source.remove_prefix(count);
  return static_cast<int>(count);
}

int TlsTransport::bio_write(BIO* bio, const char* from, int size) {
  auto& self = *static_cast<TlsTransport*>(BIO_get_data(bio));
  CHECK(self.out_ != nullptr, "OpenSSL writes unasked", size);
  self.out_->append(std::string_view(from, static_cast<std::size_t>(size)));
  return size;
}

long TlsTransport::bio_ctrl(BIO* /*bio*/, int command, long /*argument*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void TlsTransport::on_message(int written, int /*version*/, int content_type,
                              const void* /*message*/, std::size_t /*size*/, SSL* /*ssl*/,
                              void* self) {
  if (written != 0) {
    return;
  }
  auto& transport = *static_cast<TlsTransport*>(self);
  const bool is_handshaking = transport.state_ == State::kHandshaking;
  if (content_type == SSL3_RT_HANDSHAKE && is_handshaking) {
    ++transport.handshake_steps_;
  } else if (content_type == SSL3_RT_HEADER && !is_handshaking) {
    ++transport.idle_records_;  // taken back when data comes of it
  }
}

void TlsTransport::begin(RingBuffer& answer) {
  if (SSL_is_server(ssl_.get()) == 0) {
    const Call call(*this, answer);
    shake_hands();
  }
}

std::size_t TlsTransport::open(std::string_view wire, std::span<char> plain, RingBuffer& answer) {
  CHECK(plain.size() >= wire.size() + kRecordBytesMax, "no room for what is opened", plain.size(),
        wire.size());
  const Call call(*this, answer);
  handshake_bytes_ += state_ == State::kHandshaking ? wire.size() : 0;
  const std::string completed = complete_held(wire);
  completed_ = completed;
  wire_ = wire.substr(0, size_of_whole_records(wire));
  held_ += wire.substr(wire_.size());
  if (state_ == State::kHandshaking && has_wire()) {
    shake_hands();
  }
  if (state_ == State::kHandshaking && handshake_bytes_ > limits_.handshake_bytes_max) {
    fail("the handshake is too long");
  }
  const std::size_t count = state_ == State::kReady ? read_records(plain) : 0;
  completed_ = wire_ = {};
  return count;
}

// Takes from the front of wire what the record that is held lacks; returns it once it is whole.
std::string TlsTransport::complete_held(std::string_view& wire) {
  while (!held_.empty()) {
    const std::size_t size = record_size(held_);
    if (held_.size() >= size) {
      return std::exchange(held_, {});
    }
    if (wire.empty()) {
      break;
    }
    const std::size_t count = std::min(size - held_.size(), wire.size());
    held_ += wire.substr(0, count);
    wire.remove_prefix(count);
  }
  return {};
}

void TlsTransport::shake_hands() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::kReady;
  } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    fail_by_openssl();
  }
}

std::size_t TlsTransport::read_records(std::span<char> plain) {
  std::size_t count = 0;
  int data_records = 0;
  while (has_wire()) {
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_.get(), plain.data() + count, plain.size() - count, &bytes);
    if (result == 1) {
      count += bytes;
      --idle_records_;
      ++data_records;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) {
      state_ = State::kPeerEnded;
      return count;
    }
    if (error != SSL_ERROR_WANT_READ) {
      fail_by_openssl();
      return count;
    }
    if (idle_records_ > limits_.idle_records_max) {
      fail("too many records without data");
      return count;
    }
  }
  // Only now: within one call a little data does not make up for any number of them.
  if (data_records > 0) {
    idle_records_ = 0;
  }
  return count;
}

bool TlsTransport::seal(std::string_view plain, RingBuffer& wire) {
  const Call call(*this, wire);
  std::size_t bytes = 0;
  const int result = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &bytes);
  if (result == 1) {
    CHECK(bytes == plain.size(), "OpenSSL seals a part", bytes, plain.size());
    return true;
  }
  // A message of the peer that concerns the connection itself is here in part.
  if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    fail_by_openssl();
  }
  return false;
}

void TlsTransport::end(RingBuffer& wire) {
  const Call call(*this, wire);
  SSL_shutdown(ssl_.get());  // it may find that nothing can be said any more
}

Transport::Agreement TlsTransport::agreement() const {
  CHECK(is_ready(), "nothing is agreed on yet");
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
  return {.version = SSL_get_version(ssl_.get()),
          .cipher = SSL_get_cipher_name(ssl_.get()),
          .protocol = {reinterpret_cast<const char*>(protocol), size},
          .resumed = SSL_session_reused(ssl_.get()) == 1};
}

void TlsTransport::fail(std::string why) {
  state_ = State::kFailed;
  failure_ = std::move(why);
}

void TlsTransport::fail_by_openssl() {
  const long verdict = SSL_get_verify_result(ssl_.get());
  const bool asked = (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0;
  fail(asked && verdict != X509_V_OK ? explain_certificate_error(verdict, host_)
                                     : take_openssl_error());
}

}  // namespace reactor
