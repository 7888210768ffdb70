#include "tools/client_app.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace chat {
namespace {

template <class Visit>
void for_each_name(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    visit(name);
    list.remove_prefix(std::min(list.size(), name.size() + 1));
  }
}

std::string in_words(std::chrono::milliseconds wait) {
  return wait.count() < 1000 ? fmt::format("{} ms", wait.count())
                             : fmt::format("{:.0f} s", static_cast<double>(wait.count()) / 1000);
}

}  // namespace

ClientApp::ClientApp(reactor::Reactor& reactor, ClientOptions options,
                     const DisplayOptions& display, Use use, Output& output)
    : reactor_(reactor),
      output_(output),
      display_(display),
      use_(use),
      client_(reactor, std::move(options), *this) {
  set_peer({});
}

void ClientApp::on_typed(std::string_view line) { explain(perform(interpret(line, peer_))); }

void ClientApp::quit() {
  has_quit_ = true;
  client_.quit();
}

SendResult ClientApp::perform(const Action& action) {
  switch (action.kind) {
    case ActionKind::kNothing:
      return SendResult::kQueued;
    case ActionKind::kBroadcast:
      return client_.broadcast(action.text);
    case ActionKind::kDirect:
      return client_.direct(action.target, action.text);
    case ActionKind::kList:
      return ask_for_list(action.target, true);
    case ActionKind::kRooms:
      return client_.rooms();
    case ActionKind::kJoin:
      return client_.join(action.target);
    case ActionKind::kPart:
      return client_.part(action.target);
    case ActionKind::kSay:
      return client_.say(action.target, action.text);
    case ActionKind::kTopic:
      return client_.set_topic(action.target, action.text);
    case ActionKind::kRequest:
      return client_.request(action.target);
    case ActionKind::kAccept:
    case ActionKind::kDecline:
      return answer_request(action);
    case ActionKind::kLeave:
      if (peer_.empty()) {
        error("you are not in a private chat");
        return SendResult::kQueued;
      }
      return client_.leave();
    case ActionKind::kHelp:
      output_.print(command_help());
      return SendResult::kQueued;
    case ActionKind::kQuit:
      quit();
      return SendResult::kQueued;
    case ActionKind::kUsage:
      error(fmt::format("usage: {}", action.text));
      return SendResult::kQueued;
    case ActionKind::kUnknown:
      error(fmt::format("no such command: /{}; try help", action.target));
      return SendResult::kQueued;
  }
  return SendResult::kQueued;
}

SendResult ClientApp::answer_request(const Action& action) {
  if (action.target.empty() && askers_.empty()) {
    error("nobody has asked for a private chat");
    return SendResult::kQueued;
  }
  const std::string name(action.target.empty() ? std::string_view(askers_.back()) : action.target);
  const SendResult result =
      action.kind == ActionKind::kAccept ? client_.accept(name) : client_.decline(name);
  if (result == SendResult::kQueued) {
    remove_asker(name);
  }
  return result;
}

SendResult ClientApp::ask_for_list(std::string_view room, bool shown) {
  const SendResult result = client_.list(room);
  if (result == SendResult::kQueued) {
    lists_.push_back({std::string(room), shown});
  }
  return result;
}

void ClientApp::explain(SendResult result) {
  switch (result) {
    case SendResult::kQueued:
      return;
    case SendResult::kNotConnected:
      error("not connected: that was not sent");
      return;
    case SendResult::kTooLong:
      error(fmt::format("longer than {} bytes: that was not sent", Client::kSentLineBytesMax));
      return;
    case SendResult::kMalformed:
      error("not a line of text: that was not sent");
      return;
  }
}

void ClientApp::on_ready(std::string_view name, bool again) {
  has_begun_ = true;
  if (again) {
    notice(fmt::format("back as {}", name));
    for (const std::string& room : joined_rooms_) {
      client_.join(room);
    }
  } else if (use_ == Use::kInteractive) {
    notice(fmt::format("you are {}; type a message, or help", name));
  }
  if (use_ == Use::kInteractive) {
    ask_for_list({}, false);
  }
}

void ClientApp::on_line(const ServerLine& line) {
  note_line(line);
  if (show_list(line)) {
    return;
  }
  const std::string text = display_.server_line(line, reactor_.unix_ms());
  if (!text.empty()) {
    output_.print(text);
  }
}

