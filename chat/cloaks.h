#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "chat/token.h"

namespace chat {

// Where somebody is, as everybody may know it: a label that says nothing, but is the same for all
// who come from the same address, so that a ban can name it. An address keeps its label while
// somebody is there, and for a good while longer: until too many others have left. A plain state
// machine, owned by the Hub.
class Cloaks {
 public:
  // One address; stays where it is while somebody is there.
  struct Cloak {
    std::string label;
    const std::string* address = nullptr;  // in by_address_
    std::size_t users = 0;
    std::list<Cloak*>::iterator place;  // in unused_, while there are none
  };

  // kept_max: addresses that nobody is at any more.
  Cloaks(TokenSource make_token, std::size_t kept_max)
      : make_token_(std::move(make_token)), kept_max_(kept_max) {}

  // For one more who is there. Null for those on this machine and for an unknown address (empty):
  // they need no label.
  Cloak* take(std::string_view address);
  // One of them has left. cloak: may be null.
  void release(Cloak* cloak);
  // How others are told: "k3f9x2a1.client", "localhost" or "unknown".
  static std::string_view shown(std::string_view address, const Cloak* cloak);

  std::size_t size() const { return by_address_.size(); }

 private:
  std::string make_label();
  void forget_oldest_unused();

  const TokenSource make_token_;
  const std::size_t kept_max_;
  std::unordered_map<std::string, Cloak> by_address_;
  std::unordered_set<std::string> labels_;
  std::list<Cloak*> unused_;  // the longest unused first
};

}  // namespace chat
