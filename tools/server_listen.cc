#include "tools/server_listen.h"

namespace tools {
namespace {

using Speaks = chat::ListenKind::Speaks;

// Takes the word and its colon off the front. A host may be called "irc", too: what stands behind
// it is a port only then.
bool take(std::string_view word, std::string_view& text) {
  const bool is_there = text.starts_with(word) && text.substr(word.size()).starts_with(':') &&
                        text.find(':', word.size() + 1) != std::string_view::npos;
  text.remove_prefix(is_there ? word.size() + 1 : 0);
  return is_there;
}

}  // namespace

ListenSpec parse_listen(std::string_view text) {
  ListenSpec spec;
  spec.kind.tls = take("tls", text);
  if (take("irc", text)) {
    spec.kind.speaks = Speaks::kIrc;
  } else if (take("http", text)) {
    spec.kind.speaks = Speaks::kHttp;
  } else if (take("native", text)) {
    spec.kind.speaks = Speaks::kNative;
  }
  spec.address = text;
  return spec;
}

}  // namespace tools
