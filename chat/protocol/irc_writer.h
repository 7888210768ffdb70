#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace chat {

// Appends one line of IRC to out, part by part: tags, source, command, parameters, end(). Whatever
// the parts are made of, what comes out is one line of at most kIrcLineBytesMax bytes besides its
// tags, and ends in CR LF; what has no room is cut off between characters. A plain value that lives
// as long as it takes to write the line; out is not owned.
class IrcWriter {
 public:
  explicit IrcWriter(std::string& out) : out_(out), begin_(out.size()), body_(begin_) {}
  IrcWriter(const IrcWriter&) = delete;
  IrcWriter& operator=(const IrcWriter&) = delete;

  // REQUIRES: nothing but tags was written before.
  void tag(std::string_view key, std::string_view value);
  void time_tag(std::int64_t unix_ms);
  void id_tag(std::uint64_t id);
  // Of what is not in the log: no number is enough, as they begin anew with each start.
  void id_tag(std::int64_t unix_ms, std::uint64_t count);
  // Tags as they stand on the wire already.
  void tags(std::string_view wire);
  // What is in front of the command: the server, or who has done something. origin: where that one
  // is, "user@host"; empty when nobody knows any more. Nothing when the name is empty, which
  // stands for the server, too.
  void server(std::string_view name);
  void person(std::string_view name, std::string_view origin);
  void command(std::string_view name);
  void numeric(std::uint32_t number);
  // A parameter that is a word, or is made one.
  void word(std::string_view text);
  // A room's name, with its # in front, which it may have already.
  void room(std::string_view name);
  void number(std::uint64_t value);
  // The last parameter, which may be any text.
  void text(std::initializer_list<std::string_view> parts);
  // Parameters as they stand on the wire already.
  void params(std::string_view wire);
  // How many bytes are left for a text.
  std::size_t text_bytes_left() const;

  void end();

 private:
  void begin_tag(std::string_view key);
  void begin_param();

  std::string& out_;
  const std::size_t begin_;
  std::size_t body_;  // where the line begins behind its tags
};

// Appends text as one parameter among others: made a word if it is none.
void append_irc_word(std::string& out, std::string_view text);

// Appends whole lines with one more tag in front of each.
void append_irc_tagged(std::string_view lines, std::string_view key, std::string_view value,
                       std::string& out);

// Appends the number in decimal.
void append_number(std::string& out, std::uint64_t value);

// Appends a time as the tag `time` has it, 2011-10-19T16:40:51.620Z.
void append_irc_time(std::string& out, std::int64_t unix_ms);

}  // namespace chat
