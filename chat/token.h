#pragma once

#include <string>

namespace chat {

// 160 bits of the system's randomness in 32 letters and digits: nobody guesses it, and none is ever
// made twice. Any thread.
std::string random_token();

}  // namespace chat
