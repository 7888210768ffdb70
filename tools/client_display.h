#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "chat/client/client.h"
#include "chat/client/server_line.h"

namespace chat {

// Text of others, made harmless for a terminal: control characters, DEL, the C1 set, characters
// that turn the direction of writing, line separators and bytes that are not UTF-8 are replaced
// by visible ones; a tab becomes a space.
std::string sanitize(std::string_view text);

struct DisplayOptions {
  std::string own_name;  // nobody is told of his own coming and going
  bool color = false;
  bool timestamps = false;
};

// How things look on the screen: each member returns one line, without its line end. Everything
// given to it is sanitized here.
class Display {
 public:
  explicit Display(DisplayOptions options) : options_(std::move(options)) {}

  // What a line of the server looks like; empty for what is not shown as it is. unix_ms: the time
  // now, for lines that don't say when they were sent.
  std::string server_line(const ServerLine& line, std::int64_t unix_ms) const;
  // A line of a history: like the one above, but always with the time at which it was said, and the
  // day if that is not today.
  std::string history_line(const ServerLine& line, std::int64_t unix_ms) const;
  // What has become of a message that was not delivered, with its text.
  std::string undelivered(const Undelivered& message, std::int64_t unix_ms) const;
  // Something that happened, dim: "* Bob joined".
  std::string notice(std::string_view text, std::int64_t unix_ms) const;
  // Something that went wrong: "! no such client: Bob".
  std::string error(std::string_view text, std::int64_t unix_ms) const;
  // "Clients: Alice, Bob", or "Clients in dev: …".
  std::string client_list(std::string_view names, std::string_view room,
                          std::int64_t unix_ms) const;

 private:
  std::string content(const ServerLine& line) const;
  std::string message(const ServerLine& line) const;
  // A notice without its mark; empty for what is none.
  std::string news(const ServerLine& line) const;
  std::string presence(const ServerLine& line, std::string_view what) const;
  std::string sender(std::string_view name) const;
  std::string with_time(std::string_view text, std::int64_t unix_ms) const;
  std::string paint(std::string_view code, std::string_view text) const;

  DisplayOptions options_;
};

}  // namespace chat
