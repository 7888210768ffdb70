#include "tools/client_terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cwchar>
#include <cwctype>
#include <utility>

#include "reactor/check.h"

namespace chat {
namespace {

// How wide libedit shows a character: control characters as ^X, others that can't be printed as
// their number.
std::size_t shown_width(wchar_t c) {
  if (c < 0x20 || c == 0x7F) {
    return 2;
  }
  if (std::iswprint(static_cast<std::wint_t>(c)) == 0) {
    return c > 0xFFFF ? 8 : 7;
  }
  // A combining character gets a cell too: so libedit counts.
  return static_cast<std::size_t>(std::max(wcwidth(c), 1));
}

std::wstring widen(std::string_view text) {
  std::wstring wide;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t c = 0;
    const std::size_t bytes = std::mbrtowc(&c, text.data(), text.size(), &state);
    if (bytes == 0 || bytes > text.size()) {
      break;
    }
    wide += c;
    text.remove_prefix(bytes);
  }
  return wide;
}

}  // namespace

void PlainOutput::print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file_);
  std::fputc('\n', file_);
}

bool PlainOutput::flush() { return std::fflush(file_) == 0 && std::ferror(file_) == 0; }

std::size_t cursor_row(std::wstring_view prompt_and_text, std::size_t columns) {
  std::size_t row = 0;
  std::size_t column = 0;
  for (const wchar_t c : prompt_and_text) {
    std::size_t width = shown_width(c);
    if (c == L'\t') {
      width = std::min(8 - column % 8, columns - column);
    } else if (wcwidth(c) == 2 && column + width > columns) {
      // Does not fit any more, and is not broken.
      ++row;
      column = 0;
    }
    column += width;
    row += column / columns;
    column %= columns;
  }
  return row;
}

struct Terminal::Modes {
  explicit Modes(int of) : fd(of) { tcgetattr(fd, &saved); }
  Modes(const Modes&) = delete;
  Modes& operator=(const Modes&) = delete;
  ~Modes() { restore(); }
  void restore() const { tcsetattr(fd, TCSADRAIN, &saved); }

  int fd;
  termios saved{};
};

bool Terminal::is_usable(std::FILE* in, std::FILE* out) {
  const char* const kind = std::getenv("TERM");
  const std::string_view name = kind == nullptr ? "" : kind;
  return isatty(fileno(in)) != 0 && isatty(fileno(out)) != 0 && !name.empty() && name != "dumb";
}

Terminal::Terminal(reactor::Reactor& reactor, std::FILE* in, std::FILE* out,
                   const Completer& completer)
    : reactor_(reactor),
      out_(out),
      completer_(completer),
      modes_(std::make_unique<Modes>(fileno(in))),
      edit_(el_init("chat-client", in, out, stderr)),
      history_(history_init()),
      input_(reactor, fileno(in), *this) {
  CHECK(edit_ != nullptr && history_ != nullptr, "libedit can't start");
  EditLine* const edit = edit_.get();
  HistEvent event{};
  history(history_.get(), &event, H_SETSIZE, kHistorySize);
  history(history_.get(), &event, H_SETUNIQUE, 1);
  el_set(edit, EL_CLIENTDATA, this);
  el_set(edit, EL_SIGNAL, 0);
  el_set(edit, EL_EDITOR, "emacs");
  el_set(edit, EL_HIST, history, history_.get());
  el_set(edit, EL_PROMPT, &Terminal::give_prompt);
  el_set(edit, EL_GETCFN, &Terminal::give_key);
  // Wide, because libedit keeps what it is given here and would never free copies of its own.
  el_wset(edit, EL_ADDFN, L"chat-complete", L"Completes names and commands",
          &Terminal::complete_key);
  el_set(edit, EL_BIND, "^I", "chat-complete", nullptr);
  el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  // Between two lines libedit would turn the echo of the terminal on, and what is typed just then
  // would show up in the wrong place.
  el_set(edit, EL_SETTY, "-x", "-echo", "-icanon", nullptr);
}

Terminal::~Terminal() {
  edit_.reset();
  modes_.reset();
}

Terminal::Typed Terminal::read_line(std::string& line) {
  if (interrupted_) {
    return Typed::kInterrupted;
  }
  shown_prompt_ = prompt_;
  editing_ = true;
  int size = 0;
  const char* const typed = el_gets(edit_.get(), &size);
  editing_ = false;
  if (typed == nullptr || size <= 0) {
    std::fputc('\n', out_);
    std::fflush(out_);
    return interrupted_ ? Typed::kInterrupted : Typed::kEnd;
  }
  line.assign(typed, static_cast<std::size_t>(size));
  while (line.ends_with('\n') || line.ends_with('\r')) {
    line.pop_back();
  }
  if (line.find_first_not_of(" \t") != std::string::npos) {
    HistEvent event{};
    history(history_.get(), &event, H_ENTER, line.c_str());
  }
  return Typed::kLine;
}

