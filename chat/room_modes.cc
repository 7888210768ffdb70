#include "chat/room_modes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "chat/limits.h"
#include "chat/masks.h"
#include "chat/names.h"
#include "chat/number.h"

namespace chat {
namespace {

// In the order in which they are told.
constexpr std::string_view kFlags = "imnst";
constexpr std::string_view kLists = "beI";
constexpr std::string_view kRoles = "ov";

// What a room can have is bounded long before it is kept: this bounds what is read.
constexpr std::size_t kMasksReadMax = 10'000;

// The text up to the first separator, which goes with it.
std::string_view take_word(std::string_view& text, char separator) {
  const std::string_view word = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

std::string_view skip_spaces(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

template <class Number>
Number number_or_0(std::string_view text) {
  return std::max<Number>(parse_number<Number>(text).value_or(0), 0);
}

bool can_be_name(std::string_view text) { return is_valid_name(text, text.size()); }

}  // namespace

const bool* RoomModes::flag(char letter) const {
  switch (letter) {
    case 'i':
      return &is_for_invited;
    case 'm':
      return &is_moderated;
    case 'n':
      return &is_for_members;
    case 's':
      return &is_secret;
    case 't':
      return &is_topic_locked;
    default:
      return nullptr;
  }
}

bool* RoomModes::flag(char letter) { return const_cast<bool*>(std::as_const(*this).flag(letter)); }

const RoomModes::Masks* RoomModes::masks(char letter) const {
  switch (letter) {
    case 'b':
      return &bans;
    case 'e':
      return &exceptions;
    case 'I':
      return &invite_exceptions;
    default:
      return nullptr;
  }
}

RoomModes::Masks* RoomModes::masks(char letter) {
  return const_cast<Masks*>(std::as_const(*this).masks(letter));
}

std::string RoomModes::describe(bool with_key) const {
  ModeText text;
  for (const char letter : kFlags) {
    if (*flag(letter)) {
      text.add(true, letter);
    }
  }
  if (!key.empty()) {
    text.add(true, 'k', with_key ? key : "*");
  }
  if (members_max > 0) {
    text.add(true, 'l', std::to_string(members_max));
  }
  return text.empty() ? "+" : text.text();
}

// So that it is one word in any protocol, and one of a list.
bool is_room_key(std::string_view text) {
  return !text.empty() && text.size() <= kRoomKeyBytesMax && text.front() != ':' &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

ModeReader::ModeReader(std::string_view text) {
  text = skip_spaces(text);
  letters_ = take_word(text, ' ');
  parameters_ = skip_spaces(text);
}

std::optional<ModeChange> ModeReader::next() {
  while (!letters_.empty() && (letters_.front() == '+' || letters_.front() == '-')) {
    adds_ = letters_.front() == '+';
    letters_.remove_prefix(1);
  }
  if (letters_.empty()) {
    return std::nullopt;
  }
  ModeChange change{letters_.front(), adds_, std::nullopt};
  letters_.remove_prefix(1);
  if (takes_parameter(change.letter, adds_) && !parameters_.empty()) {
    change.parameter = take_word(parameters_, ' ');
    parameters_ = skip_spaces(parameters_);
  }
  return change;
}

bool ModeReader::takes_parameter(char letter, bool adds) {
  return kLists.find(letter) != std::string_view::npos ||
         kRoles.find(letter) != std::string_view::npos || letter == 'k' || (letter == 'l' && adds);
}

void ModeText::add(bool adds, char letter, std::string_view parameter) {
  const char sign = adds ? '+' : '-';
  if (std::exchange(sign_, sign) != sign) {
    letters_ += sign;
  }
  letters_ += letter;
  if (!parameter.empty()) {
    parameters_ += ' ';
    parameters_ += parameter;
  }
}

// Words with a letter each, as modes have: "n=imn", "k=secret", "b=mask,by,time"; "t" is when the
// room was made.
std::string write_room_state(const RoomState& state) {
  const RoomModes& modes = state.modes;
  std::string text = fmt::format("t={} n=", state.made_unix_ms);
  for (const char letter : kFlags) {
    if (*modes.flag(letter)) {
      text += letter;
    }
  }
  if (!modes.key.empty()) {
    text += fmt::format(" k={}", modes.key);
  }
  if (modes.members_max > 0) {
    text += fmt::format(" l={}", modes.members_max);
  }
  for (const std::string& name : state.operators) {
    text += fmt::format(" o={}", name);
  }
  for (const std::string& name : state.voices) {
    text += fmt::format(" v={}", name);
  }
  for (const char letter : kLists) {
    for (const RoomModes::Mask& mask : *modes.masks(letter)) {
      text += fmt::format(" {}={},{},{}", letter, mask.text, mask.set_by, mask.set_unix_ms);
    }
  }
  return text;
}

namespace {

void read_mask(RoomModes& modes, char letter, std::string_view value) {
  RoomModes::Mask mask;
  const std::string_view text = take_word(value, ',');
  mask.text = normalized_mask(text);
  mask.set_by = take_word(value, ',');
  mask.set_unix_ms = number_or_0<std::int64_t>(value);
  if (mask.text == text && !text.empty() && can_be_name(mask.set_by) &&
      modes.masks_size() < kMasksReadMax) {
    modes.masks(letter)->push_back(std::move(mask));
  }
}

void read_name(std::vector<std::string>& names, std::string_view name) {
  if (can_be_name(name) && names.size() < kRolesKeptMax) {
    names.emplace_back(name);
  }
}

void read_word(RoomState& state, char letter, std::string_view value) {
  switch (letter) {
    case 't':
      state.made_unix_ms = number_or_0<std::int64_t>(value);
      return;
    case 'n':
      for (const char flag : kFlags) {
        *state.modes.flag(flag) = value.find(flag) != std::string_view::npos;
      }
      return;
    case 'k':
      state.modes.key = is_room_key(value) ? value : std::string_view();
      return;
    case 'l':
      state.modes.members_max = number_or_0<std::size_t>(value);
      return;
    case 'o':
      return read_name(state.operators, value);
    case 'v':
      return read_name(state.voices, value);
    case 'b':
    case 'e':
    case 'I':
      return read_mask(state.modes, letter, value);
    default:
      return;  // of a newer server
  }
}

}  // namespace

RoomState read_room_state(std::string_view text) {
  RoomState state;
  while (!text.empty()) {
    const std::string_view word = take_word(text, ' ');
    if (word.size() > 2 && word[1] == '=') {
      read_word(state, word[0], word.substr(2));
    } else if (word == "n=") {
      read_word(state, 'n', {});
    }
  }
  return state;
}

}  // namespace chat
