#pragma once

#include <memory>
#include <string_view>

#include "chat/end_reason.h"
#include "chat/protocol/codec.h"

namespace chat {

// What a codec needs of its session when its protocol has more to say than the chat: requests that
// are answered without the hub, a change to another protocol. Implemented by Session. To be called
// from inside Codec::parse only.
class Link {
 public:
  // Sends bytes, in front of what the hub still has to answer.
  virtual void send(std::string_view bytes) = 0;
  // The client has sent what is not a command, and is read more slowly if that is too much.
  virtual void spend(std::size_t wire_bytes) = 0;
  // So much waits to be sent, or was sent so fast, that there should be no more for now: parse
  // leaves the rest of its bytes, and is called again when that is over.
  virtual bool must_wait() = 0;
  // Sends bytes and ends the connection.
  virtual void end(EndReason reason, std::string_view last_words) = 0;
  // The client will say no more, and waits for what it has asked for.
  virtual void peer_ended() = 0;
  // Another codec takes over, with what parse leaves unconsumed.
  virtual void hand_over(std::unique_ptr<Codec> next) = 0;
  // Nothing more is taken from the client.
  virtual bool is_ending() const = 0;
  // Who has not registered gets the whole registration timeout again.
  virtual void restart_timeout() = 0;

 protected:
  ~Link() = default;
};

}  // namespace chat
