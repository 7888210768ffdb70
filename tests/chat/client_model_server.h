#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/reactor.h"
#include "tests/sim/sim_world.h"

namespace chat_test {

// A server small enough to be right by looking at it: one log, sessions that outlive their
// connections, retries, histories, gaps. What it may do in its own time (acknowledge, read a
// history) it does when the test says so. One client speaks to it; all others are the test.
class ModelServer final : public reactor::Acceptor {
 public:
  struct Entry {
    std::uint64_t id = 0;
    std::string room;  // empty: a private message
    std::string sender;
    std::string recipient;
    std::string text;
  };

  explicit ModelServer(sim::World& world);
  ~ModelServer();

  reactor::Address address() const { return listener_->local_address(); }
  reactor::Reactor& loop() { return loop_; }

  // What others do.
  void say(const std::string& sender, const std::string& room, const std::string& text);
  // False: there is nobody of that name.
  bool whisper(const std::string& sender, const std::string& recipient, const std::string& text);

  // What the server does in its own time.
  void acknowledge_some();
  void answer_histories();

  // What goes wrong. The connection breaks after so many more bytes in one of its directions.
  void cut_output_after(std::size_t bytes);
  void cut_input_after(std::size_t bytes);
  // Sessions without a connection are over.
  void forget_sessions();
  // Nobody who is away is in any room but the lobby any more, as after a crash.
  void forget_stays();
  // Messages up to the last but so many are gone.
  void forget_all_but(std::size_t count);
  // What is said while a history is read comes behind it, or at once. And the history is that of
  // the moment when it was asked for, or when it is answered; with the first it must be the former,
  // as nothing in it is newer than what came live before it.
  enum class Reading : std::uint8_t { kWaits, kGoesOn, kGoesOnAndReadsLate };
  Reading reading = Reading::kWaits;

  bool is_connected() const;
  std::uint64_t last_id() const { return next_id_ - 1; }
  const std::vector<Entry>& everything() const { return everything_; }

  void on_accept(int fd, const reactor::Address&) override;

 private:
  class Peer;

  struct Session {
    std::string token;
    std::string name;
    std::uint64_t since = 0;
    std::map<std::string, std::uint64_t> rooms;  // and what was said last before it was joined
    std::map<std::string, std::uint64_t> retries;
    std::deque<std::string> acks;  // that are to be sent
    Peer* peer = nullptr;
  };
  struct Question {
    std::string room;
    bool before = false;
    std::uint64_t id = 0;
    std::size_t count = 0;
    std::uint64_t asked_at = 0;
  };

  void take(Peer& peer, std::string_view line);
  void take_unregistered(Peer& peer, const std::string& verb, const std::string& rest);
  void take_registered(Peer& peer, const std::string& verb, const std::string& rest,
                       const std::string& client_id);
  void join(Peer& peer, const std::string& room);
  void post(Session& from, const std::string& client_id, Entry entry);
  void publish(Entry entry);
  void replay(Peer& peer, const Session& session, std::uint64_t after);
  void answer(Peer& peer, const Question& question);
  bool hears(const Session& session, const Entry& entry) const;
  Session* find(std::string_view name);
  void lose(Peer& peer);

  sim::World& world_;
  std::list<Session> sessions_;
  std::list<Peer> peers_;
  reactor::Reactor loop_;  // calls the peers when it ends
  reactor::Listener* listener_ = nullptr;
  std::deque<Entry> log_;
  std::vector<Entry> everything_;
  std::uint64_t next_id_ = 1;
  std::uint64_t forgotten_to_ = 0;
  std::uint64_t tokens_ = 0;
};

}  // namespace chat_test
