#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "reactor/ring_buffer.h"

namespace reactor {

// What stands between a Connection and its socket, once it is secured: turns bytes of the wire into
// plain bytes and back (TLS, see reactor/tls.h). A plain state machine that knows no sockets and
// keeps no bytes that it could hand on. Made by whoever secures the connection, owned by it, used
// on its loop's thread only.
class Transport {
 public:
  enum class State : std::uint8_t {
    kHandshaking,  // no plain bytes in either direction yet
    kReady,
    kPeerEnded,  // as kReady, but nothing more can be opened: the peer has said its last word
    kFailed,     // of no use any more: failure() says why
  };

  // What both ends have agreed on. Valid as long as the transport.
  struct Agreement {
    std::string_view version;   // "TLSv1.3"
    std::string_view cipher;    // "TLS_AES_256_GCM_SHA384"
    std::string_view protocol;  // by ALPN: "http/1.1"; empty when none was
    bool resumed = false;       // from a session before, without a new proof of identity
  };

  // At most so many plain bytes go into one record. One record may be inside, incomplete.
  static constexpr std::size_t kRecordBytesMax = std::size_t{16} << 10;

  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  State state() const { return state_; }
  // Sealing is possible.
  bool is_ready() const { return state_ == State::kReady || state_ == State::kPeerEnded; }

  // Appends the first bytes of the handshake to `answer`, if it is this end that begins.
  virtual void begin(RingBuffer& answer) = 0;
  // Takes bytes of the wire, always all of them. Writes what they open to `plain` and returns how
  // many bytes that is; appends what has to be answered to `answer`, an alert before kFailed too.
  // REQUIRES: plain.size() >= wire.size() + kRecordBytesMax.
  virtual std::size_t open(std::string_view wire, std::span<char> plain, RingBuffer& answer) = 0;
  // Appends plain bytes, sealed, to `wire`. False when nothing was: it has failed, or it is
  // possible again only after more was opened. REQUIRES: is_ready(); not empty and no more than
  // kRecordBytesMax.
  virtual bool seal(std::string_view plain, RingBuffer& wire) = 0;
  // Appends our last word: what was sealed is all there is. REQUIRES: is_ready(); nothing is sealed
  // after it.
  virtual void end(RingBuffer& wire) = 0;

  // REQUIRES: is_ready().
  virtual Agreement agreement() const = 0;
  // What was not right, in words; empty unless kFailed.
  const std::string& failure() const { return failure_; }
  // Grows with each message of the peer's handshake: each may have cost a computation.
  std::uint32_t handshake_steps() const { return handshake_steps_; }

 protected:
  State state_ = State::kHandshaking;
  std::uint32_t handshake_steps_ = 0;
  std::string failure_;
};

}  // namespace reactor
