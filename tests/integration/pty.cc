#include "tests/integration/pty.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#ifdef __APPLE__
#include <util.h>
#else
#include <pty.h>
#include <utmp.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

extern char** environ;  // NOLINT(readability-redundant-declaration): macOS declares it nowhere

namespace integration {
namespace {

constexpr std::size_t kRows = 24;
constexpr char kEscape = '\x1b';

// How many bytes the character beginning with lead has in UTF-8.
std::size_t character_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte >= 0xF0 ? 4 : (byte >= 0xE0 ? 3 : (byte >= 0xC0 ? 2 : 1));
}

// The environment with a terminal that Screen understands.
std::vector<std::string> terminal_environment() {
  std::vector<std::string> result{"TERM=xterm", "LC_ALL=C.UTF-8"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const bool replaced = text.starts_with("TERM=") || text.starts_with("LC_") ||
                          text.starts_with("LANG=") || text.starts_with("NO_COLOR=") ||
                          text.starts_with("COLUMNS=") || text.starts_with("LINES=");
    if (!replaced) {
      result.emplace_back(text);
    }
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result(strings.size() + 1, nullptr);
  std::transform(strings.begin(), strings.end(), result.begin(),
                 [](std::string& string) { return string.data(); });
  return result;
}

winsize window(std::size_t columns) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = kRows;
  return size;
}

}  // namespace

void Screen::write(std::string_view bytes) {
  pending_ += bytes;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    std::size_t taken = 1;
    if (rest[0] == kEscape) {
      taken = take_escape(rest);
    } else if (rest[0] == '\n') {
      line_feed();
    } else if (rest[0] == '\r') {
      column_ = 0;
    } else if (rest[0] == '\b') {
      column_ = std::min(column_, columns_ - 1);
      column_ -= column_ > 0 ? 1 : 0;
    } else if (rest[0] != '\a') {
      taken = character_bytes(rest[0]);
      if (taken > rest.size()) {
        break;
      }
      put(rest.substr(0, taken));
    }
    if (taken == 0) {
      break;  // not complete
    }
    rest.remove_prefix(taken);
  }
  pending_ = std::string(rest);
}

// Returns how long the sequence is; 0 when its end is not here yet.
std::size_t Screen::take_escape(std::string_view bytes) {
  if (bytes.size() < 2) {
    return 0;
  }
  if (bytes[1] != '[') {
    ADD_FAILURE() << "an unknown escape sequence: " << bytes[1];
    return 2;
  }
  const std::size_t end = bytes.find_first_not_of("0123456789;?", 2);
  if (end == std::string_view::npos) {
    return 0;
  }
  const std::string digits(bytes.substr(2, end - 2));
  const bool number = !digits.empty() && digits.find_first_of(";?") == std::string::npos;
  apply(bytes[end], number ? std::stoul(digits) : 0, number);
  return end + 1;
}

void Screen::apply(char command, std::size_t number, bool numbered) {
  const std::size_t count = numbered ? number : 1;
  column_ = std::min(column_, columns_ - 1);
  switch (command) {
    case 'A':
      row_ -= std::min(row_, count);
      return;
    case 'C':
      column_ = std::min(column_ + count, columns_ - 1);
      return;
    case 'D':
      column_ -= std::min(column_, count);
      return;
    case 'G':
      column_ = std::min(count, columns_) - 1;
      return;
    case 'J':  // to the end of the screen
      EXPECT_EQ(number, 0U) << "only clearing to the end is known";
      row().resize(column_);
      history_.resize(std::min(history_.size(), top_ + row_ + 1));
      return;
    case 'K':
      EXPECT_EQ(number, 0U) << "only clearing to the end is known";
      row().resize(std::min(row().size(), column_));
      return;
    case 'P': {  // the characters to the right move up
      Row& cells = row();
      const auto first =
          cells.begin() + static_cast<std::ptrdiff_t>(std::min(column_, cells.size()));
      cells.erase(first, first + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(count),
                                                          cells.end() - first));
      return;
    }
    case '@': {  // the characters to the right make room
      Row& cells = row();
      cells.resize(std::max(cells.size(), column_), " ");
      cells.insert(cells.begin() + static_cast<std::ptrdiff_t>(column_), count, " ");
      cells.resize(std::min(cells.size(), columns_));
      return;
    }
    case 'm':  // colours
    case 'h':  // modes
    case 'l':
      return;
    default:
      ADD_FAILURE() << "an unknown control sequence: " << number << command;
  }
}

void Screen::put(std::string_view character) {
  if (column_ == columns_) {
    column_ = 0;
    line_feed();
  }
  Row& cells = row();
  cells.resize(std::max(cells.size(), column_ + 1), " ");
  cells[column_] = character;
  ++column_;
}

void Screen::line_feed() {
  if (row_ + 1 == rows_) {
    ++top_;
  } else {
    ++row_;
  }
  row();
}

Screen::Row& Screen::row() {
  history_.resize(std::max(history_.size(), top_ + row_ + 1));
  return history_[top_ + row_];
}

