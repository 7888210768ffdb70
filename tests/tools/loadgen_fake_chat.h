#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactor/reactor.h"

namespace loadgen {

// What a FakeChat has on its disk: it survives the server.
struct FakeDisk {
  struct Message {
    std::uint64_t id = 0;
    std::string sender;
    std::string text;
  };
  std::vector<Message> messages;
  std::map<std::string, std::string> names;  // of the sessions, by token
  std::map<std::pair<std::string, std::string>, std::uint64_t> retries;  // by token and client id
  std::uint64_t ids_reserved = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;
};

// What is wrong with a FakeChat.
struct FakeFaults {
  bool never_acknowledges = false;
  bool acknowledges_early = false;  // before it has kept anything
  bool refuses_first = false;       // every message, the first time
  bool never_answers_resume = false;
  bool resumes_one_early = false;  // from the last message that was seen, not behind it
  bool resumes_one_late = false;   // the first that was missed is left out
  bool gap_for_the_first = false;  // likewise, but it says so
  bool forgets_the_last = false;   // when it starts
  bool forgets_retries = false;
  bool forgets_sessions = false;
  bool reuses_ids = false;
  bool hides_gaps = false;
  bool changes_history = false;  // one text in the history is another
  bool drops_when_full = false;  // what a reader who is behind would get
  bool does_not_start = false;   // a second time
  bool grants_nothing = false;
  bool history_goes_back = false;
};

// A small chat server with a log, for what the load generator needs of one: the lobby, tags,
// acknowledgements, resuming, history. Keeps what was said at every fourth turn and acknowledges it
// then; what was not kept is gone with it.
class FakeChat final : private reactor::Acceptor {
 public:
  FakeChat(std::unique_ptr<reactor::Net> net, FakeDisk& disk, const FakeFaults& faults);
  FakeChat(const FakeChat&) = delete;
  FakeChat& operator=(const FakeChat&) = delete;
  ~FakeChat();

  reactor::Address listen();
  void turn();
  std::uint64_t faults_made() const { return faults_made_; }

 private:
  static constexpr std::uint64_t kIdsReservedAtOnce = 1000;
  static constexpr std::size_t kHistoryMax = 100;
  static constexpr std::size_t kFullBytes = 16 << 10;

  class Session;
  struct Unkept {
    FakeDisk::Message message;
    std::string token;
    std::string client_id;
  };

  void on_accept(int fd, const reactor::Address& peer) override;
  void gone(Session& session);
  void take(Session& from, std::string_view line);
  void enter(Session& session, std::string_view name);
  void resume(Session& session, std::string_view token, std::uint64_t last_id);
  void say(Session& from, std::string_view client_id, std::string_view text);
  void history(Session& to, std::string_view arguments);
  void keep();
  void acknowledge(std::string_view token, std::string_view client_id, std::uint64_t id);
  void tell_gaps(std::uint64_t after, std::uint64_t before, Session& to) const;

  reactor::Reactor loop_;
  FakeDisk& disk_;
  const FakeFaults faults_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::deque<Unkept> unkept_;
  std::map<std::string, bool> refused_once_;  // by token and client id
  std::uint64_t next_id_ = 1;
  std::uint64_t turns_ = 0;
  std::uint64_t faults_made_ = 0;
};

}  // namespace loadgen
