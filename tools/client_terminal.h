#pragma once

#include <histedit.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "reactor/reactor.h"
#include "tools/client_commands.h"
#include "tools/client_input.h"

namespace chat {

// Where the client shows things.
class Output {
 public:
  virtual ~Output() = default;

  // text: one or more whole lines, without the last line end.
  virtual void print(std::string_view text) = 0;
  virtual void set_prompt(std::string_view prompt) = 0;
  // Shows everything printed so far. False when it can't be shown: nobody reads us any more.
  virtual bool flush() = 0;
};

// For pipes and terminals that can't do more: lines, and nothing else.
class PlainOutput final : public Output {
 public:
  explicit PlainOutput(std::FILE* file) : file_(file) {}

  void print(std::string_view text) override;
  void set_prompt(std::string_view /*prompt*/) override {}
  bool flush() override;

 private:
  std::FILE* file_;
};

// How many rows below the first one the cursor stands when the prompt and the part of the line
// before the cursor are shown by libedit on a screen of so many columns.
std::size_t cursor_row(std::wstring_view prompt_and_text, std::size_t columns);

// Offers what can stand in place of the word before the cursor.
class Completer {
 public:
  virtual Completion complete_word(std::string_view before_cursor) const = 0;

 protected:
  ~Completer() = default;
};

// A terminal whose line is edited by libedit, with text appearing above that line at any time.
//
// libedit asks for a key by calling back (EL_GETCFN); while there is none, the callback turns the
// event loop. So one thread does everything, all of libedit's editing works as usual (its
// incremental search and its key sequences read further keys themselves, which its unbuffered
// mode could only do by blocking the loop), and whatever the loop prints is printed between two
// keys. Made and used on the loop's thread. One at a time: libedit changes the state of the
// terminal, which is restored when this is destroyed.
class Terminal final : public Output, private InputSink {
 public:
  // Can these be used for it? Otherwise PlainOutput is right.
  static bool is_usable(std::FILE* in, std::FILE* out);

  // REQUIRES: is_usable(in, out). completer is not owned and outlives the terminal.
  Terminal(reactor::Reactor& reactor, std::FILE* in, std::FILE* out, const Completer& completer);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() override;

  enum class Typed : std::uint8_t {
    kLine,
    kEnd,          // Ctrl-D on an empty line, or the terminal is gone
    kInterrupted,  // interrupt() was called
  };
  // Turns the loop until a line is typed. line: without its line end.
  Typed read_line(std::string& line);
  // Ends read_line: from what the loop calls.
  void interrupt() { interrupted_ = true; }

  void print(std::string_view text) override;
  void set_prompt(std::string_view prompt) override;
  bool flush() override;

  // The window has another size now.
  void resize();
  // Gives the terminal back and stops the program.
  void suspend();
  // Takes the terminal again after a stop.
  void resume();

 private:
  struct EditLineEnd {
    void operator()(EditLine* edit) const { el_end(edit); }
  };
  struct HistoryEnd {
    void operator()(History* history) const { history_end(history); }
  };
  struct Modes;  // of the terminal, as they were

  static constexpr int kHistorySize = 1000;

  // What libedit calls.
  static Terminal& self(EditLine* edit);
  static char* give_prompt(EditLine* edit);
  static int give_key(EditLine* edit, wchar_t* key);
  static unsigned char complete_key(EditLine* edit, int key);

  int next_key(wchar_t& key);
  bool decode_key(wchar_t& key);
  unsigned char complete();
  void erase_line();
  void redraw();
  std::size_t columns() const;

  void on_input(std::string_view bytes) override;
  void on_input_end(int error) override;

  reactor::Reactor& reactor_;
  std::FILE* out_;
  const Completer& completer_;
  std::unique_ptr<Modes> modes_;
  std::unique_ptr<EditLine, EditLineEnd> edit_;
  std::unique_ptr<History, HistoryEnd> history_;
  std::string keys_;  // typed and not yet taken by libedit
  std::string to_print_;
  std::string prompt_;
  std::string shown_prompt_;
  bool editing_ = false;
  bool holds_input_ = false;  // the reader waits until keys_ are taken
  bool input_ended_ = false;
  bool interrupted_ = false;
  InputReader input_;
};

}  // namespace chat
