#include "chat/delayed_events.h"

#include <algorithm>

namespace chat {

void DelayedEvents::add(const Event& event, ShardSet shards) {
  if (!is_open_) {
    groups_.emplace_back();
    is_open_ = true;
  }
  Group& group = groups_.back();
  if (is_new_message(event)) {
    group.last_message = event.id;
  }
  group.events.add(event);
  group.shards.push_back(shards);
}

}  // namespace chat
