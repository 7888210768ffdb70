#pragma once

#include <sstream>
#include <string>

namespace reactor {

// Prints one line with the place, the broken condition and the values to standard error, then
// aborts. CHECK calls it; nothing else should.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& explanation);

template <class... Values>
std::string explain(const Values&... values) {
  std::ostringstream out;
  ((out << values << ' '), ...);
  return std::move(out).str();
}

}  // namespace reactor

// An invariant of our own code, checked in release builds too: CHECK(size <= capacity, "ring
// overrun", size, capacity). What a peer or the network may do is never CHECKed, it is handled.
#define CHECK(condition, ...)                                                                   \
  do {                                                                                          \
    if (!(condition)) [[unlikely]] {                                                            \
      ::reactor::check_failed(__FILE__, __LINE__, #condition, ::reactor::explain(__VA_ARGS__)); \
    }                                                                                           \
  } while (false)
