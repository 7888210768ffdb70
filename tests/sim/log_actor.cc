#include "tests/sim/log_actor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace sim {
namespace {

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

bool ends_history(std::string_view line) {
  if (line.starts_with("END:HISTORY:")) {
    return true;
  }
  constexpr std::size_t kSubject = std::string_view("ERROR:500:").size();
  return line.starts_with("ERROR:") && line.size() > kSubject &&
         (line.substr(kSubject).starts_with("lobby:") || line[kSubject] == '@');
}

void LogActor::act(const std::vector<std::string>& others) {
  if (!is_here()) {
    return;
  }
  World& world = sim_.world();
  const std::string room = fmt::format("r{}", world.below(3));
  const std::string text =
      fmt::format("{}.{}{}", base_name_, sent_count_, std::string(world.below(60), '.'));
  switch (world.below(12)) {
    case 0:
    case 1:
    case 2:
      return send("BROADCAST:" + text, text);
    case 3:
    case 4:
      return send(fmt::format("SAY:{}:{}", room, text), text);
    case 5:
      return send(fmt::format("CHAT:{}:{}", others[world.below(others.size())], text), text);
    case 6:
    case 7:
      return peer_->send_line("JOIN:" + room);
    case 8:
      return peer_->send_line("PART:" + room);
    case 9:
      return send(fmt::format("TOPIC:{}:{}", room, text), text);
    default:
      if (!is_asking_) {
        is_asking_ = true;
        peer_->send_line("PING:history");
        const bool before = world.chance(500);
        const std::string whose =
            world.chance(700) ? "lobby" : "@" + others[world.below(others.size())];
        peer_->send_line(fmt::format("HISTORY:{}:{}:{}:{}", whose, before ? "before" : "after",
                                     world.chance(500) ? 0 : world.below(1 + last_id_),
                                     1 + world.below(40)));
      }
      return;
  }
}

void LogActor::send(std::string line, std::string text) {
  std::string client_id = fmt::format("{}-{}", base_name_, sent_count_++);
  peer_->send_line(fmt::format("@id={} {}", client_id, line));
  unacknowledged_.push_back({std::move(client_id), std::move(line), std::move(text)});
}

void LogActor::lose_connection() {
  if (!has_connection()) {
    return;
  }
  switch (sim_.world().below(3)) {
    case 0:
      peer_->reset();
      break;
    case 1:
      peer_->close();
      break;
    default:
      // The server takes it for alive, and the client does not look any more.
      peer_->reads = false;
      break;
  }
  peer_ = nullptr;
  is_registered_ = false;
}

void LogActor::come_back() {
  if (has_connection()) {
    return;
  }
  peer_ = sim_.connect();
  lines_read_ = 0;
  is_registered_ = false;
  is_asking_ = false;
  if (peer_ != nullptr) {
    peer_->send_line("HELLO:1:tags,ack,resume");
    introduce_itself();
  }
}

void LogActor::introduce_itself() {
  if (!token_.empty()) {
    peer_->send_line(fmt::format("RESUME:{}:{}", token_, last_id_));
  } else {
    // The old name may be somebody's who is not there, and does not know how to come back.
    name_ = fmt::format("{}x{}", base_name_, names_++);
    peer_->send_line("REGISTER:" + name_);
    peer_->send_line("PING:registered");
  }
}

void LogActor::digest() {
  if (peer_ == nullptr) {
    return;
  }
  for (; peer_ != nullptr && lines_read_ < peer_->lines().size(); ++lines_read_) {
    take(peer_->lines()[lines_read_]);
  }
  if (peer_ != nullptr && !peer_->open()) {
    peer_ = nullptr;
    is_registered_ = false;
  }
}

void LogActor::take(const std::string& line) {
  if (line.starts_with("SESSION:")) {
    token_ = line.substr(8);
    transcripts_[token_];
    is_registered_ = true;
    last_id_ = 0;
    unacknowledged_.clear();  // of a session that is over: nobody knows whether they were taken
    return;
  }
  if (!is_registered_) {
    if (line.starts_with("RESUMED:")) {
      is_registered_ = true;
      transcripts_[token_].push_back(line);
      for (const Sent& sent : unacknowledged_) {
        peer_->send_line(fmt::format("@id={} {}", sent.client_id, sent.line));
      }
    } else if (line.starts_with("ERROR:404:") || line.starts_with("ERROR:409:")) {
      token_.clear();
      introduce_itself();
    } else if (line == "PONG:registered") {
      peer_->close();  // without a session, because nothing can be kept: later, perhaps
    }
    return;
  }
  take_of_session(line);
}

void LogActor::take_of_session(const std::string& line) {
  transcripts_[token_].push_back(line);
  if (line.starts_with("@id=")) {
    const std::string_view id = std::string_view(line).substr(4, line.find_first_of("; ") - 4);
    if (line.find(" ERROR:") == id.size() + 4) {
      note_answer(id, 0, false);
    } else {
      note_id(number(id));
    }
  } else if (line.starts_with("ACK:")) {
    const std::size_t colon = line.rfind(':');
    note_answer(std::string_view(line).substr(4, colon - 4),
                number(std::string_view(line).substr(colon + 1)), true);
  } else if (line.starts_with("GAP:")) {
    if (!is_asking_) {
      note_id(number(std::string_view(line).substr(line.rfind(':') + 1)));
    }
  } else if (ends_history(line)) {
    is_asking_ = false;
  }
}

void LogActor::note_answer(std::string_view client_id, std::uint64_t id, bool is_taken) {
  const auto sent = std::find_if(unacknowledged_.begin(), unacknowledged_.end(),
                                 [&](const Sent& one) { return one.client_id == client_id; });
  if (is_taken) {
    note_id(id);
  }
  if (sent == unacknowledged_.end()) {
    return;  // sent twice and acknowledged twice
  }
  if (is_taken) {
    acknowledged_.push_back({token_, sent->client_id, id, sent->text});
  }
  unacknowledged_.erase(sent);
}

std::string LogActor::what_is_missing() const {
  if (!is_here()) {
    return fmt::format("{} could not come back", base_name_);
  }
  if (!unacknowledged_.empty()) {
    return fmt::format("{} ({}) has no answer to {}", name_, token_,
                       unacknowledged_.front().client_id);
  }
  return {};
}

}  // namespace sim
