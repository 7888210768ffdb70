#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace chat {

// A mask as it is kept: "nick!user@host", in which * stands for any text and ? for any character;
// what is left out stands for all: "bob" is "bob!*@*". Empty when the text can't be one: too long,
// or with anything in it that ends a word or an item of a list.
std::string normalized_mask(std::string_view text);

// Compares texts with masks, ignoring ASCII case. One text at a time, and as many masks as there
// are: each costs time in proportion to its length, whatever it looks like. A plain value, of some
// kilobytes.
class MaskMatcher {
 public:
  static constexpr std::size_t kTextBytesMax = 255;  // of which more is not looked at

  // The text that masks are compared with from now on: the parts, one behind the other.
  void look_at(std::initializer_list<std::string_view> parts);
  bool matches(std::string_view mask) const;

 private:
  // A bit for each place in the text, and one for its end.
  struct Places {
    std::array<std::uint64_t, (kTextBytesMax + 1) / 64> words{};

    void set(std::size_t place) { words[place / 64] |= std::uint64_t{1} << place % 64; }
    bool has(std::size_t place) const { return (words[place / 64] >> place % 64 & 1) != 0; }
    bool empty() const;
    void keep(const Places& others);
    void move_up();     // each to the next place
    void add_beyond();  // all behind the first one
  };

  std::array<Places, 256> places_of_;  // by byte: where in the text it is
  std::array<unsigned char, kTextBytesMax> text_{};
  std::size_t size_ = 0;
  Places all_;
};

}  // namespace chat
