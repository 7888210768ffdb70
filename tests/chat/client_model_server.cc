#include "tests/chat/client_model_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace chat_test {
namespace {

// Takes what stands before the separator off the front of text.
std::string take_until(std::string_view& text, char separator) {
  std::string head(text.substr(0, text.find(separator)));
  text.remove_prefix(std::min(text.size(), head.size() + 1));
  return head;
}

std::string gap(std::uint64_t first, std::uint64_t last) {
  return "GAP:" + std::to_string(first) + ":" + std::to_string(last) + "\n";
}

std::string encoded(const ModelServer::Entry& entry) {
  const std::string id = "@id=" + std::to_string(entry.id) + ";ts=1;";
  if (entry.room.empty()) {
    return id + "to=" + entry.recipient + " DIRECT:" + entry.sender + ":" + entry.text + "\n";
  }
  const std::string content = entry.sender + ":" + entry.text + "\n";
  return id + "room=" + entry.room +
         (entry.room == "lobby" ? " MESSAGE:" : " ROOM_MESSAGE:" + entry.room + ":") + content;
}

}  // namespace

class ModelServer::Peer final : public reactor::Handler {
 public:
  explicit Peer(ModelServer& server) : server_(server) {}

  reactor::Connection* connection = nullptr;  // null when it is gone
  Session* session = nullptr;
  std::deque<Question> questions;
  std::deque<std::string> waiting;  // lines that come behind a history, or live ones meanwhile
  std::deque<std::string> input;    // lines that were said behind a question
  std::optional<std::size_t> output_left;
  std::optional<std::size_t> input_left;

  void say(const std::string& bytes) {
    if (connection == nullptr) {
      return;
    }
    if (output_left && bytes.size() > *output_left) {
      connection->send(bytes.substr(0, *output_left));
      connection->finish();
      server_.lose(*this);
      return;
    }
    if (output_left) {
      *output_left -= bytes.size();
    }
    connection->send(bytes);
  }

  void on_open(reactor::Connection& opened) override { connection = &opened; }

  std::size_t on_data(reactor::Connection& from, std::string_view bytes) override {
    std::size_t done = 0;
    for (std::size_t end = 0; (end = bytes.find('\n', done)) != std::string_view::npos;) {
      const std::string_view line = bytes.substr(done, end - done);
      done = end + 1;
      if (input_left && line.size() > *input_left) {
        from.close();
        server_.lose(*this);
      }
      if (connection == nullptr) {
        return bytes.size();
      }
      if (input_left) {
        *input_left -= line.size();
      }
      if (questions.empty()) {
        server_.take(*this, line);
      } else {
        input.emplace_back(line);
      }
    }
    return done;
  }

  void on_end(reactor::Connection& from) override {
    from.finish();
    server_.lose(*this);
  }
  void on_close(reactor::Connection&, reactor::CloseReason, int) override { server_.lose(*this); }

 private:
  ModelServer& server_;
};

ModelServer::ModelServer(sim::World& world) : world_(world), loop_(world.make_net()) {
  listener_ = loop_.listen(reactor::Address::ipv4(0x7F000001, 0), *this).listener;
}

ModelServer::~ModelServer() = default;

void ModelServer::on_accept(int fd, const reactor::Address&) {
  loop_.adopt(fd, peers_.emplace_back(*this));
}

void ModelServer::lose(Peer& peer) {
  peer.connection = nullptr;
  if (peer.session != nullptr) {
    peer.session->peer = nullptr;
    peer.session->acks.clear();
    peer.session = nullptr;
  }
}

bool ModelServer::is_connected() const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const Session& session) { return session.peer != nullptr; });
}

void ModelServer::say(const std::string& sender, const std::string& room, const std::string& text) {
  publish({0, room, sender, {}, text});
}

bool ModelServer::whisper(const std::string& sender, const std::string& recipient,
                          const std::string& text) {
  if (find(recipient) == nullptr) {
    return false;
  }
  publish({0, {}, sender, recipient, text});
  return true;
}

