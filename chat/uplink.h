#pragma once

#include "chat/message.h"
#include "reactor/address.h"

namespace chat {

// A shard's way to the hub. Used on the shard's thread only; the hub may be on another.
class Uplink {
 public:
  // The command's views are used during the call only.
  virtual void submit(SessionRef from, const Command& command) = 0;
  // An admitted connection is gone and makes room for another.
  virtual void connection_closed(const reactor::Endpoint& peer) = 0;
  // The shard's turn ends: what was gathered goes out.
  virtual void end_turn() = 0;

 protected:
  ~Uplink() = default;
};

}  // namespace chat