std::vector<std::string> Screen::lines() const {
  std::vector<std::string> result;
  for (const Row& cells : history_) {
    std::string text;
    for (const std::string& cell : cells) {
      text += cell;
    }
    text.resize(text.find_last_not_of(' ') + 1);
    result.push_back(std::move(text));
  }
  while (!result.empty() && result.back().empty()) {
    result.pop_back();
  }
  return result;
}

Pty::Pty(const std::string& program, const std::vector<std::string>& args, std::size_t columns)
    : screen_(columns, kRows) {
  // Prepared before the fork: after it, in a process that had threads, little is allowed.
  std::vector<std::string> words{program};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<std::string> variables = terminal_environment();
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(variables);
  winsize size = window(columns);
  if (openpty(&fd_, &terminal_fd_, nullptr, nullptr, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "openpty");
  }
  fcntl(fd_, F_SETFD, FD_CLOEXEC);
  fcntl(terminal_fd_, F_SETFD, FD_CLOEXEC);
  pid_ = fork();
  if (pid_ == 0) {
    login_tty(terminal_fd_);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  if (pid_ < 0) {
    const int error = errno;
    close(fd_);
    close(terminal_fd_);
    throw std::system_error(error, std::generic_category(), "fork");
  }
}

Pty::~Pty() {
  if (!exit_code_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(terminal_fd_);
  close(fd_);
}

void Pty::type(std::string_view keys) const {
  const ssize_t written = write(fd_, keys.data(), keys.size());
  EXPECT_EQ(written, static_cast<ssize_t>(keys.size())) << "the keyboard's buffer is full";
}

std::vector<std::string> Pty::lines() const {
  std::vector<std::string> result = screen_.lines();
  std::erase_if(result, [](const std::string& line) { return line.starts_with("* "); });
  return result;
}

::testing::AssertionResult Pty::wait_for_end(const std::vector<std::string>& lines) {
  std::string expected;
  for (const std::string& line : lines) {
    expected += line + "\n";
  }
  const auto shown = [&] {
    const std::vector<std::string> all = this->lines();
    return all.size() >= lines.size() && std::equal(lines.rbegin(), lines.rend(), all.rbegin()) &&
           screen_.cursor_line() + 1 == screen_.lines().size();
  };
  return wait_until(shown, expected);
}

::testing::AssertionResult Pty::wait_for_line(std::string_view line) {
  const auto shown = [&] {
    const std::vector<std::string> all = screen_.lines();
    return std::find(all.begin(), all.end(), line) != all.end();
  };
  return wait_until(shown, line);
}

::testing::AssertionResult Pty::wait_for_text(std::string_view text) {
  const auto shown = [&] {
    const std::vector<std::string> all = screen_.lines();
    return std::any_of(all.begin(), all.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  };
  return wait_until(shown, text);
}

template <class Condition>
::testing::AssertionResult Pty::wait_until(const Condition& is_met, std::string_view expected) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!is_met()) {
    if (!read_some(deadline)) {
      auto result = ::testing::AssertionFailure() << "expected to see\n" << expected << "\non\n";
      for (const std::string& line : screen_.lines()) {
        result << "|" << line << "\n";
      }
      return result << "with the cursor in line " << screen_.cursor_line();
    }
  }
  return ::testing::AssertionSuccess();
}

std::optional<int> Pty::wait_exit(std::chrono::milliseconds patience) {
  const std::optional<int> status = wait_status(0, patience);
  if (status) {
    exit_code_ = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
  }
  return exit_code_;
}

bool Pty::wait_stopped(std::chrono::milliseconds patience) {
  const std::optional<int> status = wait_status(WUNTRACED, patience);
  return status && WIFSTOPPED(*status);
}

std::optional<int> Pty::wait_status(int options, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG | options) != pid_) {
    const auto now = std::chrono::steady_clock::now();
    if (now > deadline) {
      return std::nullopt;
    }
    // What it writes has to be read, or it could not go on; the wait bounds how often we look.
    read_some(std::min(deadline, now + std::chrono::milliseconds{10}));
  }
  return status;
}

// Reads once what there is. False: nothing came in time, or the terminal is gone.
bool Pty::read_some(std::chrono::steady_clock::time_point deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd watched{fd_, POLLIN, 0};
  if (poll(&watched, 1, std::max(0, static_cast<int>(left.count()))) <= 0) {
    return false;
  }
  std::array<char, 4096> piece{};
  const ssize_t count = read(fd_, piece.data(), piece.size());
  if (count <= 0) {
    return false;
  }
  const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
  bytes_ += bytes;
  screen_.write(bytes);
  return true;
}

bool Pty::is_cooked() const {
  termios modes{};
  tcgetattr(terminal_fd_, &modes);
  return (modes.c_lflag & ECHO) != 0 && (modes.c_lflag & ICANON) != 0;
}

void Pty::signal(int number) const { kill(pid_, number); }

}  // namespace integration
