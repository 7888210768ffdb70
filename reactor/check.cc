#include "reactor/check.h"

#include <cstdio>
#include <cstdlib>

namespace reactor {

void check_failed(const char* file, int line, const char* condition,
                  const std::string& explanation) {
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed: %s\n", file, line, condition, explanation.c_str());
  std::abort();
}

}  // namespace reactor
