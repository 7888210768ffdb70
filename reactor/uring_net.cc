#include "reactor/uring_net.h"

#include <algorithm>
#include <cerrno>

#if defined(REACTOR_HAS_LIBURING)
#include <liburing.h>
#include <sys/socket.h>

#include <array>

#include "reactor/check.h"
#endif

namespace reactor {

#if defined(REACTOR_HAS_LIBURING)

// One io_uring that is empty between two calls: every write is tried once when it is submitted
// (MSG_DONTWAIT: it never waits for room), so its result is there when the submission returns.
class UringNet::Ring {
 public:
  // refusal: 0, or the errno value with which the kernel has refused what is needed.
  explicit Ring(int& refusal) {
    const int error = -io_uring_queue_init(kOpsMax, &ring_, 0);
    is_open_ = error == 0;
    refusal = is_open_ && !can_send() ? ENOSYS : error;
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    if (is_open_) {
      io_uring_queue_exit(&ring_);
    }
  }

  // Writes from the front of ops as many as one round takes, drops them from ops, and returns 0; or
  // an errno value when the kernel takes no more, with ops naming what was not written.
  int write_round(std::span<WriteOp>& ops) {
    const std::span<WriteOp> round = ops.first(std::min(ops.size(), kOpsMax));
    for (std::size_t i = 0; i < round.size(); ++i) {
      prepare(round[i], i);
    }
    std::size_t done = 0;
    int error = 0;
    while (done < round.size() && error == 0) {
      const int result =
          io_uring_submit_and_wait(&ring_, static_cast<unsigned>(round.size() - done));
      done += take_results(round);
      error = result < 0 && result != -EINTR ? -result : 0;
    }
    CHECK(done + io_uring_sq_ready(&ring_) == round.size(),
          "a write that the kernel took has no result; it might still use the buffer", done,
          io_uring_sq_ready(&ring_), round.size(), error);
    ops = ops.subspan(done);
    return error;
  }

 private:
  // A turn with more writes goes in several rounds.
  static constexpr std::size_t kOpsMax = 512;

  bool can_send() {
    io_uring_probe* const probe = io_uring_get_probe_ring(&ring_);
    const bool can = probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_SEND) != 0 &&
                     io_uring_opcode_supported(probe, IORING_OP_SENDMSG) != 0;
    io_uring_free_probe(probe);
    return can;
  }

  void prepare(WriteOp& op, std::size_t index) {
    constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
    io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
    CHECK(sqe != nullptr, "the ring is not empty between two rounds");
    CHECK(op.part_count >= 1 && op.part_count <= WriteOp::kPartsMax,
          "parts of a write:", op.part_count);
    if (op.part_count == 1) {
      io_uring_prep_send(sqe, op.fd, op.parts[0].iov_base, op.parts[0].iov_len, kFlags);
    } else {
      msghdr& message = messages_[index];
      message = {};
      message.msg_iov = op.parts;
      message.msg_iovlen = static_cast<std::size_t>(op.part_count);
      io_uring_prep_sendmsg(sqe, op.fd, &message, kFlags);
    }
    sqe->user_data = index;
  }

  std::size_t take_results(std::span<WriteOp> round) {
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      round[cqe->user_data].result =
          cqe->res < 0 ? IoResult{0, -cqe->res} : IoResult{static_cast<std::size_t>(cqe->res), 0};
      ++count;
    }
    io_uring_cq_advance(&ring_, count);
    return count;
  }

  io_uring ring_{};
  bool is_open_ = false;
  std::array<msghdr, kOpsMax> messages_;  // of the writes with several parts
};

#else

// Built without liburing.
class UringNet::Ring {
 public:
  explicit Ring(int& refusal) { refusal = ENOSYS; }
  int write_round(std::span<WriteOp>& /*ops*/) { return ENOSYS; }
};

#endif

UringNet::UringNet(std::size_t ring_ops_min)
    : ring_ops_min_(ring_ops_min), ring_(std::make_unique<Ring>(refusal_)) {
  if (refusal_ != 0) {
    ring_.reset();
  }
}

UringNet::~UringNet() = default;

void UringNet::write_batch(std::span<WriteOp> ops) {
  if (ring_ != nullptr && ops.size() >= ring_ops_min_) {
    while (!ops.empty() && refusal_ == 0) {
      refusal_ = ring_->write_round(ops);
    }
    if (refusal_ != 0) {
      ring_.reset();
    }
  }
  EpollNet::write_batch(ops);
}

}  // namespace reactor
