#include <array>

#include "reactor/check.h"
#include "reactor/net.h"
#if defined(__linux__)
#include "reactor/uring_net.h"
#else
#include "reactor/kqueue_net.h"
#endif

namespace reactor {
namespace {

#if defined(__linux__)
constexpr std::array kBackends{Backend::kAuto, Backend::kEpoll, Backend::kIoUring};
#else
constexpr std::array kBackends{Backend::kAuto, Backend::kKqueue};
#endif

}  // namespace

const char* to_string(Backend backend) {
  switch (backend) {
    case Backend::kAuto:
      return "auto";
    case Backend::kEpoll:
      return "epoll";
    case Backend::kIoUring:
      return "io_uring";
    case Backend::kKqueue:
      break;
  }
  return "kqueue";
}

std::span<const Backend> backends() { return kBackends; }

#if defined(__linux__)

BackendChoice choose_backend(Backend wanted) {
  CHECK(wanted != Backend::kKqueue, "kqueue on Linux");
  if (wanted == Backend::kEpoll) {
    return {Backend::kEpoll};
  }
  const int refusal = UringNet().refusal();
  return {refusal == 0 ? Backend::kIoUring : Backend::kEpoll, refusal};
}

std::unique_ptr<Net> make_net(Backend backend) {
  CHECK(backend != Backend::kKqueue, "kqueue on Linux");
  if (backend == Backend::kEpoll) {
    return std::make_unique<EpollNet>();
  }
  return std::make_unique<UringNet>();
}

#else

BackendChoice choose_backend(Backend wanted) {
  CHECK(wanted == Backend::kAuto || wanted == Backend::kKqueue, "epoll is Linux's");
  return {Backend::kKqueue};
}

std::unique_ptr<Net> make_net(Backend backend) {
  CHECK(backend == Backend::kAuto || backend == Backend::kKqueue, "epoll is Linux's");
  return std::make_unique<KqueueNet>();
}

#endif

}  // namespace reactor
