#include "tests/sim/log_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "tests/sim/log_actor.h"

namespace sim {
namespace {

using chat::EventKind;
using chat::IdRange;
using chat::Record;

std::string small(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return result;
}

std::string_view take_field(std::string_view& rest) {
  const std::size_t colon = rest.find(':');
  const std::string_view field = rest.substr(0, colon);
  rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  return field;
}

chat::MessageId number(std::string_view text) {
  chat::MessageId value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// A tagged delivery as it stands in a line.
struct Told {
  chat::MessageId id = 0;
  EventKind kind = EventKind::kMessage;
  std::string room;
  std::string sender;
  std::string text;
};

// False: it is no delivery.
bool parse(std::string_view line, Told& told) {
  if (!line.starts_with("@id=")) {
    return false;
  }
  const std::size_t space = line.find(' ');
  const std::string_view tags = line.substr(0, space);
  std::string_view rest = line.substr(space + 1);
  told.id = number(tags.substr(4, tags.find(';') - 4));
  const std::string_view verb = take_field(rest);
  if (verb == "MESSAGE") {
    told.room = "lobby";
  } else if (verb == "ROOM_MESSAGE" || verb == "TOPIC") {
    told.room = take_field(rest);
    told.kind = verb == "TOPIC" ? EventKind::kTopic : EventKind::kMessage;
  } else if (verb == "DIRECT") {
    told.kind = EventKind::kDirect;
    const std::size_t to = tags.find(";to=");
    told.room = to == std::string_view::npos ? "" : tags.substr(to + 4);
  } else {
    return false;  // an error that answers what has an id
  }
  told.sender = take_field(rest);
  told.text = rest;
  return true;
}

bool covers(const std::vector<IdRange>& gaps, chat::MessageId id) {
  return std::any_of(gaps.begin(), gaps.end(),
                     [id](const IdRange& gap) { return gap.first <= id && id <= gap.last; });
}

}  // namespace

// What a client has read so far.
struct LogOracle::Reader {
  Session might_hear;  // with the stays, too, that a crash has taken: nobody has to hear there
  Id seen = 0;         // everything that it hears up to this it has, or a GAP instead
  Id greatest = 0;     // in anything it was told
  bool in_question = false;  // it has asked for a history, and is told messages still or already
  bool in_history = false;
  std::vector<Told> history;
  std::vector<IdRange> history_gaps;
  std::vector<IdRange> gaps;
};

void LogOracle::on_record(const Record& record) {
  const std::string token(record.session);
  switch (record.kind) {
    case Record::Kind::kMessage: {
      if (record.id <= last_id_) {
        mistake_ = fmt::format("number {} comes behind {}", record.id, last_id_);
      }
      last_id_ = std::max(last_id_, record.id);
      if (!record.client_id.empty() &&
          !client_ids_.emplace(token, std::string(record.client_id)).second) {
        mistake_ = fmt::format("{} was taken twice: {}", record.client_id, record.text);
      }
      messages_[record.id] = {record.message,
                              std::string(record.room),
                              std::string(record.sender),
                              std::string(record.text),
                              token,
                              std::string(record.client_id)};
      return;
    }
    case Record::Kind::kSessionBegan:
      sessions_[token] = {std::string(record.sender), record.id, {{"lobby", record.id, 0}}, false};
      return;
    case Record::Kind::kSessionEnded:
      sessions_[token].ended = true;
      return;
    case Record::Kind::kJoined:
      sessions_[token].stays.push_back({small(record.room), record.id, 0});
      return;
    case Record::Kind::kParted: {
      std::vector<Stay>& stays = sessions_[token].stays;
      const auto stay = std::find_if(stays.begin(), stays.end(), [&](const Stay& one) {
        return one.room == small(record.room) && one.until == 0;
      });
      if (stay == stays.end()) {
        mistake_ = fmt::format("{} left {} without being in", token, record.room);
      } else if (record.id > stay->since) {
        stay->until = record.id;
      } else {
        stays.erase(stay);  // nothing was said meanwhile
      }
      return;
    }
    case Record::Kind::kIdsReserved:
    case Record::Kind::kRoomState:
    case Record::Kind::kRoomGone:
      return;
  }
}

void LogOracle::on_start(chat::MessageStore& store, const chat::Recovered& recovered) {
  if (recovered.last_id < last_id_) {
    mistake_ = fmt::format("numbers went back from {} to {}", last_id_, recovered.last_id);
  }
  last_id_ = recovered.last_id;
  const std::set<Id> kept = ids_in(store);
  for (auto message = messages_.begin(); message != messages_.end();) {
    if (kept.contains(message->first)) {
      ++message;
      continue;
    }
    // It may be sent again under the same name, and then gets another number.
    client_ids_.erase({message->second.session, message->second.client_id});
    auto gone = messages_.extract(message++);
    if (heard_early_ || gone.key() <= deleted_to_) {
      gone_.insert(std::move(gone));
    }
  }
  take_sessions(recovered);
}

// Reads every history that there ever was, to its end.
std::set<LogOracle::Id> LogOracle::ids_in(chat::MessageStore& store) {
  std::set<std::string> keys;
  for (const auto& [id, message] : messages_) {
    keys.insert(key_of(message));
  }
  std::set<Id> ids;
  for (const std::string& key : keys) {
    Id after = 0;
    for (bool is_end = false; !is_end && mistake_.empty();) {
      const chat::Page page = store.history(key, after, last_id_ + 1, 100);
      if (!page.error.empty() || (!page.is_end && page.read_to <= after)) {
        mistake_ = fmt::format("the history of {} can't be read: {}", key, page.error);
      }
      for (const chat::StoredMessage& message : page.messages) {
        check_kept(message);
        ids.insert(message.id);
      }
      if (deletes_ && !page.gaps.empty() && page.gaps.front().first <= 1) {
        deleted_to_ = std::max(deleted_to_, page.gaps.front().last);
      }
      after = page.read_to;
      is_end = page.is_end;
    }
  }
  return ids;
}

void LogOracle::check_kept(const chat::StoredMessage& message) {
  const auto found = messages_.find(message.id);
  if (found == messages_.end()) {
    mistake_ = fmt::format("{} is in the store, and should not be", message.id);
    return;
  }
  const TrueMessage& said = found->second;
  if (said.kind != message.kind || said.room != message.room || said.sender != message.sender ||
      said.text != message.text) {
    mistake_ = fmt::format("{} is another message in the store", message.id);
  }
}

void LogOracle::take_sessions(const chat::Recovered& recovered) {
  std::map<std::string, Session> before = std::exchange(sessions_, {});
  for (const chat::Recovered::Session& one : recovered.sessions) {
    Session& session = sessions_[one.token];
    session = {
        one.audience.name(), one.audience.since(), {{"lobby", one.audience.since(), 0}}, false};
    for (const chat::Audience::Stay& stay : one.audience.stays()) {
      session.stays.push_back({stay.room, stay.since, stay.until});
    }
  }
  for (auto& [token, session] : before) {
    std::vector<Stay>& lost = lost_stays_[token];
    lost.insert(lost.end(), session.stays.begin(), session.stays.end());
    if (!sessions_.contains(token)) {
      session.ended = true;
      sessions_.emplace(token, session);
    }
  }
}

const TrueMessage* LogOracle::find(Id id) const {
  for (const auto* all : {&messages_, &gone_}) {
    if (const auto found = all->find(id); found != all->end()) {
      return &found->second;
    }
  }
  return nullptr;
}

bool LogOracle::hears(const Session& session, Id id, const TrueMessage& message) {
  if (message.kind == EventKind::kDirect) {
    return small(message.room) == small(session.name) && id > session.since;
  }
  if (message.kind == EventKind::kMessage && small(message.sender) == small(session.name)) {
    return false;
  }
  return std::any_of(session.stays.begin(), session.stays.end(), [&](const Stay& stay) {
    return stay.room == small(message.room) && stay.since < id &&
           (stay.until == 0 || id <= stay.until);
  });
}

std::string LogOracle::key_of(const TrueMessage& message) {
  if (message.kind != EventKind::kDirect) {
    return small(message.room);
  }
  const std::string to = small(message.room);
  const std::string from = small(message.sender);
  return "@" + std::min(to, from) + ":" + std::max(to, from);
}

std::string LogOracle::check_transcript(const std::string& token,
                                        const std::vector<std::string>& lines,
                                        bool to_the_end) const {
  const auto found = sessions_.find(token);
  if (found == sessions_.end()) {
    return fmt::format("nobody knows of the session {}", token);
  }
  const Session& session = found->second;
  Reader reader;
  reader.might_hear = session;
  if (const auto lost = lost_stays_.find(token); lost != lost_stays_.end()) {
    std::vector<Stay>& stays = reader.might_hear.stays;
    stays.insert(stays.end(), lost->second.begin(), lost->second.end());
  }
  reader.seen = session.since;
  for (const std::string& line : lines) {
    if (std::string broken = check_delivery(session, reader, line); !broken.empty()) {
      return fmt::format("{} ({}): {}; the line: {}", session.name, token, broken,
                         line.substr(0, 100));
    }
  }
  if (to_the_end) {
    // Stays that a crash took: nobody misses what came behind.
    const std::string broken = check_skipped(found->second, reader.seen, last_id_, reader.gaps);
    return broken.empty() ? broken
                          : fmt::format("{} ({}), at the end: {}", session.name, token, broken);
  }
  return {};
}

std::string LogOracle::check_delivery(const Session& session, Reader& reader,
                                      std::string_view line) const {
  if (line.starts_with("PONG:history")) {
    reader.in_question = true;
    return {};
  }
  if (line.starts_with("RESUMED:") || ends_history(line)) {
    std::string broken;
    if (line.starts_with("END:")) {
      broken = check_history_block(session, reader, line.substr(12));
    }
    reader.in_question = reader.in_history = false;
    reader.history.clear();
    reader.history_gaps.clear();
    return broken;
  }
  if (line.starts_with("GAP:")) {
    std::string_view rest = line.substr(4);
    const Id first = number(take_field(rest));
    const IdRange gap{first, number(rest)};
    // Before a history's first message nobody can tell whose gap it is: it counts for both.
    if (reader.in_question) {
      reader.history_gaps.push_back(gap);
    }
    if (!reader.in_history) {
      reader.gaps.push_back(gap);
    }
    return {};
  }
  Told told;
  if (!parse(line, told)) {
    return {};
  }
  const TrueMessage* const message = find(told.id);
  if (message == nullptr) {
    return "there never was such a message";
  }
  if (message->kind != told.kind || message->room != told.room || message->sender != told.sender ||
      message->text != told.text) {
    return fmt::format("it was {} by {} in {}", message->text, message->sender, message->room);
  }
  const bool is_live =
      !reader.in_history && told.id > reader.seen && hears(reader.might_hear, told.id, *message);
  if (reader.in_question && !is_live) {
    reader.in_history = true;
    reader.history.push_back(told);
    return {};
  }
  if (told.id <= reader.seen) {
    // Who joins a room is told its topic, old as it is.
    return told.kind == EventKind::kTopic ? "" : fmt::format("told behind {}", reader.seen);
  }
  if (!is_live) {
    const bool joined_topic = told.kind == EventKind::kTopic;
    return joined_topic ? "" : "it is not for this session";
  }
  std::string broken = check_skipped(session, reader.seen, told.id - 1, reader.gaps);
  reader.seen = told.id;
  return broken;
}

// Whether what the session hears behind `from` up to `to` lies in the gaps.
std::string LogOracle::check_skipped(const Session& session, Id from, Id to,
                                     const std::vector<IdRange>& gaps) const {
  for (const auto* all : {&messages_, &gone_}) {
    for (auto message = all->upper_bound(from); message != all->end() && message->first <= to;
         ++message) {
      if (hears(session, message->first, message->second) && !covers(gaps, message->first)) {
        return fmt::format("{} ({} by {} in {}) is missing{}", message->first, message->second.text,
                           message->second.sender, message->second.room,
                           all == &gone_ ? ", and it is gone" : "");
      }
    }
  }
  return {};
}

// A history is one piece of the log: nothing is left out between its first and its last message.
std::string LogOracle::check_history_block(const Session& session, const Reader& reader,
                                           std::string_view room) const {
  if (reader.history.empty()) {
    return {};
  }
  const Id first = reader.history.front().id;
  const Id last = reader.history.back().id;
  const std::string key =
      room.starts_with("@")
          ? key_of({EventKind::kDirect, std::string(room.substr(1)), session.name, {}, {}, {}})
          : small(room);
  std::size_t next = 0;
  for (auto message = messages_.lower_bound(first);
       message != messages_.end() && message->first <= last; ++message) {
    if (key_of(message->second) != key) {
      continue;
    }
    while (next < reader.history.size() && gone_.contains(reader.history[next].id)) {
      ++next;  // it was there then
    }
    if (next >= reader.history.size() || reader.history[next].id != message->first) {
      return fmt::format("{} is missing in the history", message->first);
    }
    ++next;
  }
  for (; next < reader.history.size(); ++next) {
    if (messages_.contains(reader.history[next].id)) {
      return fmt::format("{} is in the history out of order", reader.history[next].id);
    }
  }
  return {};
}

std::string LogOracle::check_acknowledged(const std::string& token, const std::string& client_id,
                                          Id id, std::string_view text) const {
  if (id <= deleted_to_) {
    return {};
  }
  const auto message = messages_.find(id);
  if (message == messages_.end()) {
    return fmt::format("{} of {} was acknowledged as {} and is {}", client_id, token, id,
                       gone_.contains(id) ? "gone" : "nowhere");
  }
  if (message->second.session != token || message->second.client_id != client_id ||
      message->second.text != text) {
    return fmt::format("{} of {} was acknowledged as {}, which is {}", client_id, token, id,
                       message->second.text);
  }
  return {};
}

}  // namespace sim
