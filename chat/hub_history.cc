#include <algorithm>

#include "chat/hub.h"
#include "chat/names.h"

namespace chat {

void Hub::history(const Client& client, const Command& command) {
  Event event = make(EventKind::kHistory);
  std::string key;
  if (command.target.starts_with('@')) {
    const std::string_view peer = command.target.substr(1);
    if (!is_valid_name(peer, limits_.name_length_max)) {
      refuse(client.session, ErrorCode::kInvalidName, command.target,
             {"HISTORY:@<name> is what you and one other have said to each other"});
      return;
    }
    key = history_key_of_pair(client.name, peer);
    event.from = client.since;  // somebody else may have had the name before
  } else {
    const Room* room = require_membership(client, command.target);
    if (room == nullptr) {
      return;
    }
    key = history_key_of_room(room->name);
    event.from = limits_.history_since_join ? since(client, *room) : 0;
  }
  // Nothing that is newer than what the client has been sent by then.
  event.id = next_id_;
  if (!command.before) {
    event.from = std::max(event.from, command.id);
  } else if (command.id > 0) {
    event.id = std::min(event.id, command.id);
  }
  event.to = client.session;
  event.room = command.target;
  event.text = key;
  event.count = std::min(command.count, limits_.history_count_max);
  event.before = command.before;
  sink_.on_event(event);
}

MessageId Hub::since(const Client& client, const Room& room) {
  const auto stay = std::find_if(client.rooms.begin(), client.rooms.end(),
                                 [&](const Client::Stay& one) { return one.room == &room; });
  return stay == client.rooms.end() ? client.since : stay->since;
}

bool Hub::may_send(const Client& client) {
  if (!store_failure_.empty()) {
    refuse(client.session, ErrorCode::kInternal, {},
           {"nothing can be stored at the moment, so nothing is taken: ", store_failure_});
    return false;
  }
  if (next_id_ > ids_reserved_) {
    refuse(client.session, ErrorCode::kInternal, {}, {"the store is far behind; try again"});
    return false;
  }
  return true;
}

// A program that has heard nothing of a message sends it again under the same name.
bool Hub::was_sent_before(const Client& client) {
  if (client_id_.empty()) {
    return false;
  }
  retries_.forget_before(time_.unix_ms - limits_.retry_window.count());
  const MessageId id = retries_.find(client.id, client_id_);
  if (id != 0) {
    acknowledge(client, client_id_, id);
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
  record.client_id = client_id_;
  journal_.append(record);
  if (!client_id_.empty()) {
    retries_.remember(sender.id, client_id_, event.id, event.unix_ms);
    acknowledge(sender, client_id_, event.id);
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
  sink_.on_event(event);
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
