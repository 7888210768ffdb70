#include "tests/tools/loadgen_fake_chat.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace loadgen {
namespace {

reactor::ConnectionLimits limits() {
  reactor::ConnectionLimits limits;
  limits.out_bytes_max = std::size_t{64} << 20;
  limits.out_high_mark_bytes = limits.out_bytes_max;
  limits.out_low_mark_bytes = limits.out_bytes_max;
  return limits;
}

std::string_view take_until(std::string_view& text, char separator) {
  const std::string_view head = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), head.size() + 1));
  return head;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string line_of(const FakeDisk::Message& message) {
  return fmt::format("@id={};ts=1700000000000;room=lobby MESSAGE:{}:{}\n", message.id,
                     message.sender, message.text);
}

}  // namespace

class FakeChat::Session final : public reactor::Handler {
 public:
  explicit Session(FakeChat& chat) : chat_(chat) {}
  virtual ~Session() = default;

  void send(std::string_view bytes) { connection_->send(bytes); }
  bool is_full() const { return connection_->bytes_queued() > kFullBytes; }
  bool is_open() const { return connection_ != nullptr && connection_->is_open(); }
  void finish() { connection_->finish(); }

  std::string name;
  std::string token;
  bool has_tags = false;
  bool has_ack = false;
  bool has_resume = false;

 private:
  void on_open(reactor::Connection& connection) override { connection_ = &connection; }
  std::size_t on_data(reactor::Connection& /*connection*/, std::string_view bytes) override {
    std::size_t used = 0;
    for (std::size_t end = 0; (end = bytes.find('\n', used)) != std::string_view::npos;) {
      chat_.take(*this, bytes.substr(used, end - used));
      used = end + 1;
    }
    return used;
  }
  void on_close(reactor::Connection& /*connection*/, reactor::CloseReason /*reason*/,
                int /*error*/) override {
    connection_ = nullptr;
    chat_.gone(*this);
  }

  FakeChat& chat_;
  reactor::Connection* connection_ = nullptr;
};

FakeChat::FakeChat(std::unique_ptr<reactor::Net> net, FakeDisk& disk, const FakeFaults& faults)
    : loop_(std::move(net), limits()), disk_(disk), faults_(faults) {
  const bool is_first_start = disk_.ids_reserved == 0;
  if (faults_.forgets_the_last && !disk_.messages.empty()) {
    disk_.messages.pop_back();
    ++faults_made_;
  }
  if (faults_.forgets_retries) {
    disk_.retries.clear();
  }
  const std::uint64_t last = disk_.messages.empty() ? 0 : disk_.messages.back().id;
  if (faults_.reuses_ids) {
    next_id_ = last + 1;
  } else if (!is_first_start) {
    next_id_ = disk_.ids_reserved + 1;
    const bool is_known = !disk_.gaps.empty() && disk_.gaps.back().second == disk_.ids_reserved;
    if (!faults_.hides_gaps && !is_known && last < disk_.ids_reserved) {
      disk_.gaps.emplace_back(last + 1, disk_.ids_reserved);
    }
  }
}

FakeChat::~FakeChat() { loop_.close_all(); }

reactor::Address FakeChat::listen() {
  return loop_.listen(reactor::Address::ipv4(INADDR_LOOPBACK, 0), *this).listener->local_address();
}

void FakeChat::turn() {
  loop_.turn(reactor::Duration::zero());
  if (++turns_ % 4 == 0) {
    keep();
  }
}

void FakeChat::on_accept(int fd, const reactor::Address& /*peer*/) {
  sessions_.push_back(std::make_unique<Session>(*this));
  loop_.adopt(fd, *sessions_.back());
}

void FakeChat::gone(Session& session) {
  std::erase_if(sessions_, [&](const auto& one) { return one.get() == &session; });
}

void FakeChat::take(Session& from, std::string_view line) {
  std::string_view client_id;
  if (line.starts_with("@id=")) {
    client_id = take_until(line, ' ').substr(4);
  }
  const std::string_view verb = take_until(line, ':');
  if (verb == "HELLO") {
    const auto has = [line](std::string_view cap) { return line.find(cap) != line.npos; };
    from.has_tags = has("tags");
    from.has_ack = has("ack");
    from.has_resume = has("resume");
    from.send(faults_.grants_nothing ? "WELCOME:1::line=4096\n"
                                     : fmt::format("WELCOME:1:{}:line=4096\n", line.substr(2)));
  } else if (verb == "REGISTER") {
    enter(from, line);
  } else if (verb == "RESUME") {
    const std::string_view token = take_until(line, ':');
    resume(from, token, number_of(line));
  } else if (verb == "BROADCAST") {
    say(from, client_id, line);
  } else if (verb == "HISTORY") {
    history(from, line);
  } else if (verb == "PING") {
    from.send(fmt::format("PONG:{}\n", line));
  } else if (verb == "QUIT") {
    from.send("BYE:bye\n");
    from.finish();
  }
}

void FakeChat::enter(Session& session, std::string_view name) {
  session.name = name;
  session.send(fmt::format("REGISTERED:{}\n", name));
  if (session.has_resume) {
    session.token = fmt::format("token{}", session.name);
    disk_.names[session.token] = session.name;
    session.send(fmt::format("SESSION:{}\n", session.token));
  }
}

