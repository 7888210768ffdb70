#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/client/history.h"

namespace chat {

// How a client whose session is over gets what was said in its rooms until the next one began: page
// by page out of their histories, one room after the other. What arrives live meanwhile is held
// back and follows behind, so that each room's messages come once and in their order, and nobody
// has to remember a position in the order of all rooms while they are at different ones. A plain
// state machine of the Client.
class CatchUp {
 public:
  static constexpr std::uint32_t kPageMessages = 200;
  static constexpr std::size_t kHeldBytesMax = std::size_t{8} << 20;

  // Everything up to last_seen was shown, and of a room what an interrupted catching up has shown.
  // Without either a room can't be caught up with: see is_unknown().
  void begin(const std::vector<std::string>& rooms, std::uint64_t last_seen);

  // The session goes on, but the server had forgotten that the client was in these rooms: what was
  // said there behind last_seen is missing. What is under way goes on.
  void add(const std::vector<std::string>& rooms, std::uint64_t last_seen);

  bool is_active() const { return current_ < rooms_.size(); }

  // About the room whose turn it is. REQUIRES: is_active().
  const std::string& room() const { return rooms_[current_].name; }
  bool is_unknown() const { return rooms_[current_].shown == 0; }
  HistoryQuestion question() const;
  // Whether lines that look like an answer to question() are live ones in front of an empty answer:
  // if something older is live, they can't be what comes next. REQUIRES: lines is not empty.
  bool are_live(const std::vector<ServerLine>& lines) const;
  // Takes an answer to question() and returns what of it is to be shown. When there is no more,
  // is_done() and the next room is to follow.
  std::vector<ServerLine> take(const std::vector<ServerLine>& lines);
  bool is_done() const { return rooms_[current_].done; }
  void go_to_next_room() { ++current_; }

  // Keeps a live line for later. False when too much is kept already.
  bool hold(const ServerLine& line, std::string_view text);
  // The connection is lost: what was held comes again.
  void forget_held();
  // What is to be shown now that everything from before it was. REQUIRES: !is_active().
  std::vector<std::string> release();

  // As part of a history, which may reach into what is live. To be asked until the session would
  // be resumed behind that.
  bool was_shown(const ServerLine& line) const;
  void forget_shown(std::uint64_t resume_id);

 private:
  struct Room {
    std::string name;
    std::uint64_t from = 0;        // where it began
    std::uint64_t shown = 0;       // the last one shown
    std::uint64_t first_live = 0;  // of the messages held that were not shown; 0: none
    bool done = false;
  };

  const Room* find(std::string_view name) const;

  std::vector<Room> rooms_;
  std::size_t current_ = 0;
  std::vector<std::string> held_;
  std::size_t held_bytes_ = 0;
};

}  // namespace chat