void Terminal::print(std::string_view text) {
  to_print_ += text;
  to_print_ += '\n';
}

void Terminal::set_prompt(std::string_view prompt) { prompt_ = prompt; }

bool Terminal::flush() {
  if (to_print_.empty() && (!editing_ || prompt_ == shown_prompt_)) {
    return true;
  }
  if (editing_) {
    erase_line();
  }
  std::fwrite(to_print_.data(), 1, to_print_.size(), out_);
  to_print_.clear();
  if (editing_) {
    redraw();
  }
  return std::fflush(out_) == 0 && std::ferror(out_) == 0;
}

void Terminal::resize() {
  if (editing_) {
    erase_line();
  }
  el_resize(edit_.get());
  redraw();
}

void Terminal::suspend() {
  if (editing_) {
    std::fputc('\n', out_);
    std::fflush(out_);
  }
  el_set(edit_.get(), EL_PREP_TERM, 0);
  modes_->restore();
  std::raise(SIGSTOP);
}

void Terminal::resume() {
  // libedit believes the terminal to be as it left it, and would change nothing if only asked once.
  el_set(edit_.get(), EL_PREP_TERM, 0);
  el_set(edit_.get(), EL_PREP_TERM, 1);
  redraw();
}

void Terminal::redraw() {
  if (editing_) {
    shown_prompt_ = prompt_;
    el_set(edit_.get(), EL_REFRESH);
  }
}

Terminal& Terminal::self(EditLine* edit) {
  void* data = nullptr;
  el_get(edit, EL_CLIENTDATA, &data);
  return *static_cast<Terminal*>(data);
}

char* Terminal::give_prompt(EditLine* edit) { return self(edit).shown_prompt_.data(); }

int Terminal::give_key(EditLine* edit, wchar_t* key) { return self(edit).next_key(*key); }

unsigned char Terminal::complete_key(EditLine* edit, int /*key*/) { return self(edit).complete(); }

// As libedit wants it: 1 with a key, 0 when there are no more.
int Terminal::next_key(wchar_t& key) {
  while (!decode_key(key)) {
    if (interrupted_ || input_ended_) {
      key = L'\0';
      return 0;
    }
    reactor_.turn();
  }
  return interrupted_ ? 0 : 1;
}

// Takes one character off the front of keys_; false when more has to be read for that.
bool Terminal::decode_key(wchar_t& key) {
  while (!keys_.empty()) {
    std::mbstate_t state{};
    const std::size_t bytes = std::mbrtowc(&key, keys_.data(), keys_.size(), &state);
    if (bytes == static_cast<std::size_t>(-2)) {
      break;
    }
    const bool valid = bytes != static_cast<std::size_t>(-1);
    keys_.erase(0, valid ? std::max<std::size_t>(bytes, 1) : 1);
    if (valid) {
      return true;
    }
  }
  if (std::exchange(holds_input_, false)) {
    input_.resume();
  }
  return false;
}

unsigned char Terminal::complete() {
  const LineInfo* const info = el_line(edit_.get());
  const std::string_view before(info->buffer,
                                static_cast<std::size_t>(info->cursor - info->buffer));
  const Completion completion = completer_.complete_word(before);
  if (completion.candidates.empty()) {
    return CC_REFRESH_BEEP;
  }
  // Candidates are names and commands: as many characters as bytes.
  el_deletestr(edit_.get(), static_cast<int>(completion.word_bytes));
  el_insertstr(edit_.get(), completion.insertion.c_str());
  if (completion.candidates.size() > 1 && completion.insertion.size() == completion.word_bytes) {
    print(fmt::format("{}", fmt::join(completion.candidates, "  ")));
    flush();
  }
  return CC_REFRESH;
}

// Removes the line being edited from the screen, with the cursor left where it began.
void Terminal::erase_line() {
  const LineInfoW* const info = el_wline(edit_.get());
  std::wstring shown = widen(shown_prompt_);
  shown.append(info->buffer, info->cursor);
  const std::size_t rows = cursor_row(shown, columns());
  std::fputc('\r', out_);
  if (rows > 0) {
    fmt::print(out_, "\x1b[{}A", rows);
  }
  std::fputs("\x1b[J", out_);
}

std::size_t Terminal::columns() const {
  winsize size{};
  if (ioctl(fileno(out_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return 80;
  }
  return size.ws_col;
}

void Terminal::on_input(std::string_view bytes) {
  keys_ += bytes;
  holds_input_ = true;
}

void Terminal::on_input_end(int /*error*/) { input_ended_ = true; }

}  // namespace chat
