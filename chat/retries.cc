#include "chat/retries.h"

#include <cstring>

#include "reactor/check.h"

namespace chat {

// Eight bytes of the client's number, then what it calls the message: no two look the same.
const std::string& Retries::key_of(ClientId client, std::string_view client_id) {
  key_.assign(sizeof(client), '\0');
  std::memcpy(key_.data(), &client, sizeof(client));
  key_.append(client_id);
  return key_;
}

void Retries::remember(ClientId client, std::string_view client_id, MessageId id,
                       std::int64_t unix_ms) {
  forget_before(unix_ms - window_ms_);
  if (count_max_ == 0) {
    return;
  }
  while (ids_.size() >= count_max_) {
    forget_oldest();
  }
  const auto [place, is_new] = ids_.emplace(key_of(client, client_id), id);
  CHECK(is_new, "remembered twice", client_id);
  oldest_first_.push_back({&place->first, unix_ms});
}

MessageId Retries::find(ClientId client, std::string_view client_id) {
  const auto found = ids_.find(key_of(client, client_id));
  return found == ids_.end() ? 0 : found->second;
}

void Retries::forget_before(std::int64_t unix_ms) {
  while (!oldest_first_.empty() && oldest_first_.front().unix_ms < unix_ms) {
    forget_oldest();
  }
}

void Retries::forget_oldest() {
  ids_.erase(ids_.find(*oldest_first_.front().key));
  oldest_first_.pop_front();
}

}  // namespace chat
