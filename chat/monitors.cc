#include "chat/monitors.h"

#include <algorithm>

namespace chat {
namespace {

auto find_name(std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find_if(
      names, [&](const std::string& one) { return compare_ignoring_case(one, name) == 0; });
}

}  // namespace

bool Monitors::add(Client& client, std::string_view name, std::size_t names_max) {
  std::vector<std::string>& names = client.make_particulars().watched;
  if (find_name(names, name) != names.end()) {
    return true;
  }
  if (names.size() >= names_max) {
    return false;
  }
  names.emplace_back(name);
  const auto found = watchers_.find(name);
  if (found == watchers_.end()) {
    watchers_[std::string(name)].push_back(&client);
  } else {
    found->second.push_back(&client);
  }
  return true;
}

void Monitors::remove(Client& client, std::string_view name) {
  std::vector<std::string>& names = client.make_particulars().watched;
  const auto watched = find_name(names, name);
  if (watched == names.end()) {
    return;
  }
  const auto found = watchers_.find(name);
  std::erase(found->second, &client);
  if (found->second.empty()) {
    watchers_.erase(found);
  }
  names.erase(watched);
}

void Monitors::clear(Client& client) {
  while (client.particulars && !client.particulars->watched.empty()) {
    const std::string name = client.particulars->watched.back();
    remove(client, name);
  }
}

const std::vector<const Client*>& Monitors::watchers_of(std::string_view name) const {
  const auto found = watchers_.find(name);
  return found == watchers_.end() ? nobody_ : found->second;
}

}  // namespace chat
