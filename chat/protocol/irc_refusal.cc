#include "chat/protocol/irc_refusal.h"

namespace chat {
namespace {

using Subject = IrcRefusal::Subject;

constexpr IrcRefusal numeric(std::uint32_t number, Subject subject, std::string_view text = {}) {
  return {.number = number, .code = {}, .subject = subject, .text = text};
}

constexpr IrcRefusal fail(std::string_view code, Subject subject = Subject::kNone) {
  return {.number = 0, .code = code, .subject = subject, .text = {}};
}

}  // namespace

IrcRefusal irc_refusal_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoSuchName:
      return numeric(401, Subject::kWord, "No such nick/channel");
    case Refusal::kNoSuchRoom:
      return numeric(403, Subject::kRoom, "No such channel");
    case Refusal::kInvalidRoomName:
      return numeric(403, Subject::kRoom, "No channel can have this name");
    case Refusal::kCannotSpeak:
      return numeric(404, Subject::kRoom, "Cannot send to channel");
    case Refusal::kTooManyRooms:
      return numeric(405, Subject::kRoom, "You have joined too many channels");
    case Refusal::kTooLong:
      return numeric(417, Subject::kNone);
    case Refusal::kUnknownVerb:
      return numeric(421, Subject::kWord);
    case Refusal::kInvalidName:
      return numeric(432, Subject::kWord, "Erroneous nickname");
    case Refusal::kNameTaken:
      return numeric(433, Subject::kWord, "Nickname is already in use");
    case Refusal::kNoRoomLeft:
      return numeric(437, Subject::kRoom, "The server has no room for another channel");
    case Refusal::kTargetNotInRoom:
      return numeric(441, Subject::kWordAndRoom, "They aren't on that channel");
    case Refusal::kNotInRoom:
      return numeric(442, Subject::kRoom, "You're not on that channel");
    case Refusal::kTargetInRoom:
      return numeric(443, Subject::kWordAndRoom, "is already on channel");
    case Refusal::kRegisterFirst:
      return numeric(451, Subject::kNone, "You have not registered");
    case Refusal::kMalformed:
      return numeric(461, Subject::kWord);
    case Refusal::kRegisteredAlready:
      return numeric(462, Subject::kNone, "You may not reregister");
    case Refusal::kRoomIsFull:
      return numeric(471, Subject::kRoom, "Cannot join channel (+l)");
    case Refusal::kInviteOnly:
      return numeric(473, Subject::kRoom, "Cannot join channel (+i)");
    case Refusal::kBanned:
      return numeric(474, Subject::kRoom, "Cannot join channel (+b)");
    case Refusal::kWrongKey:
      return numeric(475, Subject::kRoom, "Cannot join channel (+k)");
    case Refusal::kNotOperator:
      return numeric(482, Subject::kRoom, "You're not channel operator");
    case Refusal::kNotInLobby:
      return numeric(482, Subject::kRoom, "Nobody can leave or change this channel");
    case Refusal::kTooFast:
      return fail("RATE_LIMITED");
    case Refusal::kShuttingDown:
      return fail("SHUTTING_DOWN");
    case Refusal::kInternal:
      return fail("INTERNAL_ERROR");
    case Refusal::kGone:
      return fail("MESSAGES_GONE");
    case Refusal::kNone:
    case Refusal::kForbidden:
    case Refusal::kNoRequest:
    case Refusal::kNoSuchSession:
    case Refusal::kBusy:
      return fail("FORBIDDEN", Subject::kWord);
  }
  return fail("INTERNAL_ERROR");
}

}  // namespace chat
