#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "chat/front.h"
#include "chat/limits.h"
#include "chat/protocol/codec.h"
#include "chat/protocol/link.h"
#include "chat/web/http_conversation.h"
#include "chat/web/websocket_parser.h"
#include "reactor/reactor.h"

namespace chat {

// A connection that speaks HTTP: answers requests by itself, without the hub, until one makes it a
// WebSocket.
class HttpCodec final : public Codec {
 public:
  // None is owned; all outlive the codec.
  struct Environment {
    const Front& front;
    const Limits& limits;
    WebSocketReaders& readers;
    const reactor::Reactor& loop;  // knows what time it is
  };

  HttpCodec(const Environment& environment, Link& link, bool secure)
      : environment_(environment),
        link_(link),
        conversation_(environment.front.site, environment.limits, secure) {}

  std::size_t parse(std::string_view bytes, CommandSink& sink) override;
  WireFormat format() const override { return {}; }
  // Only that it is over is of interest, for who has not finished a request.
  void answer(const Event& event, std::string& out) override;

 private:
  std::unique_ptr<Codec> upgraded() const;

  Environment environment_;
  Link& link_;
  HttpConversation conversation_;
};

}  // namespace chat
