#pragma once

#include <functional>
#include <string>

namespace chat {

// Makes a token that nobody can guess and nobody has got before.
using TokenSource = std::function<std::string()>;

// 160 bits of the system's randomness in 32 letters and digits: nobody guesses it, and none is ever
// made twice. Any thread.
std::string random_token();

}  // namespace chat
