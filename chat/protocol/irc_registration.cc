#include <algorithm>
#include <charconv>
#include <iterator>

#include "chat/names.h"
#include "chat/protocol/irc_codec.h"
#include "chat/protocol/utf8.h"

namespace chat {
namespace {

// Of the negotiation.
constexpr unsigned kVersionWithValues = 302;
// More than all capabilities take: it has to fit into the answer.
constexpr std::size_t kRequestBytesMax = 350;

// So that it is a word, and means nothing in a mask or an origin.
bool belongs_in_user(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// ~ says that nobody has looked whether it is true.
std::string shown_user(std::string_view said) {
  std::string user = "~";
  std::copy_if(said.begin(), said.end(), std::back_inserter(user), belongs_in_user);
  user.resize(std::min(user.size(), kUserBytesMax));
  return user.size() > 1 ? user : "~user";
}

}  // namespace

void IrcCodec::nick(IrcTurn& turn, const IrcLine& line) {
  const std::string_view name = line.param(0);
  if (name.empty()) {
    return turn.answer(431, {":No nickname given"});
  }
  if (registration_ == nullptr) {
    return turn.submit(Verb::kRename, name);
  }
  if (!is_valid_name(name, limits_.name_length_max)) {
    // At once: who negotiates would learn it long afterwards.
    return turn.refuse(Refusal::kInvalidName, name, {});
  }
  registration_->name = name;
  registration_->name_refused = false;
  register_if_complete(turn);
}

void IrcCodec::user(IrcTurn& turn, const IrcLine& line) {
  if (registration_ == nullptr || registration_->was_sent) {
    return turn.refuse(Refusal::kRegisteredAlready, {}, "You may not reregister");
  }
  if (line.param(0).empty() || line.param(3).empty()) {
    return turn.refuse(Refusal::kMalformed, "USER", "Not enough parameters");
  }
  registration_->user = shown_user(line.param(0));
  registration_->real_name = cut_text(line.param(3), kRealNameBytesMax);
  register_if_complete(turn);
}

// Nobody needs a password here, so each is right.
void IrcCodec::pass(IrcTurn& turn, const IrcLine& line) const {
  if (registration_ == nullptr || registration_->was_sent) {
    turn.refuse(Refusal::kRegisteredAlready, {}, "You may not reregister");
  } else if (line.param(0).empty()) {
    turn.refuse(Refusal::kMalformed, "PASS", "Not enough parameters");
  }
}

// A name that is refused leaves everything else as it is, so the next NICK comes here again. One
// that comes before the hub has answered does, too: the hub takes it for another name then.
void IrcCodec::register_if_complete(IrcTurn& turn) {
  const Registration& said = *registration_;
  if (said.name.empty() || said.name_refused || said.user.empty() || said.negotiates) {
    return;
  }
  registration_->was_sent = true;
  Command command;
  command.verb = Verb::kRegister;
  command.target = said.name;
  command.user = said.user;
  command.text = said.real_name;
  turn.submit(command);
}

void IrcCodec::cap(IrcTurn& turn, const IrcLine& line) {
  const std::string_view subcommand = line.param(0);
  const auto is = [subcommand](std::string_view name) {
    return compare_ignoring_case(subcommand, name) == 0;
  };
  const bool suspends = is("LS") || is("REQ");
  if (registration_ != nullptr && suspends && !registration_->was_sent) {
    registration_->negotiates = true;
  }
  if (is("LS")) {
    unsigned version = 0;
    const std::string_view said = line.param(1);
    std::from_chars(said.data(), said.data() + said.size(), version);
    if (version >= kVersionWithValues) {
      knows_302_ = true;
      capabilities_.set(IrcCapability::kCapNotify, true);
    }
    const std::string names = list_offered(server_, version >= kVersionWithValues);
    turn.answer_line({"CAP ", name_or_star(), " LS :", names});
  } else if (is("LIST")) {
    turn.answer_line({"CAP ", name_or_star(), " LIST :", list_capabilities(capabilities_)});
  } else if (is("REQ")) {
    cap_request(turn, line.param(1));
  } else if (!is("END")) {
    turn.answer(410, {as_irc_word(subcommand), " :Invalid CAP command"});
  } else if (registration_ != nullptr && registration_->negotiates) {
    registration_->negotiates = false;
    register_if_complete(turn);
  }
}

// All of it or nothing. Notices of changes come with version 302 and stay.
void IrcCodec::cap_request(IrcTurn& turn, std::string_view names) {
  names = names.substr(0, names.find_last_not_of(' ') + 1);
  const auto wanted = capabilities_.after(names, server_);
  const bool is_granted = wanted && names.size() <= kRequestBytesMax &&
                          (!knows_302_ || wanted->has(IrcCapability::kCapNotify));
  if (!is_granted) {
    return turn.answer_line({"CAP ", name_or_star(), " NAK :", names});
  }
  capabilities_ = *wanted;
  capabilities_for_hub_ = capabilities_.for_hub();
  turn.submit(Verb::kHello, {}, names);
}

}  // namespace chat
