#include "chat/protocol/irc_labels.h"

#include <algorithm>

#include "chat/protocol/irc_writer.h"

namespace chat {
void IrcLabels::add(std::string_view label, std::string_view lines, std::string_view server,
                    std::string& out) {
  begin(label, server, out);
  if (!batch_.empty()) {
    append_irc_tagged(lines, "batch", batch_, out);
    return;
  }
  held_ += lines;
  held_lines_ += static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  if (held_.size() > kHeldBytesMax) {
    open_batch(server, out);
  }
}

void IrcLabels::begin(std::string_view label, std::string_view server, std::string& out) {
  if (label != label_) {
    if (!label_.empty()) {
      finish(server, out);
    }
    label_ = label;
  }
}

void IrcLabels::add_batch(std::string_view label, std::string_view line, std::string_view server,
                          std::string& out) {
  begin(label, server, out);
  append_irc_tagged(line, "label", label, out);
  is_answered_ = true;
}

void IrcLabels::end(std::string_view label, std::string_view server, std::string& out) {
  add(label, {}, server, out);
  finish(server, out);
}

void IrcLabels::open_batch(std::string_view server, std::string& out) {
  batch_ = 'L';
  append_number(batch_, ++batches_);
  IrcWriter line(out);
  line.tag("label", label_);
  line.server(server);
  line.command("BATCH");
  line.params("+" + batch_);
  line.word("labeled-response");
  line.end();
  append_irc_tagged(held_, "batch", batch_, out);
  held_ = {};
}

void IrcLabels::finish(std::string_view server, std::string& out) {
  if (batch_.empty() && held_lines_ > 1) {
    open_batch(server, out);
  }
  if (!batch_.empty()) {
    IrcWriter line(out);
    line.server(server);
    line.command("BATCH");
    line.params("-" + batch_);
    line.end();
  } else if (held_lines_ == 1) {
    append_irc_tagged(held_, "label", label_, out);
  } else if (!is_answered_) {
    IrcWriter line(out);
    line.tag("label", label_);
    line.server(server);
    line.command("ACK");
    line.end();
  }
  label_.clear();
  held_ = {};
  held_lines_ = 0;
  batch_.clear();
  is_answered_ = false;
}

}  // namespace chat