void ModelServer::publish(Entry entry) {
  entry.id = next_id_;
  next_id_ += 1 + world_.below(3);
  log_.push_back(entry);
  everything_.push_back(entry);
  for (Session& session : sessions_) {
    if (session.peer == nullptr || !hears(session, entry)) {
      continue;
    }
    Peer& peer = *session.peer;
    if (!peer.questions.empty() && reading == Reading::kWaits) {
      peer.waiting.push_back(encoded(entry));
    } else {
      peer.say(encoded(entry));
    }
  }
}

bool ModelServer::hears(const Session& session, const Entry& entry) const {
  if (entry.room.empty()) {
    return entry.recipient == session.name && entry.id > session.since;
  }
  const auto room = session.rooms.find(entry.room);
  return entry.sender != session.name && room != session.rooms.end() && entry.id > room->second;
}

void ModelServer::post(Session& from, const std::string& client_id, Entry entry) {
  std::uint64_t& id = from.retries[client_id];
  if (id == 0) {
    id = next_id_;
    entry.sender = from.name;
    publish(std::move(entry));
  }
  from.acks.push_back("ACK:" + client_id + ":" + std::to_string(id) + "\n");
}

void ModelServer::acknowledge_some() {
  for (Session& session : sessions_) {
    for (std::size_t left = world_.below(4); left > 0 && !session.acks.empty(); --left) {
      const std::string ack = std::move(session.acks.front());
      session.acks.pop_front();
      session.peer->say(ack);
    }
  }
}

void ModelServer::answer_histories() {
  for (Session& session : sessions_) {
    Peer* const peer = session.peer;
    if (peer == nullptr || peer->questions.empty()) {
      continue;
    }
    const Question question = std::move(peer->questions.front());
    peer->questions.pop_front();
    answer(*peer, question);
    while (peer->questions.empty() && !peer->waiting.empty()) {
      peer->say(peer->waiting.front());
      peer->waiting.pop_front();
    }
    while (peer->connection != nullptr && peer->questions.empty() && !peer->input.empty()) {
      const std::string line = std::move(peer->input.front());
      peer->input.pop_front();
      take(*peer, line);
    }
  }
}

void ModelServer::answer(Peer& peer, const Question& question) {
  std::deque<std::string> lines;
  std::size_t left = question.count;
  const std::uint64_t until =
      reading == Reading::kGoesOnAndReadsLate ? last_id() : question.asked_at;
  const auto is_part = [&](const Entry& entry) {
    return entry.room == question.room && entry.id <= until &&
           (question.before || entry.id > question.id);
  };
  if (question.before) {
    for (auto entry = log_.rbegin(); entry != log_.rend() && left > 0; ++entry) {
      if (is_part(*entry)) {
        lines.push_front(encoded(*entry));
        --left;
      }
    }
  } else {
    for (auto entry = log_.begin(); entry != log_.end() && left > 0; ++entry) {
      if (is_part(*entry)) {
        lines.push_back(encoded(*entry));
        --left;
      }
    }
  }
  const std::uint64_t from = question.before ? 0 : question.id;
  if (forgotten_to_ > from && (left > 0 || !question.before)) {
    lines.push_front(gap(from + 1, forgotten_to_));
  }
  lines.push_back("END:HISTORY:" + question.room + "\n");
  for (const std::string& line : lines) {
    peer.say(line);
  }
}

void ModelServer::cut_output_after(std::size_t bytes) {
  if (!peers_.empty()) {
    peers_.back().output_left = bytes;
  }
}

void ModelServer::cut_input_after(std::size_t bytes) {
  if (!peers_.empty()) {
    peers_.back().input_left = bytes;
  }
}

void ModelServer::forget_sessions() {
  sessions_.remove_if([](const Session& session) { return session.peer == nullptr; });
}

void ModelServer::forget_stays() {
  for (Session& session : sessions_) {
    if (session.peer == nullptr) {
      std::erase_if(session.rooms, [](const auto& room) { return room.first != "lobby"; });
    }
  }
}

void ModelServer::forget_all_but(std::size_t count) {
  while (log_.size() > count) {
    forgotten_to_ = log_.front().id;
    log_.pop_front();
  }
}

ModelServer::Session* ModelServer::find(std::string_view name) {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                  [name](const Session& one) { return one.name == name; });
  return found == sessions_.end() ? nullptr : &*found;
}

