#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

// What its operators have decided about a room. Modes are named by letters, the same in every
// protocol:
//   b  masks of who may neither come in nor speak        e  of whom b is not meant
//   i  only who is invited may come in                   I  masks of who need not be
//   k  a key is needed to come in                        l  so many members at most
//   m  only operators and who has voice may speak        n  nobody speaks from outside
//   s  who is not in it does not see it                  t  only operators set the topic
// A plain value.
struct RoomModes {
  struct Mask {
    std::string text;  // normalized
    std::string set_by;
    std::int64_t set_unix_ms = 0;

    bool operator==(const Mask&) const = default;
  };
  using Masks = std::vector<Mask>;

  // Null when the letter names none.
  bool* flag(char letter);
  const bool* flag(char letter) const;
  Masks* masks(char letter);
  const Masks* masks(char letter) const;
  std::size_t masks_size() const {
    return bans.size() + exceptions.size() + invite_exceptions.size();
  }

  // "+klnt secret 20", the key being * when it is not to be seen; without masks.
  std::string describe(bool with_key) const;

  bool operator==(const RoomModes&) const = default;

  Masks bans;
  Masks exceptions;
  Masks invite_exceptions;
  std::string key;              // empty: none
  std::size_t members_max = 0;  // 0: any
  bool is_for_invited = false;
  bool is_moderated = false;
  bool is_for_members = true;
  bool is_secret = false;
  bool is_topic_locked = false;
};

bool is_room_key(std::string_view text);

// One change of several that were asked for in one text: "+o-k alice".
struct ModeChange {
  char letter = 0;
  bool adds = true;
  std::optional<std::string_view> parameter;
};

// Takes such a text apart: letters, then the parameters of those that have one, in order. Any text
// is legal; letters may mean nothing. A plain value, valid as long as the text.
class ModeReader {
 public:
  explicit ModeReader(std::string_view text);

  // The next change; none: that was all.
  std::optional<ModeChange> next();

 private:
  static bool takes_parameter(char letter, bool adds);

  std::string_view letters_;
  std::string_view parameters_;
  bool adds_ = true;
};

// Puts what was changed together again: the shortest text that says it.
class ModeText {
 public:
  void add(bool adds, char letter, std::string_view parameter = {});
  bool empty() const { return letters_.empty(); }
  std::string text() const { return letters_ + parameters_; }

 private:
  std::string letters_;
  std::string parameters_;
  char sign_ = 0;
};

// Why a change is not made.
enum class ModeMistake : std::uint8_t {
  kUnknownMode,
  kNoParameter,
  kWrongParameter,
  kListFull,
};

// So many operators, and as many voices, are kept of a room.
inline constexpr std::size_t kRolesKeptMax = 1000;

// What is kept of a room in case that the server starts again: who moderates it, and how. Operators
// and voices are those who can come back, by name.
struct RoomState {
  std::int64_t made_unix_ms = 0;
  RoomModes modes;
  std::vector<std::string> operators;
  std::vector<std::string> voices;

  bool operator==(const RoomState&) const = default;
};

// One line of text.
std::string write_room_state(const RoomState& state);
// Any text is legal: what can't be is left out.
RoomState read_room_state(std::string_view text);

}  // namespace chat
