#pragma once

#include <cstddef>
#include <string_view>

namespace chat {

// Whether bytes are text as the wire takes it: strict UTF-8 (nothing overlong, no surrogates,
// nothing above U+10FFFF) without NUL.
bool is_text(std::string_view bytes);

// The longest front part of text that has at most bytes_max bytes and does not end in the middle
// of a character. REQUIRES: is_text(text).
std::string_view cut_text(std::string_view text, std::size_t bytes_max);

}  // namespace chat
