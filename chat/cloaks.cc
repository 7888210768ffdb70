#include "chat/cloaks.h"

#include <algorithm>
#include <utility>

#include "reactor/check.h"

namespace chat {
namespace {

// Enough for billions of addresses before the first is tried twice.
constexpr std::size_t kLabelLength = 8;
// Looks like a host name, and can be told from any that is one.
constexpr std::string_view kEnding = ".client";

bool is_local(std::string_view address) {
  return address == "unix" || address == "::1" || address.starts_with("127.") ||
         address.starts_with("::ffff:127.");
}

}  // namespace

Cloaks::Cloak* Cloaks::take(std::string_view address) {
  if (address.empty() || is_local(address)) {
    return nullptr;
  }
  const auto [place, is_new] = by_address_.try_emplace(std::string(address));
  Cloak& cloak = place->second;
  if (is_new) {
    cloak.label = make_label();
    cloak.address = &place->first;
  } else if (cloak.users == 0) {
    unused_.erase(cloak.place);
  }
  ++cloak.users;
  return &cloak;
}

void Cloaks::release(Cloak* cloak) {
  if (cloak == nullptr) {
    return;
  }
  CHECK(cloak->users > 0, "left an address more often than come", cloak->label);
  if (--cloak->users == 0) {
    cloak->place = unused_.insert(unused_.end(), cloak);
    if (unused_.size() > kept_max_) {
      forget_oldest_unused();
    }
  }
}

std::string_view Cloaks::shown(std::string_view address, const Cloak* cloak) {
  if (cloak != nullptr) {
    return cloak->label;
  }
  return is_local(address) ? "localhost" : "unknown";
}

std::string Cloaks::make_label() {
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    std::string label = make_token_();
    label.erase(0, label.size() - std::min(label.size(), kLabelLength));
    label += kEnding;
    if (labels_.insert(label).second) {
      return label;
    }
  }
  CHECK(false, "tokens that are all the same", labels_.size());
}

void Cloaks::forget_oldest_unused() {
  const Cloak& oldest = *unused_.front();
  unused_.pop_front();
  labels_.erase(oldest.label);
  by_address_.erase(by_address_.find(*oldest.address));
}

}  // namespace chat
