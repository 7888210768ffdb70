#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/message.h"

namespace chat {

// Where a message belongs in the history: a room's name in small letters, or for a private message
// "@alice:bob", both names in small letters, the lesser first. No room has such a name.
std::string history_key_of_room(std::string_view room);
std::string history_key_of_pair(std::string_view one, std::string_view other);
// room: of a private message the recipient.
std::string history_key_of(EventKind kind, std::string_view room, std::string_view sender);

// What one session hears of the log: exactly what it would have been sent while connected. That is
// the messages of its rooms that others sent, their topics whoever set them, from where it was a
// member to where it was none any more; and private messages to it since it began, because
// somebody else may have had the name before. A plain value.
class Audience {
 public:
  struct Stay {
    std::string room;     // in small letters
    MessageId since = 0;  // the first message heard is behind this
    MessageId until = 0;  // and the last one is this; 0: still a member

    bool operator==(const Stay&) const = default;
  };

  Audience() = default;
  // since: the number of the last message before the session began.
  Audience(std::string_view name, MessageId since) : name_(name), since_(since) {}

  // since: the number of the last message before. REQUIRES: no member.
  void joined(std::string_view room, MessageId since);
  // until: the number of the last message that is heard. REQUIRES: a member.
  void parted(std::string_view room, MessageId until);
  // A stay as it was kept.
  void add(Stay stay) { stays_.push_back(std::move(stay)); }

  // kind: kMessage, kDirect or kTopic. room: as it is shown, in any case; for kDirect the
  // recipient.
  bool hears(EventKind kind, MessageId id, std::string_view room, std::string_view sender) const;

  const std::string& name() const { return name_; }
  MessageId since() const { return since_; }
  const std::vector<Stay>& stays() const { return stays_; }

 private:
  std::vector<Stay>::iterator find_open(std::string_view room);

  std::string name_;
  MessageId since_ = 0;
  std::vector<Stay> stays_;
};

}  // namespace chat
