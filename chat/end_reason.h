#pragma once

#include <cstddef>
#include <cstdint>

namespace chat {

// Why a session ended. Exactly one is counted and logged for each.
enum class EndReason : std::uint8_t {
  kQuit,                 // the client said so
  kPeerClosed,           // the client ended the connection
  kConnectionLost,       // the connection broke
  kIdle,                 // silent for idle_timeout
  kPingTimeout,          // did not answer when it was asked whether it is there
  kStalled,              // took nothing for stall_timeout
  kOutputOverflow,       // took too little for too long
  kInputOverflow,        // sent what no codec could make room for
  kRegistrationTimeout,  // never said who it is, or did not finish its request
  kResumedElsewhere,     // another connection has taken the session over
  kServed,               // its HTTP request was answered
  kProtocolError,        // broke HTTP, WebSocket, or the PROXY protocol
  kTlsFailed,            // the handshake or a record was not right
  kRefused,              // too many connections from where the proxy says it is
  kServerStopping,
};
inline constexpr std::size_t kEndReasonCount = 15;
const char* to_string(EndReason reason);

}  // namespace chat
