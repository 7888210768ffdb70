#pragma once

#include "chat/message.h"
#include "chat/storage/store_port.h"
#include "reactor/address.h"

namespace chat {

// A shard's way to the hub. Used on the shard's thread only; the hub may be on another.
class Uplink {
 public:
  // The command's views are used during the call only.
  virtual void submit(SessionRef from, const Command& command) = 0;
  // An admitted connection is gone and makes room for another.
  virtual void connection_closed(const reactor::Endpoint& peer) = 0;
  // An admitted connection comes from somewhere else than it seemed: from `real`, not `proxy`.
  virtual void connection_proxied(SessionRef from, const reactor::Endpoint& proxy,
                                  const reactor::Endpoint& real) = 0;
  // A page for one of the shard's sessions; the answer comes to the shard.
  virtual void read(SessionRef reader, PageRequest request) = 0;
  // So much waits for the store that who publishes has to wait, too. When that is over the shard's
  // loop makes another turn.
  virtual bool must_wait_for_store() = 0;
  // The shard's turn ends: what was gathered goes out.
  virtual void end_turn() = 0;

 protected:
  ~Uplink() = default;
};

}  // namespace chat
