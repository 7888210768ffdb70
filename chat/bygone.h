#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "chat/rooms.h"

namespace chat {

// Who had which name before: those who have left or taken another, the latest first, up to a
// bound. A plain state machine, owned by the Hub.
class Bygone {
 public:
  struct One {
    std::string name;
    std::string origin;
    std::string real_name;  // empty: the name
    std::int64_t until_unix_ms = 0;
  };

  explicit Bygone(std::size_t count_max) : count_max_(count_max) {}

  void note(const Client& client, std::int64_t now_unix_ms) {
    if (count_max_ == 0) {
      return;
    }
    if (all_.size() >= count_max_) {
      all_.pop_back();
    }
    const bool has_real_name = client.real_name() != client.name;
    all_.push_front({client.name, client.origin,
                     std::string(has_real_name ? client.real_name() : std::string_view()),
                     now_unix_ms});
  }
  const std::deque<One>& all() const { return all_; }

 private:
  const std::size_t count_max_;
  std::deque<One> all_;
};

}  // namespace chat