void FakeChat::resume(Session& session, std::string_view token, std::uint64_t last_id) {
  if (faults_.never_answers_resume) {
    ++faults_made_;
    return;
  }
  const auto found = disk_.names.find(std::string(token));
  if (found == disk_.names.end() || faults_.forgets_sessions) {
    session.send("ERROR:404::this session is over\n");
    return;
  }
  session.token = token;
  session.name = found->second;
  session.send(fmt::format("RESUMED:{}\n", session.name));
  std::vector<FakeDisk::Message> missed = disk_.messages;
  for (const Unkept& unkept : unkept_) {
    missed.push_back(unkept.message);
  }
  const std::uint64_t from = faults_.resumes_one_early && last_id > 0 ? last_id : last_id + 1;
  std::erase_if(missed, [&](const FakeDisk::Message& message) {
    return message.id < from || message.sender == session.name;
  });
  faults_made_ += !missed.empty() && missed.front().id == last_id ? 1 : 0;
  if (!missed.empty() && (faults_.resumes_one_late || faults_.gap_for_the_first)) {
    ++faults_made_;
    if (faults_.gap_for_the_first) {
      session.send(fmt::format("GAP:{0}:{0}\n", missed.front().id));
    }
    missed.erase(missed.begin());
  }
  std::uint64_t before = last_id;
  for (const FakeDisk::Message& message : missed) {
    tell_gaps(before, message.id, session);
    session.send(line_of(message));
    before = message.id;
  }
  tell_gaps(before, UINT64_MAX, session);
}

// Tells of what is gone between two numbers.
void FakeChat::tell_gaps(std::uint64_t after, std::uint64_t before, Session& to) const {
  for (const auto& [first, last] : disk_.gaps) {
    if (last > after && first < before) {
      to.send(fmt::format("GAP:{}:{}\n", std::max(first, after + 1), last));
    }
  }
}

void FakeChat::say(Session& from, std::string_view client_id, std::string_view text) {
  if (!client_id.empty()) {
    const auto retry = disk_.retries.find({from.token, std::string(client_id)});
    if (retry != disk_.retries.end()) {
      acknowledge(from.token, client_id, retry->second);
      return;
    }
    if (faults_.refuses_first &&
        !std::exchange(refused_once_[from.token + std::string(client_id)], true)) {
      from.send(fmt::format("@id={} ERROR:500::not now\n", client_id));
      ++faults_made_;
      return;
    }
  }
  if (next_id_ > disk_.ids_reserved) {
    disk_.ids_reserved += kIdsReservedAtOnce;
  }
  const FakeDisk::Message message{next_id_++, from.name, std::string(text)};
  const std::string line = line_of(message);
  const std::string_view untagged = std::string_view(line).substr(line.find(' ') + 1);
  for (const auto& session : sessions_) {
    if (session.get() == &from || session->name.empty() || !session->is_open()) {
      continue;
    }
    if (faults_.drops_when_full && session->is_full()) {
      ++faults_made_;
      continue;
    }
    session->send(session->has_tags ? std::string_view(line) : untagged);
  }
  // Who has no session that can be resumed is acknowledged on this connection only.
  const std::string token = from.token.empty() ? "name" + from.name : from.token;
  unkept_.push_back({message, token, std::string(client_id)});
  if (faults_.acknowledges_early) {
    acknowledge(token, client_id, message.id);
  }
}

void FakeChat::keep() {
  for (const Unkept& unkept : unkept_) {
    disk_.messages.push_back(unkept.message);
    if (!unkept.client_id.empty()) {
      disk_.retries[{unkept.token, unkept.client_id}] = unkept.message.id;
      if (!faults_.acknowledges_early) {
        acknowledge(unkept.token, unkept.client_id, unkept.message.id);
      }
    }
  }
  unkept_.clear();
}

void FakeChat::acknowledge(std::string_view token, std::string_view client_id, std::uint64_t id) {
  if (faults_.never_acknowledges) {
    ++faults_made_;
    return;
  }
  for (const auto& session : sessions_) {
    const bool is_it =
        session->token.empty() ? token == "name" + session->name : token == session->token;
    if (is_it && session->has_ack && session->is_open()) {
      session->send(fmt::format("ACK:{}:{}\n", client_id, id));
    }
  }
}

void FakeChat::history(Session& to, std::string_view arguments) {
  const std::string_view room = take_until(arguments, ':');
  const bool before = take_until(arguments, ':') == "before";
  std::uint64_t after = number_of(take_until(arguments, ':'));
  const std::size_t count = std::min<std::size_t>(number_of(arguments), kHistoryMax);
  std::vector<FakeDisk::Message> page;
  if (before) {
    const std::size_t skipped = disk_.messages.size() - std::min(disk_.messages.size(), count);
    page.assign(disk_.messages.begin() + static_cast<std::ptrdiff_t>(skipped),
                disk_.messages.end());
    after = page.empty() ? 0 : page.front().id - 1;
  } else {
    std::copy_if(disk_.messages.begin(), disk_.messages.end(), std::back_inserter(page),
                 [after](const FakeDisk::Message& message) { return message.id > after; });
    page.resize(std::min(page.size(), count));
  }
  if (faults_.changes_history && page.size() > 3) {
    page[2].text.back() = '?';
    ++faults_made_;
  }
  if (faults_.history_goes_back && page.size() > 3) {
    std::swap(page[1], page[2]);
  }
  const bool is_whole = page.size() < count;
  for (const FakeDisk::Message& message : page) {
    tell_gaps(after, message.id, to);
    to.send(line_of(message));
    after = message.id;
  }
  if (is_whole && !before) {
    tell_gaps(after, UINT64_MAX, to);
  }
  to.send(fmt::format("END:HISTORY:{}\n", room));
}

}  // namespace loadgen
