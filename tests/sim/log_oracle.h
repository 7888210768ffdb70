#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chat/storage/message_store.h"
#include "tests/sim/sim_store.h"

namespace sim {

// A message as the hub decided it.
struct TrueMessage {
  chat::EventKind kind = chat::EventKind::kMessage;
  std::string room;  // of a private message the recipient
  std::string sender;
  std::string text;
  std::string session;
  std::string client_id;
};

// The whole log, as plainly as can be: what the hub has decided, in its order, and which session
// was where. Against it everything that a client was told is checked.
class LogOracle final : public JournalWatcher {
 public:
  using Id = chat::MessageId;

  struct Stay {
    std::string room;
    Id since = 0;
    Id until = 0;  // 0: it lasts
  };
  struct Session {
    std::string name;
    Id since = 0;
    std::vector<Stay> stays;
    bool ended = false;
  };

  // heard_early: messages are delivered before they are kept. deletes: old ones are deleted.
  LogOracle(bool heard_early, bool deletes) : heard_early_(heard_early), deletes_(deletes) {}

  // What is not in the store any more was deleted or taken by a crash; the rest has to be as it
  // was.
  void on_start(chat::MessageStore& store, const chat::Recovered& recovered) override;
  void on_record(const chat::Record& record) override;

  // What was told on the connections of one session, from the line behind SESSION: on. Everything
  // that it hears has to be there once, in order, or in a GAP; histories have to be as they are. to
  // the end: the client was there and had read everything.
  std::string check_transcript(const std::string& token, const std::vector<std::string>& lines,
                               bool to_the_end) const;
  // The client got ACK for these.
  std::string check_acknowledged(const std::string& token, const std::string& client_id, Id id,
                                 std::string_view text) const;
  const std::map<Id, TrueMessage>& messages() const { return messages_; }
  const std::string& mistake() const { return mistake_; }

 private:
  struct Reader;

  std::set<Id> ids_in(chat::MessageStore& store);
  void check_kept(const chat::StoredMessage& message);
  void take_sessions(const chat::Recovered& recovered);
  const TrueMessage* find(Id id) const;
  static bool hears(const Session& session, Id id, const TrueMessage& message);
  static std::string key_of(const TrueMessage& message);
  std::string check_delivery(const Session& session, Reader& reader, std::string_view line) const;
  std::string check_skipped(const Session& session, Id from, Id to,
                            const std::vector<chat::IdRange>& gaps) const;
  std::string check_history_block(const Session& session, const Reader& reader,
                                  std::string_view room) const;

  std::map<Id, TrueMessage> messages_;  // that are there
  std::map<Id, TrueMessage> gone_;      // that were deleted, or taken by a crash
  std::map<std::string, Session> sessions_;
  std::map<std::string, std::vector<Stay>> lost_stays_;  // by token: taken by a crash
  std::set<std::pair<std::string, std::string>> client_ids_;
  const bool heard_early_;
  const bool deletes_;
  Id last_id_ = 0;
  Id deleted_to_ = 0;  // by retention
  std::string mistake_;
};

}  // namespace sim
