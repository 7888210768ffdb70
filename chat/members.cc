#include "chat/members.h"

#include <algorithm>

#include "reactor/check.h"

namespace chat {

namespace {

Session::Membership* find_membership(Session& session, RoomId room) {
  std::vector<Session::Membership>& all = session.memberships();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [room](const auto& entry) { return entry.room == room; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

void Members::add(RoomId room, std::string_view name, Session& session) {
  if (find_membership(session, room) != nullptr) {
    return;
  }
  Room& entered = rooms_[room];
  if (entered.members.empty()) {
    entered.name = name;
  }
  std::vector<Member>& members = entered.members;
  session.memberships().push_back({room, static_cast<std::uint32_t>(members.size())});
  members.push_back(member_of(session));
}

Members::Member Members::member_of(Session& session) {
  return {&session.connection(), &session, encoded_.index_of(session.codec().format()),
          session.feed != nullptr};
}

bool Members::is_member(RoomId room, Session& session) {
  return find_membership(session, room) != nullptr;
}

void Members::remove(RoomId room, Session& session) {
  Session::Membership* membership = find_membership(session, room);
  if (membership == nullptr) {
    return;
  }
  const auto found = rooms_.find(room);
  CHECK(found != rooms_.end() && membership->position < found->second.members.size(),
        "a membership without a room", room);
  std::vector<Member>& members = found->second.members;
  // The last member takes the place.
  members[membership->position] = members.back();
  find_membership(*members.back().session, room)->position = membership->position;
  members.pop_back();
  if (members.empty()) {
    rooms_.erase(found);
  }
  *membership = session.memberships().back();
  session.memberships().pop_back();
}

void Members::remove_from_all(Session& session) {
  while (!session.memberships().empty()) {
    remove(session.memberships().back().room, session);
  }
}

void Members::refresh(Session& session) {
  for (const Session::Membership& membership : session.memberships()) {
    rooms_.at(membership.room).members[membership.position] = member_of(session);
  }
}

std::span<const Members::Member> Members::of(RoomId room) const {
  const auto found = rooms_.find(room);
  return found == rooms_.end() ? std::span<const Member>{} : found->second.members;
}

}  // namespace chat
