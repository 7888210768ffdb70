#pragma once

#include <string>

namespace reactor {

// Takes the thread's queue of OpenSSL's errors, and says in words what the first of them was: the
// others are what followed from it.
std::string take_openssl_error();

// Why a client does not take the server's certificate. error: of SSL_get_verify_result.
std::string explain_certificate_error(long error, const std::string& host);

}  // namespace reactor
