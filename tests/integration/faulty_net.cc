#include "tests/integration/faulty_net.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <thread>
#include <utility>

#include "reactor/check.h"

namespace integration {
namespace {

using std::chrono::milliseconds;

// An answer to HTTP, or a record of TLS.
bool begins_raw(std::string_view bytes) {
  return bytes.starts_with("HTTP/") || bytes.starts_with('\x16');
}

bool is_delivery(std::string_view line) {
  if (line.starts_with('@')) {
    line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
  }
  constexpr std::array<std::string_view, 3> kPrefixes{"MESSAGE:", "ROOM_MESSAGE:", "DIRECT:"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [line](std::string_view prefix) { return line.starts_with(prefix); });
}

}  // namespace

FaultyNet::FaultyNet(std::unique_ptr<reactor::Net> net, Fault fault, std::uint64_t every)
    : net_(std::move(net)), fault_(fault), every_(every) {
  CHECK(every > 0, "one fault in no deliveries");
}

std::span<const reactor::Ready> FaultyNet::wait(std::optional<reactor::Duration> timeout) {
  if (std::exchange(stall_due_, false)) {
    announce();
    std::this_thread::sleep_for(kStall);  // the fault itself
  }
  // Nobody else knows that there is something left to send.
  for (auto& [fd, stream] : streams_) {
    if (send_unsent(fd, stream) == EAGAIN) {
      timeout = std::min<reactor::Duration>(timeout.value_or(milliseconds{1}), milliseconds{1});
    }
  }
  return net_->wait(timeout);
}

void FaultyNet::write_batch(std::span<reactor::WriteOp> ops) {
  for (reactor::WriteOp& op : ops) {
    op.result = write(op);
  }
}

reactor::IoResult FaultyNet::write(const reactor::WriteOp& op) {
  Stream& stream = streams_[op.fd];
  if (const int error = send_unsent(op.fd, stream); error != 0) {
    stream.was_full = true;
    return {0, error};
  }
  std::size_t bytes = 0;
  for (const iovec& part : std::span(op.parts).first(static_cast<std::size_t>(op.part_count))) {
    stream.unfinished.append(static_cast<const char*>(part.iov_base), part.iov_len);
    bytes += part.iov_len;
  }
  if (!std::exchange(stream.has_begun, true)) {
    stream.is_raw = begins_raw(stream.unfinished);
  }
  if (stream.is_raw) {
    stream.unsent.append(std::exchange(stream.unfinished, {}));
  }
  std::size_t passed_on = 0;
  for (std::size_t end = 0; (end = stream.unfinished.find('\n', passed_on)) != std::string::npos;) {
    pass_on(std::string_view(stream.unfinished).substr(passed_on, end + 1 - passed_on), stream);
    passed_on = end + 1;
  }
  stream.unfinished.erase(0, passed_on);
  const int error = send_unsent(op.fd, stream);
  return error == 0 || error == EAGAIN ? reactor::IoResult{bytes, 0} : reactor::IoResult{0, error};
}

void FaultyNet::pass_on(std::string_view line, Stream& stream) {
  if (is_delivery(line)) {
    break_delivery(line, stream);
  } else {
    stream.is_resumed |= line.starts_with("RESUMED:");
    stream.unsent.append(line);
  }
}

void FaultyNet::break_delivery(std::string_view line, Stream& stream) {
  const bool chosen = ++deliveries_ % every_ == 0;
  if (fault_ == Fault::kSwap) {
    pass_on_swapped(line, chosen, stream);
    return;
  }
  if (fault_ == Fault::kStall) {
    stall_due_ = stall_due_ || deliveries_ == every_;
  }
  const int copies = copies_of(chosen, stream);
  for (int copy = 0; copy < copies; ++copy) {
    stream.unsent.append(line);
  }
  const bool corrupts = chosen && fault_ == Fault::kCorrupt;
  if (corrupts) {
    char& last = stream.unsent[stream.unsent.size() - 2];
    last = last == 'x' ? 'y' : 'x';
  }
  if (copies != 1 || corrupts) {
    announce();
  }
}

int FaultyNet::copies_of(bool chosen, Stream& stream) const {
  const bool was_full = std::exchange(stream.was_full, false);
  const bool is_resumed = std::exchange(stream.is_resumed, false);
  switch (fault_) {
    case Fault::kDrop:
      return chosen ? 0 : 1;
    case Fault::kDouble:
      return chosen ? 2 : 1;
    case Fault::kDoubleResumed:
      return is_resumed ? 2 : 1;
    case Fault::kSkipResumed:
      return is_resumed ? 0 : 1;
    case Fault::kDropSlow:
      return was_full ? 0 : 1;
    case Fault::kNone:
    case Fault::kSwap:
    case Fault::kCorrupt:
    case Fault::kStall:
      break;
  }
  return 1;
}

void FaultyNet::pass_on_swapped(std::string_view line, bool chosen, Stream& stream) {
  if (!stream.held.empty()) {
    announce();
    stream.unsent.append(line).append(stream.held);
    stream.held.clear();
  } else if (chosen) {
    stream.held = line;
  } else {
    stream.unsent.append(line);
  }
}

int FaultyNet::send_unsent(int fd, Stream& stream) {
  while (!stream.unsent.empty()) {
    reactor::WriteOp op;
    op.fd = fd;
    op.part_count = 1;
    op.parts[0] = {stream.unsent.data(), stream.unsent.size()};
    net_->write_batch({&op, 1});
    if (op.result.error == 0) {
      stream.unsent.erase(0, op.result.bytes);
    } else if (op.result.error != EINTR) {
      return op.result.error;
    }
  }
  return 0;
}

void FaultyNet::shutdown_write(int fd) {
  Stream& stream = streams_[fd];
  stream.unsent.append(stream.held).append(stream.unfinished);
  stream.held.clear();
  stream.unfinished.clear();
  send_unsent(fd, stream);
  net_->shutdown_write(fd);
}

void FaultyNet::close(int fd) {
  streams_.erase(fd);
  net_->close(fd);
}

void FaultyNet::announce() { fmt::print(stderr, "fault\n"); }

}  // namespace integration
