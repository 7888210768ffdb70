#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chat/names.h"
#include "chat/rooms.h"

namespace chat {

// Who wants to be told when which name comes and goes. What one client watches is in its
// Particulars, spelled as it spelled it; here it is the other way round. A plain state machine,
// owned by the Hub.
class Monitors {
 public:
  // False when it watches names_max already. Nothing happens when it watches this one.
  bool add(Client& client, std::string_view name, std::size_t names_max);
  // Nothing happens when it does not.
  void remove(Client& client, std::string_view name);
  void clear(Client& client);

  const std::vector<const Client*>& watchers_of(std::string_view name) const;

 private:
  struct IgnoringCase {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const {
      return compare_ignoring_case(a, b) < 0;
    }
  };

  std::map<std::string, std::vector<const Client*>, IgnoringCase> watchers_;
  const std::vector<const Client*> nobody_{};
};

}  // namespace chat
