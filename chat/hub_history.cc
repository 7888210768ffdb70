#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "chat/hub.h"
#include "chat/names.h"

namespace chat {

void Hub::history(const Client& client, const Command& command) {
  history_asked_ = command.peer;
  if (std::optional<Event> event = find_history(client, command)) {
    set_range(*event, command);
    emit(*event);
  }
  history_asked_ = {};
}

// What the client may see of the history that is meant; nothing when it was told that there is
// none.
std::optional<Event> Hub::find_history(const Client& client, const Command& command) {
  Event event = make(EventKind::kHistory);
  if (command.target.starts_with('@')) {
    const std::string_view peer = command.target.substr(1);
    if (!is_valid_name(peer, limits_.name_length_max)) {
      refuse(client.session, Refusal::kInvalidName, command.target,
             {"HISTORY:@<name> is what you and one other have said to each other"});
      return std::nullopt;
    }
    text_ = history_key_of_pair(client.name, peer);
    event.from = client.named_since;  // somebody else may have had the name before
  } else {
    const Room* room = require_membership(client, command.target);
    if (room == nullptr) {
      return std::nullopt;
    }
    text_ = history_key_of_room(room->name);
    event.from = limits_.history_since_join ? since(client, *room) : 0;
  }
  event.id = next_id_;  // nothing that is newer than what the client has been sent by then
  event.to = client.session;
  event.room = command.target;
  event.target = command.peer;
  event.text = text_;
  return event;
}

// Where the client is or was written to: the last message of each, for the codec to pick from.
void Hub::targets(const Client& client, const Command& command) {
  text_.clear();
  const auto add = [this](MessageId after, const std::string& key) {
    fmt::format_to(std::back_inserter(text_), "{} {}\n", after, key);
  };
  const auto add_room = [&](const Room& room) {
    add(limits_.history_since_join ? since(client, room) : 0, history_key_of_room(room.name));
  };
  add_room(rooms_.lobby());
  for (const Client::Stay& stay : client.rooms) {
    add_room(*stay.room);
  }
  if (client.particulars) {
    for (const std::string& name : client.particulars->correspondents) {
      add(client.named_since, history_key_of_pair(client.name, name));
    }
  }
  Event event = make(EventKind::kTargets);
  event.id = next_id_;
  event.to = client.session;
  event.room = client.name;
  event.target = command.peer;
  event.text = text_;
  emit(event);
}

// Only IRC clients ask for them.
void Hub::note_correspondent(Client& client, const std::string& name) const {
  if (!client.capabilities.irc || limits_.correspondents_max == 0) {
    return;
  }
  std::vector<std::string>& names = client.make_particulars().correspondents;
  std::erase_if(names,
                [&name](const std::string& one) { return compare_ignoring_case(one, name) == 0; });
  if (names.size() == limits_.correspondents_max) {
    names.erase(names.begin());
  }
  names.push_back(name);
}

// Which part of it, in numbers no greater than the next: a store may know of none that are.
void Hub::set_range(Event& event, const Command& command) const {
  event.count = std::min(command.count, limits_.history_count_max);
  event.before = command.before;
  event.around = command.around;
  if (command.around) {
    event.middle = std::min(command.id, next_id_);
    event.before_unix_ms = command.id_unix_ms;
    return;
  }
  const MessageId after = command.before ? command.bound : command.id;
  const MessageId bound = command.before ? command.id : command.bound;
  event.from = std::max(event.from, std::min(after, next_id_));
  event.id = bound > 0 ? std::min(event.id, bound) : event.id;
  const std::int64_t later_than = command.before ? command.bound_unix_ms : command.id_unix_ms;
  event.since_unix_ms = later_than > 0 ? later_than + 1 : 0;
  event.before_unix_ms = command.before ? command.id_unix_ms : command.bound_unix_ms;
}

MessageId Hub::since(const Client& client, const Room& room) {
  const auto stay = std::find_if(client.rooms.begin(), client.rooms.end(),
                                 [&](const Client::Stay& one) { return one.room == &room; });
  return stay == client.rooms.end() ? client.since : stay->since;
}

bool Hub::may_send(const Client& client) {
  if (!store_failure_.empty()) {
    refuse(client.session, Refusal::kInternal, {},
           {"nothing can be stored at the moment, so nothing is taken: ", store_failure_});
    return false;
  }
  if (next_id_ > ids_reserved_) {
    refuse(client.session, Refusal::kInternal, {}, {"the store is far behind; try again"});
    return false;
  }
  return true;
}

// How the client calls the message that it sends now, for when it sends it again.
std::string_view Hub::retry_id(const Client& client) const {
  return client.capabilities.labels ? std::string_view() : client_id_;
}

// A program that has heard nothing of a message sends it again under the same name.
bool Hub::was_sent_before(const Client& client) {
  const std::string_view client_id = retry_id(client);
  if (client_id.empty()) {
    return false;
  }
  retries_.forget_before(time_.unix_ms - limits_.retry_window.count());
  const MessageId id = retries_.find(client.id, client_id);
  if (id != 0) {
    acknowledge(client, client_id, id);
  }
  return id != 0;
}

MessageId Hub::take_id() {
  if (next_id_ + kIdsReservedAtOnce / 2 > ids_asked_for_) {
    ids_asked_for_ += kIdsReservedAtOnce;
    Record record;
    record.kind = Record::Kind::kIdsReserved;
    record.id = ids_asked_for_;
    journal_.append(record);
  }
  return next_id_++;
}

// room: of the record; for a private message the recipient.
void Hub::keep(const Event& event, std::string_view room, const Client& sender) {
  Record record;
  record.kind = Record::Kind::kMessage;
  record.message = event.kind;
  record.id = event.id;
  record.unix_ms = event.unix_ms;
  record.room = room;
  record.sender = sender.name;
  record.text = event.text;
  record.session = sender.token();
  record.client_id = retry_id(sender);
  record.notice = event.notice;
  journal_.append(record);
  if (!record.client_id.empty()) {
    retries_.remember(sender.id, record.client_id, event.id, event.unix_ms);
    acknowledge(sender, record.client_id, event.id);
  }
}

// At once if the message is kept, else when it is.
void Hub::acknowledge(const Client& client, std::string_view client_id, MessageId id) {
  if (!client.capabilities.ack) {
    return;
  }
  if (id > kept_id_) {
    // A retry's message is older than the newest: the order is that of the numbers.
    const auto place = std::upper_bound(
        unacknowledged_.begin(), unacknowledged_.end(), id,
        [](MessageId wanted, const Unacknowledged& one) { return wanted < one.id; });
    unacknowledged_.insert(place, {id, client.id, std::string(client_id)});
    return;
  }
  Event event = make(EventKind::kAck);
  event.to = client.session;
  event.client_id = client_id;
  event.id = id;
  emit(event);
}

void Hub::on_kept(MessageId id, MessageId ids_reserved) {
  kept_id_ = std::max(kept_id_, id);
  ids_reserved_ = std::max(ids_reserved_, ids_reserved);
  while (!unacknowledged_.empty() && unacknowledged_.front().id <= kept_id_) {
    const Unacknowledged kept = std::move(unacknowledged_.front());
    unacknowledged_.pop_front();
    const Client* client = clients_.find(kept.client);
    if (client != nullptr && client->session) {
      acknowledge(*client, kept.client_id, kept.id);
    }
  }
}

}  // namespace chat
