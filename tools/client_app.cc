#include "tools/client_app.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
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

// As part of a sentence.
std::string describe_place(std::string_view room) {
  if (room.starts_with('@')) {
    return fmt::format("your private messages with {}", room.substr(1));
  }
  return room == "lobby" ? "the lobby" : std::string(room);
}

std::string describe(const HistoryAnswer& answer) {
  switch (answer.kind) {
    case HistoryKind::kEntry:
      return "said before you came";
    case HistoryKind::kMissed:
      return fmt::format("said in {} while you were away", describe_place(answer.room));
    case HistoryKind::kAsked:
      return fmt::format("history of {}", describe_place(answer.room));
  }
  return {};
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

ClientApp::~ClientApp() { reactor_.timers().cancel(pending_timer_); }

void ClientApp::on_typed(std::string_view line) {
  explain(perform(interpret(line, peer_)));
  watch_pending();
}

void ClientApp::quit() {
  has_quit_ = true;
  client_.quit();
  tell_waiting();
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
      return ask_for_rooms();
    case ActionKind::kHistory:
      return ask_for_history(action);
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

SendResult ClientApp::ask_for_rooms() {
  const SendResult result = client_.rooms();
  rooms_asked_ += result == SendResult::kQueued ? 1 : 0;
  return result;
}

SendResult ClientApp::ask_for_history(const Action& action) {
  std::string room(action.target);
  if (room.empty()) {
    room = peer_.empty() ? "lobby" : "@" + peer_;
  }
  const SendResult result = client_.history(room, action.count);
  if (result == SendResult::kUnsupported) {
    error("this server keeps no history");
    return SendResult::kQueued;
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
    case SendResult::kTooMany:
      error("too much is not answered yet: that was not sent");
      return;
    case SendResult::kUnsupported:
      error("this server can't do that");
      return;
  }
}

void ClientApp::on_ready(std::string_view name, Entry entry) {
  has_begun_ = true;
  if (entry != Entry::kFirst) {
    notice(fmt::format("back as {}", name));
  } else if (use_ == Use::kInteractive) {
    notice(fmt::format("you are {}; type a message, or help", name));
  }
  if (entry == Entry::kAnew && client_.has_history()) {
    notice("your session was over: private messages of the time between may be missing");
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

void ClientApp::on_history(const HistoryAnswer& answer) {
  const std::string what = describe(answer);
  if (!answer.failure.empty()) {
    if (answer.kind == HistoryKind::kAsked) {
      error(fmt::format("no {}: {}", what, answer.failure));
    } else {
      notice(fmt::format("what was {} is not known: {}", what, answer.failure));
    }
    return;
  }
  if (!answer.lines.empty() && history_shown_ != what) {
    history_shown_ = what;
    notice(what + ":");
  }
  for (const ServerLine& line : answer.lines) {
    note_line(line);
    output_.print(display_.history_line(line, reactor_.unix_ms()));
  }
  if (answer.is_last && history_shown_ == what) {
    history_shown_.clear();
    notice("end of the history");
  } else if (answer.kind == HistoryKind::kAsked) {
    notice("no " + what);
  }
}

void ClientApp::on_acknowledged() { tell_pending(); }

void ClientApp::on_undelivered(const Undelivered& message) {
  ++failures_;
  output_.print(display_.undelivered(message, reactor_.unix_ms()));
  tell_pending();
}

// The prompt goes on telling as soon as it has begun to, until there is nothing to tell.
void ClientApp::tell_pending() {
  if (pending_shown_ > 0) {
    pending_shown_ = client_.unconfirmed();
    show_prompt();
  }
}

void ClientApp::tell_waiting() {
  if (has_quit_ && pending_shown_ > 0 && use_ == Use::kInteractive) {
    notice(fmt::format("waiting for the server to confirm what you have sent ({} left)",
                       pending_shown_));
  }
}

void ClientApp::watch_pending() {
  const std::optional<reactor::TimePoint> since = client_.unconfirmed_since();
  if (since && !reactor_.timers().armed(pending_timer_)) {
    pending_timer_ = reactor_.timers().arm(*since + kPendingWorthTelling, *this);
  }
}

void ClientApp::on_timer(std::uint64_t /*argument*/) {
  const std::optional<reactor::TimePoint> since = client_.unconfirmed_since();
  if (since && reactor_.now() - *since >= kPendingWorthTelling) {
    pending_shown_ = client_.unconfirmed();
    show_prompt();
    tell_waiting();
  } else {
    watch_pending();
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
  if (line.verb == ServerVerb::kEnd && line.fields[0] == "ROOMS" && rooms_asked_ > 0) {
    --rooms_asked_;
  }
  return ended;
}

void ClientApp::fail_lists() {
  for (const ListRequest& request : std::exchange(lists_, {})) {
    if (request.shown) {
      error("list: the connection was lost before the answer came");
    }
  }
  for (; rooms_asked_ > 0; --rooms_asked_) {
    error("rooms: the connection was lost before the answer came");
  }
}

void ClientApp::on_lost(std::string_view reason, std::chrono::milliseconds wait) {
  askers_.clear();
  notice(fmt::format("connection lost ({}), trying again in {}", reason, in_words(wait)));
  if (!peer_.empty()) {
    notice(fmt::format("the private chat with {} has ended", peer_));
    set_peer({});
  }
  fail_lists();
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
  show_prompt();
}

void ClientApp::show_prompt() {
  const std::string pending =
      pending_shown_ == 0 ? "" : fmt::format("({} not confirmed) ", pending_shown_);
  output_.set_prompt(pending + peer_ + "> ");
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
  ++failures_;
  output_.print(display_.error(text, reactor_.unix_ms()));
}

}  // namespace chat