void ModelServer::take(Peer& peer, std::string_view line) {
  std::string client_id;
  if (line.starts_with("@id=")) {
    line.remove_prefix(4);
    client_id = take_until(line, ' ');
  }
  const std::string verb = take_until(line, ':');
  if (peer.session == nullptr) {
    take_unregistered(peer, verb, std::string(line));
  } else {
    take_registered(peer, verb, std::string(line), client_id);
  }
}

void ModelServer::take_unregistered(Peer& peer, const std::string& verb, const std::string& rest) {
  std::string_view fields = rest;
  if (verb == "HELLO") {
    peer.say("WELCOME:1:tags,ack,resume,presence:line=4096\n");
  } else if (verb == "REGISTER") {
    if (find(rest) != nullptr) {
      peer.say("ERROR:409:" + rest + ":taken\n");
      return;
    }
    Session& session = sessions_.emplace_back();
    session.token = "t" + std::to_string(++tokens_);
    session.name = rest;
    session.since = last_id();
    session.rooms["lobby"] = last_id();
    session.peer = &peer;
    peer.session = &session;
    peer.say("REGISTERED:" + rest + "\nSESSION:" + session.token + "\n");
  } else if (verb == "RESUME") {
    const std::string token = take_until(fields, ':');
    const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                    [&](const Session& one) { return one.token == token; });
    if (found == sessions_.end()) {
      peer.say("ERROR:404::over\n");
      return;
    }
    if (Peer* const before = found->peer) {
      before->say("BYE:resumed by another connection\n");
      if (before->connection != nullptr) {
        before->connection->finish();
      }
      lose(*before);
    }
    found->peer = &peer;
    peer.session = &*found;
    peer.say("RESUMED:" + found->name + "\n");
    // Its messages begin with it, whatever has been forgotten before.
    replay(peer, *found, std::max<std::uint64_t>(found->since, std::stoull(std::string(fields))));
  } else {
    ADD_FAILURE() << "said before the session has begun: " << verb << ":" << rest;
  }
}

void ModelServer::replay(Peer& peer, const Session& session, std::uint64_t after) {
  std::string lines;
  if (after < forgotten_to_) {
    lines += gap(after + 1, forgotten_to_);
  }
  for (const Entry& entry : log_) {
    if (entry.id > after && hears(session, entry)) {
      lines += encoded(entry);
    }
  }
  peer.say(lines);
}

void ModelServer::take_registered(Peer& peer, const std::string& verb, const std::string& rest,
                                  const std::string& client_id) {
  std::string_view fields = rest;
  Session& session = *peer.session;
  if (verb == "BROADCAST") {
    post(session, client_id, {0, "lobby", {}, {}, rest});
  } else if (verb == "SAY") {
    const std::string room = take_until(fields, ':');
    if (!session.rooms.contains(room)) {
      peer.say("@id=" + client_id + " ERROR:403:" + room + ":not in it\n");
      return;
    }
    post(session, client_id, {0, room, {}, {}, std::string(fields)});
  } else if (verb == "CHAT") {
    const std::string to = take_until(fields, ':');
    if (to == "Nobody") {
      peer.say("@id=" + client_id + " ERROR:404:Nobody:nobody\n");
      return;
    }
    post(session, client_id, {0, {}, {}, to, std::string(fields)});
  } else if (verb == "JOIN") {
    join(peer, rest);
  } else if (verb == "HISTORY") {
    Question question;
    question.room = take_until(fields, ':');
    question.before = take_until(fields, ':') == "before";
    question.id = std::stoull(take_until(fields, ':'));
    // Servers may have a limit of their own.
    question.count = std::min<std::size_t>(std::stoull(std::string(fields)), 7);
    question.asked_at = last_id();
    if (session.rooms.contains(question.room)) {
      peer.questions.push_back(std::move(question));
    } else {
      peer.say("ERROR:403:" + question.room + ":not in it\n");
    }
  } else if (verb == "PING") {
    peer.say("PONG:" + rest + "\n");
  } else {
    ADD_FAILURE() << "nobody has said that: " << verb << ":" << rest;
  }
}

void ModelServer::join(Peer& peer, const std::string& room) {
  peer.session->rooms.try_emplace(room, last_id());
  peer.say("JOINED:" + room + "\n");
}

}  // namespace chat_test
