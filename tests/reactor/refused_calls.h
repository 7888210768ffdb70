#pragma once

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

namespace reactor_test {

// Lets work run on a thread of its own, for which one system call fails with error, as in a sandbox
// or on an older kernel.
inline void with_refused_call(long call, int error, const std::function<void()>& work) {
  std::thread thread([&] {
    const auto number = static_cast<std::uint32_t>(call);
    const auto refusal = SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, refusal),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof(rules) / sizeof(rules[0]), rules};
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0) << errno;
    ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0) << errno;
    ASSERT_EQ(::syscall(call, 0, 0, 0, 0, 0, 0), -1);
    ASSERT_EQ(errno, error) << "the call is not refused";
    work();
  });
  thread.join();
}

}  // namespace reactor_test
