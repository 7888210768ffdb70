#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/limits.h"
#include "chat/log.h"
#include "chat/message.h"
#include "chat/open_page.h"
#include "chat/protocol/codec.h"
#include "chat/storage/audience.h"
#include "chat/storage/store_port.h"
#include "reactor/connection.h"

namespace chat {

// One session's cursor in the log while it gets no live copies, because its output is above the
// high mark, it has been away, or it has asked for history. As the output drains it is filled
// again, never above the mark: from the shard's log, or from the store what that does not have.
// Answers that the session gets meanwhile keep their place among the messages. At the end of the
// log it is live again. Owned by the session; used on its shard's thread.
class Feed {
 public:
  enum class Outcome : std::uint8_t {
    kWaitsForOutput,  // to drain
    kWaitsForPage,
    kNeedsPage,  // request() is to be read and handed to take()
    kCaughtUp,
    kLastWord,  // what the session was told last is sent
  };

  // Of a session that hears nothing yet. since: the last message before it began.
  Feed(std::string_view name, MessageId since) : audience_(name, since) {}

  // after: the last message that the session has got. log_from: behind it the shard's log lacks
  // nothing that the session hears, but for what it has dropped.
  void start(MessageId after, MessageId log_from) {
    after_ = after;
    log_from_ = log_from;
  }

  // since: the last message before. REQUIRES: it is not in the room.
  void joined(std::string_view room, MessageId since) { audience_.joined(room, since); }
  // until: the last message that it hears. REQUIRES: it is in the room.
  void parted(std::string_view room, MessageId until) { audience_.parted(room, until); }
  // A stay that is over.
  void was_in(std::string_view name, MessageId since, MessageId until);

  // An answer, which comes behind everything that is in the log now and all answers before it.
  void add_answer(const Log& log, std::string_view bytes);
  // Behind this the session ends: nothing more comes.
  void add_last_word(const Log& log, std::string_view bytes);
  // Likewise, of a part of a history. room: as it was asked for. asked: as in Event::target; empty
  // when the client is told what comes like anything else.
  void add_history(const Log& log, PageRequest request, std::string_view room,
                   std::string_view asked);
  // So many answers wait that there should be no more for now.
  bool is_full(const Limits& limits) const { return answer_bytes_ >= limits.out_high_mark_bytes; }

  // Fills the output as far as it goes.
  Outcome pump(reactor::Connection& connection, Log& log, Codec& codec, const Limits& limits);
  const PageRequest& request() const { return request_; }
  // The answer to request().
  void take(Page page);

 private:
  struct Answer {
    MessageId position = 0;
    std::string bytes;
    std::optional<PageRequest> history;
    std::string room;
    std::string asked;
    bool is_last = false;

    std::size_t size() const;
  };
  enum class Step : std::uint8_t { kDone, kNeedsPage, kEnd, kLastWord };
  // Where what is sent goes.
  struct Output {
    reactor::Connection& connection;
    Codec& codec;
    const Limits& limits;
  };

  // Messages that one page looks through.
  static constexpr std::size_t kPageMessages = 4096;

  void add(const Log& log, Answer answer);
  // The steps of pump; each does one thing and returns.
  Step step(Log& log, const Output& output);
  Step take_answer(const Output& output);
  Step take_from_log(Log& log, const Output& output);
  void take_from_scan(const Output& output);
  Step take_from_history(const Output& output);
  void end_history(const Output& output);
  bool knows(const Log& log) const;
  void ask_for_scan(const Log& log);
  void deliver(const Event& event, const Output& output);
  void answer(const Event& event, const Output& output);

  Audience audience_;
  MessageId after_ = 0;
  MessageId log_from_ = 0;
  Log::Cursor cursor_;
  std::deque<Answer> answers_;
  std::size_t answer_bytes_ = 0;
  bool ends_ = false;  // behind the last answer

  PageRequest request_;
  bool waits_for_page_ = false;
  std::optional<OpenPage> page_;
  bool reads_history_ = false;  // the page, or the one waited for, is of the first answer
  std::string scratch_;         // kept for its memory
};

}  // namespace chat
