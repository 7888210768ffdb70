#pragma once

#include <cstdio>

#include "reactor/net.h"
#include "tools/loadgen/run.h"

namespace loadgen {

// Shows how a run goes: on a terminal one line that changes, elsewhere a line every few seconds.
class Live final : public RunWatcher {
 public:
  // out: not owned. is_terminal: whether a line can be written over.
  Live(std::FILE* out, bool is_terminal);
  // Leaves the terminal with an empty line.
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  void on_progress(const Outlook& outlook) override;

 private:
  static constexpr reactor::Duration kPlainInterval = std::chrono::seconds{5};

  std::FILE* out_;
  const bool is_terminal_;
  bool has_shown_ = false;
  reactor::TimePoint next_plain_{};
  std::string last_phase_;
};

// Shows nothing.
class Silence final : public RunWatcher {
 public:
  void on_progress(const Outlook& /*outlook*/) override {}
};

// One line of at most 79 columns; what does not fit is left out.
std::string describe(const Outlook& outlook);

}  // namespace loadgen
