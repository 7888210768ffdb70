#include <algorithm>
#include <utility>

#include "chat/client/client.h"

// The answer to a HISTORY looks like live messages until its end is there, and what is live may
// stand in front of it. So all messages wait from the question to the end of its answer, which
// tells which are which; meanwhile the position to resume at stays where it was, so that a lost
// connection costs nothing but the answer.
namespace chat {

void Client::gather(std::string_view text) {
  gathered_bytes_ += text.size() + sizeof(std::string);
  if (gathered_bytes_ > kGatheredBytesMax) {
    give_up_histories("the server does not come to its end");
    drop("too much was said before the end of a history");
    return;
  }
  gathered_.emplace_back(text);
}

// last: the END or the ERROR that answers the front question.
void Client::end_question(const ServerLine& last) {
  const HistoryQuestion question = std::move(questions_.front());
  questions_.pop_front();
  if (questions_.empty()) {
    reactor_.timers().cancel(history_timer_);
  } else {
    arm(history_timer_, options_.history_timeout, kHistoryTimer);
  }
  const bool refused = last.verb == ServerVerb::kError;
  if (question.is_probe) {
    take_probe(question, refused);
    return;
  }
  gathered_bytes_ = 0;
  const std::deque<std::string> lines = std::exchange(gathered_, {});
  const std::size_t begin = refused ? lines.size() : begin_of_answer(lines, question);
  const std::string_view failure = !refused ? "" : last.fields[2].empty() ? "no" : last.fields[2];
  switch (question.kind) {
    case HistoryKind::kEntry:
      take_entry(lines, begin, failure);
      return;
    case HistoryKind::kMissed:
      take_page(lines, begin, failure);
      return;
    case HistoryKind::kAsked:
      take_lines(lines, 0, begin);
      if (refused) {
        handler_.on_line(last);
      } else {
        handler_.on_history({question.kind, question.room, answer_in(lines, begin), true, {}});
      }
      return;
  }
}

// What was received before it is not part of the history that is asked for behind it.
bool Client::take_mark(const ServerLine& line) {
  if (!line.fields[0].starts_with(kMark)) {
    return false;
  }
  if (!questions_.empty() && questions_.front().mark == line.fields[0]) {
    gathered_bytes_ = 0;
    const std::deque<std::string> lines = std::exchange(gathered_, {});
    take_lines(lines, 0, lines.size());
  }
  return true;
}

bool Client::awaits_probe() const { return !questions_.empty() && questions_.front().is_probe; }

// Rooms that the server has forgotten are caught up with once all probes are answered. Until then
// everything waits: nothing may be shown that would move the position to resume at past what is
// missing in these rooms.
void Client::take_probe(const HistoryQuestion& probe, bool refused) {
  if (refused) {
    forgotten_.push_back(probe.room);
  }
  if (awaits_probe()) {
    return;
  }
  unproven_.clear();
  std::erase_if(forgotten_, [this](const std::string& room) { return !rooms_.contains(room); });
  const bool was_active = catch_up_.is_active();
  catch_up_.add(std::exchange(forgotten_, {}), resume_id_);
  gathered_bytes_ = 0;
  const std::deque<std::string> lines = std::exchange(gathered_, {});
  take_lines(lines, 0, lines.size());
  if (!was_active && in_session()) {
    catch_up();
  }
}

// Shows it in front of what is said since: what stands in both is shown as what is said.
void Client::take_entry(const std::deque<std::string>& lines, std::size_t begin,
                        std::string_view failure) {
  std::vector<ServerLine> answer = answer_in(lines, begin);
  for (std::size_t i = 0; i < begin; ++i) {
    const ServerLine live = parse_server_line(lines[i]);
    if (live.id && is_delivery(live.verb) && same_name(live.room, kLobby)) {
      std::erase_if(answer, [&live](const ServerLine& line) { return *line.id >= *live.id; });
      break;
    }
  }
  entry_wanted_ = false;
  handler_.on_history({HistoryKind::kEntry, kLobby, answer, true, failure});
  if (!awaits_probe()) {
    take_lines(lines, 0, begin);
    return;
  }
  for (std::size_t i = 0; i < begin && in_session(); ++i) {
    gather(lines[i]);
  }
}

void Client::take_page(const std::deque<std::string>& lines, std::size_t begin,
                       std::string_view failure) {
  take_lines(lines, 0, begin);
  std::vector<ServerLine> answer = answer_in(lines, begin);
  if (!answer.empty() && catch_up_.is_active() && catch_up_.are_live(answer)) {
    take_lines(lines, begin, lines.size());
    answer.clear();
  }
  if (!in_session() || !catch_up_.is_active()) {
    return;
  }
  const std::vector<ServerLine> page = catch_up_.take(answer);
  const bool is_last = catch_up_.is_done();
  handler_.on_history({HistoryKind::kMissed, catch_up_.room(), page, is_last, failure});
  if (is_last) {
    catch_up_.go_to_next_room();
  }
  catch_up();
}

void Client::take_lines(const std::deque<std::string>& lines, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end && in_session(); ++i) {
    const ServerLine line = parse_server_line(lines[i]);
    const bool is_held = line.id && catch_up_.is_active();
    take_line(line, lines[i]);
    if (!is_held) {
      note_shown(line);
    }
  }
}

