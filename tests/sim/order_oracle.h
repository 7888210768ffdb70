#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

// One message as a member got it.
struct Delivery {
  std::uint64_t id = 0;  // 0: by hand, without tags
  std::string room;
  std::string sender;
  std::string text;
};

// What one client's lines say: what it got, and in which rooms it was meanwhile.
struct Transcript {
  struct Stay {
    std::string room;
    std::vector<Delivery> deliveries;
    bool over = false;  // it has left the room, or the connection was lost
  };

  std::string name;
  std::vector<Stay> stays;
  std::vector<Delivery> direct;
  std::vector<std::uint64_t> ids;  // of everything, in the order received
};

// Reads the native protocol's lines. Lines that say nothing about messages are passed over.
Transcript read_transcript(const std::vector<std::string>& lines);

// The promise that every member of a room sees its messages in the same order, exactly once while
// it is connected, checked against an observer who was in every room from the beginning and sent
// nothing there. alive: the client was connected to the end. Empty, or what is broken.
std::string check_against(const Transcript& observer, const Transcript& client, bool alive);

}  // namespace sim
