#include "tools/client_script.h"

#include <algorithm>
#include <utility>

namespace chat {

void Script::on_input(std::string_view bytes) {
  piece_ = bytes;
  holds_input_ = true;
}

void Script::on_input_end(int error) {
  ended_ = true;
  error_ = error;
}

bool Script::may_play() const {
  return app_.client().is_ready() && !app_.client().is_congested() && !app_.has_quit();
}

void Script::play() {
  while (may_play() && take_line()) {
    if (line_.ends_with('\r')) {
      line_.pop_back();
    }
    app_.on_typed(line_);
    line_.clear();
  }
  if (piece_.empty() && std::exchange(holds_input_, false)) {
    reader_.resume();
  }
  if (ended_ && may_play()) {
    app_.quit();
  }
}

// Moves the next line from the piece to line_; false when its end has not been read yet.
bool Script::take_line() {
  const std::size_t end = piece_.find('\n');
  const std::size_t size = std::min(end, piece_.size());
  line_.append(piece_, 0, std::min(size, kLineBytesMax - line_.size()));
  if (end == std::string::npos) {
    piece_.clear();
    return ended_ && !line_.empty();
  }
  piece_.erase(0, end + 1);
  return true;
}

}  // namespace chat