// Whatever else is still waited for: what the handler got does not come again.
void Client::note_shown(const ServerLine& line) {
  resume_id_ = std::max(resume_id_, line.id.value_or(0));
}

// The views point into lines.
std::vector<ServerLine> Client::answer_in(const std::deque<std::string>& lines, std::size_t begin) {
  std::vector<ServerLine> answer;
  for (std::size_t i = begin; i < lines.size(); ++i) {
    answer.push_back(parse_server_line(lines[i]));
    // A GAP of this room can reach further than what the others were told.
    const bool is_gap = answer.back().verb == ServerVerb::kGap;
    greatest_id_ = std::max(greatest_id_, is_gap ? 0 : *answer.back().id);
  }
  return answer;
}

void Client::ask_for_entry() {
  if (!entry_wanted_ || !has_history() || !is_ready()) {
    return;
  }
  HistoryQuestion question;
  question.kind = HistoryKind::kEntry;
  question.room = kLobby;
  question.count = options_.history_on_entry;
  ask(std::move(question));
}

// Asks for what comes next of what was missed, or shows what was held back if that was all.
void Client::catch_up() {
  while (catch_up_.is_active()) {
    if (!catch_up_.is_unknown()) {
      if (is_ready()) {
        ask(catch_up_.question());
      }
      return;
    }
    // Everything from the begin of the room could be hundreds of thousands of messages.
    handler_.on_history({HistoryKind::kMissed,
                         catch_up_.room(),
                         {},
                         true,
                         "nothing had been seen before that tells where to begin"});
    catch_up_.go_to_next_room();
  }
  for (const std::string& text : catch_up_.release()) {
    const ServerLine line = parse_server_line(text);
    handler_.on_line(line);
    note_shown(line);
  }
}

// No history is asked for by ourselves any more in this session.
void Client::give_up_histories(std::string_view reason) {
  const bool awaits_entry = std::any_of(
      questions_.begin(), questions_.end(),
      [](const HistoryQuestion& question) { return question.kind == HistoryKind::kEntry; });
  if (awaits_entry) {
    entry_wanted_ = false;
    handler_.on_history({HistoryKind::kEntry, kLobby, {}, true, reason});
  }
  for (; catch_up_.is_active(); catch_up_.go_to_next_room()) {
    handler_.on_history({HistoryKind::kMissed, catch_up_.room(), {}, true, reason});
  }
}

// Nobody will answer.
void Client::fail_questions(std::string_view reason) {
  reactor_.timers().cancel(history_timer_);
  for (const HistoryQuestion& question : std::exchange(questions_, {})) {
    if (question.kind == HistoryKind::kAsked && !question.is_probe) {
      handler_.on_history({question.kind, question.room, {}, true, reason});
    }
  }
}

// A new connection: what the handler did not get on the last one comes again.
void Client::forget_held() {
  gathered_.clear();
  gathered_bytes_ = 0;
  catch_up_.forget_held();
  greatest_id_ = resume_id_;
}

// The end: what was held back is better shown out of its place than not at all.
void Client::release_held() {
  give_up_histories("the client has ended");
  std::vector<std::string> held = catch_up_.release();
  held.insert(held.end(), gathered_.begin(), gathered_.end());
  gathered_.clear();
  for (const std::string& text : held) {
    const ServerLine line = parse_server_line(text);
    if (!catch_up_.was_shown(line)) {
      handler_.on_line(line);
    }
  }
}

}  // namespace chat
