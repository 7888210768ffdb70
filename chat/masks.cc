#include "chat/masks.h"

#include <algorithm>

#include "chat/limits.h"

namespace chat {
namespace {

constexpr unsigned char fold(char c) {
  return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool can_be_in_mask(char c) { return c > ' ' && c <= '~' && c != ','; }

void append_part(std::string& mask, std::string_view part) {
  for (const char c : part.empty() ? "*" : part) {
    if (c != '*' || !mask.ends_with('*')) {
      mask += c;
    }
  }
}

}  // namespace

std::string normalized_mask(std::string_view text) {
  if (text.empty() || text.starts_with(':') || text.size() > kMaskBytesMax ||
      !std::ranges::all_of(text, can_be_in_mask)) {
    return {};
  }
  const std::size_t bang = text.find('!');
  const std::size_t at = text.find('@', bang == std::string_view::npos ? 0 : bang);
  const bool has_user = bang != std::string_view::npos;
  const bool has_host = at != std::string_view::npos;
  std::string_view nick = has_user ? text.substr(0, bang) : text;
  std::string_view user = has_user ? text.substr(bang + 1) : std::string_view();
  if (has_host) {
    nick = has_user ? nick : std::string_view();
    user = has_user ? text.substr(bang + 1, at - bang - 1) : text.substr(0, at);
  }
  std::string mask;
  append_part(mask, nick);
  mask += '!';
  append_part(mask, user);
  mask += '@';
  append_part(mask, has_host ? text.substr(at + 1) : std::string_view());
  return mask.size() <= kMaskBytesMax ? mask : std::string();
}

bool MaskMatcher::Places::empty() const {
  return std::ranges::all_of(words, [](std::uint64_t word) { return word == 0; });
}

void MaskMatcher::Places::keep(const Places& others) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] &= others.words[i];
  }
}

void MaskMatcher::Places::move_up() {
  std::uint64_t carried = 0;
  for (std::uint64_t& word : words) {
    const std::uint64_t top = word >> 63;
    word = word << 1 | carried;
    carried = top;
  }
}

void MaskMatcher::Places::add_beyond() {
  bool is_beyond = false;
  for (std::uint64_t& word : words) {
    const std::uint64_t first = word & (~word + 1);
    word = is_beyond ? ~std::uint64_t{0} : ~first + 1;
    is_beyond |= word != 0;
  }
}

void MaskMatcher::look_at(std::initializer_list<std::string_view> parts) {
  for (std::size_t i = 0; i < size_; ++i) {
    places_of_[text_[i]] = {};
  }
  size_ = 0;
  all_ = {};
  for (const std::string_view part : parts) {
    for (const char c : part.substr(0, kTextBytesMax - size_)) {
      text_[size_] = fold(c);
      places_of_[fold(c)].set(size_);
      all_.set(size_);
      ++size_;
    }
  }
}

// Follows all ways to read the mask at once: a bit for each beginning of the text that what was
// read of the mask can stand for (R. Baeza-Yates, G. Gonnet: A New Approach to Text Searching).
bool MaskMatcher::matches(std::string_view mask) const {
  Places reached;
  reached.set(0);
  for (const char c : mask) {
    if (c == '*') {
      reached.add_beyond();
    } else {
      reached.keep(c == '?' ? all_ : places_of_[fold(c)]);
      reached.move_up();
    }
    if (reached.empty()) {
      return false;
    }
  }
  return reached.has(size_);
}

}  // namespace chat
