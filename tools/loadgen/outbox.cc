#include "tools/loadgen/outbox.h"

#include <algorithm>

#include "reactor/check.h"

namespace loadgen {

void Outbox::add(std::uint64_t number, std::string_view payload) {
  CHECK(messages_.empty() || messages_.back().number < number, "a number out of turn", number);
  messages_.push_back({number, std::string(payload)});
}

bool Outbox::take(std::uint64_t number) {
  const auto found = find(number);
  if (found == messages_.end()) {
    return false;
  }
  messages_.erase(found);
  return true;
}

bool Outbox::refuse(std::uint64_t number) {
  const auto found = find(number);
  if (found == messages_.end()) {
    return false;
  }
  found->is_refused = true;
  return true;
}

std::deque<Outbox::Message>::iterator Outbox::find(std::uint64_t number) {
  const auto found = std::lower_bound(
      messages_.begin(), messages_.end(), number,
      [](const Message& message, std::uint64_t wanted) { return message.number < wanted; });
  return found != messages_.end() && found->number == number ? found : messages_.end();
}

}  // namespace loadgen
