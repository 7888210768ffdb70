#include "tests/sim/order_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sim {

namespace {

// The part up to the first colon, which is taken off.
std::string_view take_field(std::string_view& rest) {
  const std::size_t colon = rest.find(':');
  const std::string_view field = rest.substr(0, colon);
  rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  return field;
}

std::uint64_t take_tags(std::string_view& line) {
  std::uint64_t id = 0;
  if (line.starts_with('@')) {
    const std::string_view tags = line.substr(0, line.find(' '));
    line.remove_prefix(tags.size() + 1);
    if (const std::size_t at = tags.find("id="); at != std::string_view::npos) {
      std::from_chars(tags.data() + at + 3, tags.data() + tags.size(), id);
    }
  }
  return id;
}

class Reader {
 public:
  Transcript take() && { return std::move(transcript_); }

  void line(std::string_view rest) {
    const std::uint64_t id = take_tags(rest);
    const std::string_view verb = take_field(rest);
    if (verb == "REGISTERED") {
      transcript_.name = rest;
      enter("lobby");
    } else if (verb == "JOINED") {
      enter(rest);
    } else if (verb == "PARTED") {
      leave(rest);
    } else if (verb == "MESSAGE") {
      const std::string_view sender = take_field(rest);
      deliver({id, "lobby", std::string(sender), std::string(rest)});
    } else if (verb == "ROOM_MESSAGE") {
      const std::string_view room = take_field(rest);
      const std::string_view sender = take_field(rest);
      deliver({id, std::string(room), std::string(sender), std::string(rest)});
    } else if (verb == "DIRECT") {
      const std::string_view sender = take_field(rest);
      transcript_.direct.push_back({id, {}, std::string(sender), std::string(rest)});
      note_id(id);
    }
  }

 private:
  Transcript::Stay* current(std::string_view room) {
    const auto found =
        std::find_if(transcript_.stays.rbegin(), transcript_.stays.rend(),
                     [room](const auto& stay) { return stay.room == room && !stay.over; });
    return found == transcript_.stays.rend() ? nullptr : &*found;
  }

  void enter(std::string_view room) {
    if (current(room) == nullptr) {
      transcript_.stays.push_back({std::string(room), {}, false});
    }
  }

  void leave(std::string_view room) {
    if (Transcript::Stay* stay = current(room)) {
      stay->over = true;
    }
  }

  void deliver(Delivery delivery) {
    note_id(delivery.id);
    if (Transcript::Stay* stay = current(delivery.room)) {
      stay->deliveries.push_back(std::move(delivery));
    } else {
      // A message of a room that it is not in: kept as a stay of its own, which matches nothing.
      transcript_.stays.push_back({"not a member of " + delivery.room, {delivery}, true});
    }
  }

  void note_id(std::uint64_t id) {
    if (id != 0) {
      transcript_.ids.push_back(id);
    }
  }

  Transcript transcript_;
};

// The room's whole truth, without what `name` sent.
std::vector<Delivery> truth_for(const Transcript& observer, const std::string& room,
                                const std::string& name) {
  std::vector<Delivery> truth;
  for (const Transcript::Stay& stay : observer.stays) {
    if (stay.room == room) {
      std::copy_if(stay.deliveries.begin(), stay.deliveries.end(), std::back_inserter(truth),
                   [&name](const Delivery& delivery) { return delivery.sender != name; });
    }
  }
  return truth;
}

std::string check_stay(const Transcript& observer, const Transcript& client,
                       const Transcript::Stay& stay, bool to_the_end) {
  const std::vector<Delivery> truth = truth_for(observer, stay.room, client.name);
  // Texts are unique in a run, so the first one tells where the stay begins.
  std::size_t at = truth.size();
  if (!stay.deliveries.empty()) {
    const auto first = std::find_if(truth.begin(), truth.end(), [&stay](const Delivery& delivery) {
      return delivery.text == stay.deliveries.front().text;
    });
    at = static_cast<std::size_t>(first - truth.begin());
  }
  for (const Delivery& got : stay.deliveries) {
    if (at == truth.size() || truth[at].text != got.text || truth[at].sender != got.sender ||
        (got.id != 0 && got.id != truth[at].id)) {
      return fmt::format("{} in {}: got \"{}\" (id {}) where \"{}\" was next", client.name,
                         stay.room, got.text, got.id,
                         at == truth.size() ? "nothing" : truth[at].text);
    }
    ++at;
  }
  if (to_the_end && !stay.deliveries.empty() && at != truth.size()) {
    return fmt::format("{} in {}: missed \"{}\" at the end", client.name, stay.room,
                       truth[at].text);
  }
  return {};
}

}  // namespace

Transcript read_transcript(const std::vector<std::string>& lines) {
  Reader reader;
  for (const std::string& line : lines) {
    reader.line(line);
  }
  return std::move(reader).take();
}

std::string check_against(const Transcript& observer, const Transcript& client, bool alive) {
  if (std::adjacent_find(client.ids.begin(), client.ids.end(), std::greater_equal<>()) !=
      client.ids.end()) {
    return fmt::format("{}: ids do not increase", client.name);
  }
  for (const Transcript::Stay& stay : client.stays) {
    if (std::string broken = check_stay(observer, client, stay, alive && !stay.over);
        !broken.empty()) {
      return broken;
    }
  }
  return {};
}

}  // namespace sim
