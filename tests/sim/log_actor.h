#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/chat_sim.h"

namespace sim {

// The last line of what HISTORY is answered with, of the lobby or of private messages.
bool ends_history(std::string_view line);

// A client as it should be: tags what it sends, remembers the last number that it was told, comes
// back after a lost connection and sends again what was not acknowledged. What it does is decided
// by chance; what it was told is kept by session.
class LogActor {
 public:
  LogActor(ChatSim& sim, std::string name) : sim_(sim), base_name_(std::move(name)) {}

  // One thing that a client does.
  void act(const std::vector<std::string>& others);
  // Takes what it was told since.
  void digest();
  // The connection is gone, one way or the other.
  void lose_connection();
  // Connects again, if it is not connected, and goes on where it was.
  void come_back();
  // Whether everything it has sent was answered. REQUIRES: the run is at rest.
  std::string what_is_missing() const;

  bool is_here() const { return peer_ != nullptr && peer_->open() && is_registered_; }
  bool has_connection() const { return peer_ != nullptr && peer_->open(); }
  Peer* peer() { return peer_; }
  const std::string& name() const { return name_; }
  const std::string& token() const { return token_; }

  // Lines by the session in which they were told, from where its token was.
  const std::map<std::string, std::vector<std::string>>& transcripts() const {
    return transcripts_;
  }
  struct Acknowledged {
    std::string token;
    std::string client_id;
    std::uint64_t id = 0;
    std::string text;
  };
  const std::vector<Acknowledged>& acknowledged() const { return acknowledged_; }

 private:
  struct Sent {
    std::string client_id;
    std::string line;
    std::string text;
  };

  void send(std::string line, std::string text);
  void introduce_itself();
  void take_of_session(const std::string& line);
  void take(const std::string& line);
  void note_answer(std::string_view client_id, std::uint64_t id, bool is_taken);
  void note_id(std::uint64_t id) { last_id_ = std::max(last_id_, id); }

  ChatSim& sim_;
  const std::string base_name_;
  std::string name_;
  std::string token_;
  Peer* peer_ = nullptr;
  std::size_t lines_read_ = 0;
  bool is_registered_ = false;
  bool is_asking_ = false;  // for a history
  std::uint64_t last_id_ = 0;
  int names_ = 0;
  int sent_count_ = 0;
  std::deque<Sent> unacknowledged_;
  std::map<std::string, std::vector<std::string>> transcripts_;
  std::vector<Acknowledged> acknowledged_;
};

}  // namespace sim
