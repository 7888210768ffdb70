#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/bygone.h"
#include "chat/clients.h"
#include "chat/limits.h"
#include "chat/message.h"
#include "chat/room_modes.h"
#include "chat/rooms.h"
#include "chat/server_info.h"

namespace chat {

// Answers the questions that only IRC clients ask, in the words of that protocol: a number, and
// what follows the name of the one who is told, each short enough for one line. Rooms have a # in
// front. The lobby, where everybody is, is told of only to who names it. Reads what the hub has,
// and changes nothing. Owned by the Hub.
class IrcAnswers {
 public:
  // Where answers go.
  class Sink {
   public:
    // number: 0: the text is all of the line. The text is valid during the call only.
    virtual void answer(const Client& to, std::uint32_t number, std::string_view text) = 0;

   protected:
    ~Sink() = default;
  };

  // Nothing is owned; all of it outlives this.
  IrcAnswers(const Limits& limits, const ServerInfo& info, const Rooms& rooms,
             const Clients& clients, const Bygone& bygone, Sink& sink)
      : limits_(limits),
        info_(info),
        rooms_(rooms),
        clients_(clients),
        bygone_(bygone),
        sink_(sink) {}

  // Rooms (irc_answers.cc): NAMES, LIST and MODE. room_name: empty for all.
  void names(const Client& to, std::string_view room_name);
  // The names in a room that the client may see.
  void names_in(const Client& to, const Room& room);
  void list_rooms(const Client& to, std::string_view wanted);
  void no_topic(const Client& to, const Room& room);
  void modes_of(const Client& to, const Room& room);
  void masks_of(const Client& to, const Room& room, char letter);
  void mode_mistake(const Client& to, const Room& room, const ModeChange& change,
                    ModeMistake mistake);

  // The server: LUSERS and MOTD.
  void counts(const Client& to);
  void message_of_the_day(const Client& to);

  // People (irc_answers_people.cc): WHO, WHOIS, WHOWAS, ISON, USERHOST.
  void who(const Client& to, std::string_view target, std::string_view fields,
           std::int64_t now_unix_ms);
  void whois(const Client& to, std::string_view name, std::int64_t now_unix_ms);
  void whowas(const Client& to, std::string_view name, std::size_t count_max);
  void is_on(const Client& to, std::string_view names);
  void user_hosts(const Client& to, std::string_view names);

  // AWAY, and MODE of a client.
  void noted_away(const Client& to);
  void away(const Client& to, const Client& who);
  void user_modes(const Client& to);
  void user_modes_changed(const Client& to, std::string_view changes);
  void unknown_user_mode(const Client& to);
  void not_ones_own_modes(const Client& to);

  // MONITOR.
  void online(const Client& to, const Client& who);
  void offline(const Client& to, std::string_view name);
  void monitored(const Client& to, const std::vector<std::string>& names);
  void watched(const Client& to);
  void watches_enough(const Client& to, std::string_view name);

 private:
  // An answer of many items, continued in as many lines as it takes.
  class List;
  // What WHO tells of each.
  struct WhoFields;

  // How many bytes an answer to the client can have.
  std::size_t bytes_max(const Client& to) const;
  // Cut where it is too long.
  void tell(const Client& to, std::uint32_t number, std::string_view text);
  // As a word among others, whatever the client said.
  static std::string_view word(std::string_view text);
  const Client* find(std::string_view name) const;
  static std::string prefix(const Client& to, Role role);

  std::size_t tell_names(const Client& to, const Room& room, std::size_t names_max);
  void append_name(const Client& to, const Client& member, Role role);
  bool who_in(const Client& to, const Room& room, const WhoFields& fields);
  bool who_matches(const Client& to, std::string_view mask, const WhoFields& fields);
  void who_line(const Client& to, const Room* room, const Client& one, const WhoFields& fields);
  void rooms_of(const Client& to, const Client& who);

  const Limits& limits_;
  const ServerInfo& info_;
  const Rooms& rooms_;
  const Clients& clients_;
  const Bygone& bygone_;
  Sink& sink_;
  std::string item_;  // kept for its memory
};

}  // namespace chat
