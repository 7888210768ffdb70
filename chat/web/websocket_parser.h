#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "chat/limits.h"
#include "chat/web/websocket_frame.h"

namespace chat {

class WebSocketReader;

// The working memory that the WebSocket parsers of one thread share: one needs it only while a
// frame or a message is incomplete, or for the length of a call, so an idle session holds none.
// Owned by a shard; outlives its parsers.
class WebSocketReaders {
 public:
  WebSocketReaders();
  WebSocketReaders(const WebSocketReaders&) = delete;
  WebSocketReaders& operator=(const WebSocketReaders&) = delete;
  ~WebSocketReaders();

 private:
  friend class WebSocketParser;

  std::unique_ptr<WebSocketReader> take();
  void give_back(std::unique_ptr<WebSocketReader> reader);

  std::unique_ptr<WebSocketReader> spare_;
};

// The server's side of RFC 6455 without extensions: a client's frames out of any bytes. A plain
// state machine, owned by its session; how the bytes are split changes nothing. Text is checked as
// it arrives, and a message that will be longer than Limits::ws_message_bytes_max or has more
// frames than Limits::ws_fragments_max is refused as soon as that is known. limits and readers are
// not owned.
class WebSocketParser {
 public:
  WebSocketParser(const Limits& limits, WebSocketReaders& readers);
  WebSocketParser(const WebSocketParser&) = delete;
  WebSocketParser& operator=(const WebSocketParser&) = delete;
  ~WebSocketParser();

  // Returns how many bytes are done with: all, but when the sink says that it wants no more, those
  // behind what it was told of last. They come again when it does. After the last report (see
  // WebSocketSink) all are taken and mean nothing.
  std::size_t parse(std::string_view bytes, WebSocketSink& sink);

  // No frame or message has begun that is not complete.
  bool is_idle() const { return !reader_; }

 private:
  const Limits& limits_;
  WebSocketReaders& readers_;
  std::unique_ptr<WebSocketReader> reader_;  // while something is incomplete
  bool ended_ = false;
};

}  // namespace chat
