#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/process.h"

namespace integration {

// What is to be seen on a terminal after the bytes written to it: enough of an xterm for what
// libedit and our programs use. A sequence it does not know fails the test.
class Screen {
 public:
  Screen(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows) {}

  void write(std::string_view bytes);

  // Everything that was ever on it, what has scrolled off the top included; without the blanks at
  // the ends of the lines and without the empty lines at the end.
  std::vector<std::string> lines() const;
  // Where the cursor is, counted from the first of lines().
  std::size_t cursor_line() const { return top_ + row_; }
  std::size_t cursor_column() const { return column_; }

 private:
  using Row = std::vector<std::string>;  // one character in each cell

  std::size_t take_escape(std::string_view bytes);
  void apply(char command, std::size_t number, bool numbered);
  void put(std::string_view character);
  void line_feed();
  Row& row();

  std::size_t columns_;
  std::size_t rows_;
  std::vector<Row> history_;
  std::string pending_;     // the front of a sequence or character
  std::size_t top_ = 0;     // the first row on the screen
  std::size_t row_ = 0;     // below that
  std::size_t column_ = 0;  // columns_: behind the last one, not wrapped yet
};

// A program of our own in a terminal of its own. Killed with the object if it still runs.
class Pty {
 public:
  // args: without the program's name. Throws std::system_error when it can't be started.
  Pty(const std::string& program, const std::vector<std::string>& args, std::size_t columns = 80);
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  ~Pty();

  // As if typed on the keyboard.
  void type(std::string_view keys) const;
  // What is on the screen but for the client's notices ("* Bob joined"), which come when they come.
  std::vector<std::string> lines() const;
  // Waits until lines() ends with these, the cursor being in the last one.
  ::testing::AssertionResult wait_for_end(const std::vector<std::string>& lines);
  // Waits until this is one of the lines on the screen.
  ::testing::AssertionResult wait_for_line(std::string_view line);
  // Waits until one of them holds this.
  ::testing::AssertionResult wait_for_text(std::string_view text);
  // The program's exit code, 128 + number if a signal ended it; nothing when patience is over.
  std::optional<int> wait_exit(std::chrono::milliseconds patience = kPatience);

  // Has it been stopped, as by Ctrl-Z?
  bool wait_stopped(std::chrono::milliseconds patience = kPatience);
  void signal(int number) const;

  std::size_t cursor_column() const { return screen_.cursor_column(); }
  // Everything written so far, escape sequences included.
  const std::string& bytes() const { return bytes_; }
  // Does the terminal echo what is typed, line by line, as a shell wants it?
  bool is_cooked() const;

 private:
  template <class Condition>
  ::testing::AssertionResult wait_until(const Condition& is_met, std::string_view expected);
  bool read_some(std::chrono::steady_clock::time_point deadline);
  std::optional<int> wait_status(int options, std::chrono::milliseconds patience);

  pid_t pid_ = -1;
  int fd_ = -1;
  int terminal_fd_ = -1;  // the program's side, so that its modes outlive the program
  Screen screen_;
  std::string bytes_;
  std::optional<int> exit_code_;
};

}  // namespace integration
