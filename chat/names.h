#pragma once

#include <cstddef>
#include <string_view>

namespace chat {

// Whether text can name a client or a room: ( ALPHA / "_" ) *( ALPHA / DIGIT / "_" / "-" ), ASCII
// only, at most length_max bytes.
bool is_valid_name(std::string_view text, std::size_t length_max);

// Negative, zero or positive as a comes before, equals or comes after b, when ASCII letters are
// taken as small ones. Any bytes are legal.
int compare_ignoring_case(std::string_view a, std::string_view b);

// Orders pointers to things that have a `name`, ignoring ASCII case, and finds them by a bare
// std::string_view: a name is stored once, as it was first spelled, and looking it up makes no
// copy of it.
struct ByName {
  using is_transparent = void;

  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return compare_ignoring_case(name_of(a), name_of(b)) < 0;
  }

 private:
  static std::string_view name_of(std::string_view name) { return name; }
  template <class Named>
  static std::string_view name_of(const Named* named) {
    return named->name;
  }
};

}  // namespace chat
