#include "chat/client/close_text.h"

#include <system_error>

namespace chat {
namespace {

std::string describe(reactor::CloseReason reason, int error) {
  if (error != 0) {
    return std::generic_category().message(error);
  }
  if (reason == reactor::CloseReason::kPeerClosed) {
    return "the server closed the connection";
  }
  return reactor::to_string(reason);
}

bool is_handshaking(const reactor::Connection& connection) {
  const reactor::Transport* const transport = connection.transport();
  return transport != nullptr && transport->state() == reactor::Transport::State::kHandshaking;
}

}  // namespace

std::string describe_close(const reactor::Connection& connection, reactor::CloseReason reason,
                           int error) {
  if (reason == reactor::CloseReason::kTransportFailed) {
    return "TLS: " + connection.transport()->failure();
  }
  return is_handshaking(connection) ? "TLS: no answer to the handshake, " + describe(reason, error)
                                    : describe(reason, error);
}

bool failed_to_secure(const reactor::Connection& connection, reactor::CloseReason reason) {
  return reason == reactor::CloseReason::kTransportFailed || is_handshaking(connection);
}

}  // namespace chat
