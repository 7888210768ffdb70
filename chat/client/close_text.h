#pragma once

#include <string>

#include "reactor/connection.h"

namespace chat {

// Why a connection to a server has ended, in words for a person. For Handler::on_close.
std::string describe_close(const reactor::Connection& connection, reactor::CloseReason reason,
                           int error);
// Whether it was never secured though it had to be.
bool failed_to_secure(const reactor::Connection& connection, reactor::CloseReason reason);

}  // namespace chat
