#include "chat/protocol/irc_targets.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "chat/names.h"
#include "chat/number.h"
#include "chat/protocol/irc_line.h"
#include "chat/protocol/irc_writer.h"
#include "reactor/check.h"

namespace chat {
namespace {

std::int64_t next_number(std::string_view& words) {
  const auto number = parse_number<std::int64_t>(next_item(words, ' '));
  CHECK(number, "not how TARGETS was asked", words);
  return *number;
}

}  // namespace

void IrcTargets::add(const Event& message) {
  Target target;
  target.unix_ms = message.unix_ms;
  if (message.kind == EventKind::kDirect) {
    target.sender = message.subject;
    target.recipient = message.room;
  } else {
    target.room = "#";
    target.room += message.room;
  }
  all_.push_back(std::move(target));
}

void IrcTargets::take(std::string_view question, std::string_view name, std::string_view server,
                      std::string& out) {
  const std::int64_t from = next_number(question);
  const std::int64_t to = next_number(question);
  const auto limit = static_cast<std::size_t>(next_number(question));
  std::erase_if(all_, [from, to](const Target& one) {
    return one.unix_ms <= std::min(from, to) || one.unix_ms >= std::max(from, to);
  });
  std::ranges::stable_sort(all_, {}, &Target::unix_ms);
  const std::size_t count = std::min(limit, all_.size());
  const std::size_t first = from > to ? all_.size() - count : 0;
  for (std::size_t i = first; i < first + count; ++i) {
    const Target& one = all_[i];
    const bool is_own = compare_ignoring_case(one.sender, name) == 0;
    const std::string& other = is_own ? one.recipient : one.sender;
    IrcWriter line(out);
    line.server(server);
    line.command("CHATHISTORY");
    line.word("TARGETS");
    line.word(one.room.empty() ? other : one.room);
    std::string time;
    append_irc_time(time, one.unix_ms);
    line.params(time);
    line.end();
  }
  all_ = {};
}

}  // namespace chat