// Keeps track of who and what there is.
void ClientApp::note_line(const ServerLine& line) {
  const std::string_view subject = line.fields[0];
  switch (line.verb) {
    case ServerVerb::kMessage:
    case ServerVerb::kDirect:
      learn_names(subject);
      return;
    case ServerVerb::kRoomMessage:
    case ServerVerb::kTopic:
    case ServerVerb::kStatusJoined:
      learn_names(line.fields[1]);
      return;
    case ServerVerb::kStatusLeft:
      if (subject == "lobby") {
        forget_names(line.fields[1]);
      }
      return;
    case ServerVerb::kClientList:
      learn_names(subject);
      return;
    case ServerVerb::kJoined:
      learn_rooms(subject);
      if (joined_rooms_.size() < kNamesMax) {
        joined_rooms_.emplace(subject);
      }
      return;
    case ServerVerb::kParted:
      joined_rooms_.erase(std::string(subject));
      return;
    case ServerVerb::kRoomList:
      learn_rooms(subject);
      return;
    case ServerVerb::kRequest:
      learn_names(subject);
      add_asker(subject);
      return;
    case ServerVerb::kStatusChatStarted:
      set_peer(subject);
      return;
    case ServerVerb::kStatusChatEnded:
      set_peer({});
      return;
    default:
      return;
  }
}

// True for the lines that belong to a list, which look like what was asked for.
bool ClientApp::show_list(const ServerLine& line) {
  const ListRequest request = lists_.empty() ? ListRequest{} : lists_.front();
  if (line.verb == ServerVerb::kClientList) {
    if (request.shown) {
      output_.print(display_.client_list(line.fields[0], request.room, reactor_.unix_ms()));
    }
    return true;
  }
  const bool ended = line.verb == ServerVerb::kEnd && line.fields[0] == "LIST";
  const bool refused =
      line.verb == ServerVerb::kError && !request.room.empty() && line.fields[1] == request.room;
  if ((ended || refused) && !lists_.empty()) {
    lists_.pop_front();
  }
  return ended;
}

void ClientApp::on_lost(std::string_view reason, std::chrono::milliseconds wait) {
  lists_.clear();
  askers_.clear();
  notice(fmt::format("connection lost ({}), trying again in {}", reason, in_words(wait)));
  if (!peer_.empty()) {
    notice(fmt::format("the private chat with {} has ended", peer_));
    set_peer({});
  }
}

void ClientApp::on_retry(std::string_view reason, std::chrono::milliseconds wait) {
  // The first attempts follow closely and are not worth a line each.
  if (wait < kWaitWorthTelling) {
    return;
  }
  notice(fmt::format("still not connected ({}), trying again in {}", reason, in_words(wait)));
}

void ClientApp::on_end(ClientEnd end, std::string_view reason) {
  outcome_ = {end, sanitize(reason)};
  has_ended_ = true;
}

Completion ClientApp::complete_word(std::string_view before_cursor) const {
  return complete(before_cursor, names_, rooms_);
}

void ClientApp::learn_names(std::string_view list) {
  for_each_name(list, [this](std::string_view name) {
    // What ends up in the line being edited must be a name and nothing else.
    if (is_name(name) && name != client_.name() && names_.size() < kNamesMax) {
      names_.emplace(name);
    }
  });
}

// list: "lobby=12,dev=3", or without the numbers.
void ClientApp::learn_rooms(std::string_view list) {
  for_each_name(list, [this](std::string_view item) {
    const std::string_view room = item.substr(0, item.find('='));
    if (is_name(room) && rooms_.size() < kNamesMax) {
      rooms_.emplace(room);
    }
  });
}

void ClientApp::forget_names(std::string_view list) {
  for_each_name(list, [this](std::string_view name) { names_.erase(std::string(name)); });
}

void ClientApp::set_peer(std::string_view peer) {
  peer_ = is_name(peer) ? peer : std::string_view();
  output_.set_prompt(peer_ + "> ");
}

void ClientApp::add_asker(std::string_view name) {
  remove_asker(name);
  if (askers_.size() == kAskersMax) {
    askers_.erase(askers_.begin());
  }
  askers_.emplace_back(name);
}

void ClientApp::remove_asker(std::string_view name) { std::erase(askers_, name); }

void ClientApp::notice(std::string_view text) {
  output_.print(display_.notice(text, reactor_.unix_ms()));
}

void ClientApp::error(std::string_view text) {
  output_.print(display_.error(text, reactor_.unix_ms()));
}

}  // namespace chat
