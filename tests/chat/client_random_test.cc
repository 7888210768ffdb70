#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/client/client.h"
#include "tests/chat/client_model_server.h"
#include "tests/sim/sim_world.h"

// A client whose connections break at any byte, whose server takes its time and now and then
// forgets the session, its rooms or what was said long ago. Whatever happens: what is said is shown
// once and in order, or a gap is told; what is typed is delivered once and in order, or it is told.
namespace chat {
namespace {

using chat_test::ModelServer;
using std::chrono::milliseconds;

const char* const kName = "Alice";

// Where a message belongs: its room, or "" if it is a private one.
std::string place_of(const ServerLine& line) { return std::string(line.room); }

// What the client's handler has heard, and what it was told that it will not hear.
class Heard final : public ClientHandler {
 public:
  explicit Heard(const ModelServer& server) : server_(server) {}

  struct Message {
    std::uint64_t id = 0;
    std::string sender;
    std::string text;
  };

  std::map<std::string, std::vector<Message>> messages;  // by place, in the order shown
  std::set<std::string> unknown;                         // texts of ours that are perhaps delivered
  std::set<std::string> refused;                         // texts that are not
  std::set<std::string> joined;
  int resumed = 0;
  int begun_anew = 0;
  int pages = 0;
  std::set<std::uint64_t> asked;  // shown in histories that were asked for
  int ends = 0;

  // Whether it was told that messages like this may be missing.
  bool may_miss(const ModelServer::Entry& entry) const {
    const bool in_gap = std::any_of(gaps_.begin(), gaps_.end(), [&](const auto& gap) {
      return entry.id >= gap.first && entry.id <= gap.second;
    });
    const auto blind = blind_until_.find(entry.room);
    return in_gap || (blind != blind_until_.end() && entry.id <= blind->second);
  }

  void on_ready(std::string_view, Entry entry) override {
    resumed += entry == Entry::kResumed ? 1 : 0;
    begun_anew += entry == Entry::kAnew ? 1 : 0;
    if (entry == Entry::kAnew) {
      blind_until_[""] = server_.last_id();  // private messages are gone with the session
    }
  }
  void on_line(const ServerLine& line) override {
    if (line.verb == ServerVerb::kJoined) {
      joined.emplace(line.fields[0]);
    }
    note(line);
  }
  void on_history(const HistoryAnswer& answer) override {
    if (answer.kind == HistoryKind::kAsked) {
      // All of it is told live, too, but that nothing tells a live message in front of an empty
      // history from one of its own.
      for (const ServerLine& line : answer.lines) {
        asked.insert(line.id.value_or(0));
      }
      return;
    }
    pages += answer.kind == HistoryKind::kMissed ? 1 : 0;
    if (!answer.failure.empty()) {
      blind_until_[std::string(answer.room)] = server_.last_id();
    }
    for (const ServerLine& line : answer.lines) {
      note(line);
    }
  }
  void on_undelivered(const Undelivered& message) override {
    (message.refusal == nullptr ? unknown : refused).emplace(message.text);
  }
  void on_lost(std::string_view, milliseconds) override {}
  void on_retry(std::string_view, milliseconds) override {}
  void on_end(ClientEnd, std::string_view) override { ++ends; }

 private:
  void note(const ServerLine& line) {
    if (line.verb == ServerVerb::kGap) {
      gaps_.emplace_back(std::stoull(std::string(line.fields[0])), line.id.value_or(0));
    } else if (is_delivery(line.verb)) {
      const bool in_room = line.verb == ServerVerb::kRoomMessage;
      messages[place_of(line)].push_back({line.id.value_or(0),
                                          std::string(line.fields[in_room ? 1 : 0]),
                                          std::string(line.fields[in_room ? 2 : 1])});
    }
  }

  const ModelServer& server_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps_;
  std::map<std::string, std::uint64_t> blind_until_;
};

class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed) : world_(seed), seed_(seed) {
    for (int i = 0; i < 10; ++i) {
      server_.say("Bob", "lobby", "before");
    }
    server_.reading = static_cast<ModelServer::Reading>(world_.below(3));
    ClientOptions options;
    options.name = kName;
    options.addresses = {server_.address()};
    options.seed = seed;
    options.backoff_first = milliseconds{10};
    options.backoff_max = milliseconds{200};
    options.name_attempts_max = UINT32_MAX;
    options.history_on_entry = world_.chance(800) ? 5 : 0;
    client_ = std::make_unique<Client>(reactor_, options, heard_);
    client_->start();
    until([this] { return client_->is_ready(); });
    if (world_.chance(500)) {
      world_.faults = {.partial_read = 200,
                       .partial_write = 200,
                       .eintr = 50,
                       .spurious = 50,
                       .short_batch = 50,
                       .delayed_event = 100};
    }
  }

  void run() {
    const int steps = 50 + static_cast<int>(world_.below(250));
    for (int i = 0; i < steps; ++i) {
      step();
      turn();
    }
    world_.faults = {};
    until([this] { return client_->is_ready() && client_->unconfirmed() == 0; });
    // The last word of everything that is on its way, and a history more if there is one.
    for (int i = 0; i < 300; ++i) {
      turn();
    }
    say_last_word();
    check_heard();
    check_said();
    EXPECT_EQ(heard_.ends, 0);
  }

  const Heard& heard() const { return heard_; }

 private:
  template <class Condition>
  void until(Condition is_met) {
    for (int i = 0; i < 20'000 && !is_met(); ++i) {
      turn();
    }
    ASSERT_TRUE(is_met()) << "seed " << seed_;
  }

  // A connection or a session can still be lost over it.
  void say_last_word() {
    std::string text;
    const auto is_heard = [&] {
      const auto& lobby = heard_.messages["lobby"];
      return !lobby.empty() && lobby.back().text == text;
    };
    for (int i = 0; i < 20 && !is_heard(); ++i) {
      text = next_text();
      server_.say("Bob", "lobby", text);
      for (int turns = 0; turns < 1000 && !is_heard(); ++turns) {
        turn();
      }
    }
    ASSERT_TRUE(is_heard()) << "seed " << seed_;
  }

  void turn() {
    reactor_.turn();
    server_.loop().turn();
    if (world_.chance(300)) {
      server_.acknowledge_some();
    }
    if (world_.chance(200)) {
      server_.answer_histories();
    }
    // Nobody comes back for a session whose token was lost on the way.
    if (world_.chance(5)) {
      server_.forget_sessions();
    }
    world_.advance(milliseconds{world_.below(20)});
  }

  void step() {
    switch (world_.below(12)) {
      case 0:
      case 1:
      case 2:
        server_.say(world_.chance(500) ? "Bob" : "Carol", some_room(), next_text());
        return;
      case 3:
        server_.whisper("Bob", kName, next_text());
        return;
      case 4:
      case 5:
      case 6:
        type();
        return;
      case 7:
        client_->join(some_room());
        if (world_.chance(300)) {
          client_->history(some_room_joined(), 5);
          client_->history(some_room_joined(), 5);
        }
        return;
      case 8:
        server_.cut_output_after(world_.below(600));
        return;
      case 9:
        server_.cut_input_after(world_.below(200));
        return;
      case 10:
        if (world_.chance(300)) {
          server_.forget_sessions();
        } else if (world_.chance(500)) {
          server_.forget_stays();
        }
        return;
      default:
        if (world_.chance(150)) {
          server_.forget_all_but(world_.below(20));
        }
    }
  }

  std::string some_room() {
    static constexpr const char* kRooms[] = {"lobby", "dev", "ops"};
    return kRooms[world_.below(3)];
  }
  std::string some_room_joined() {
    const std::string room = some_room();
    return heard_.joined.contains(room) ? room : "lobby";
  }
  std::string next_text() { return "m" + std::to_string(++texts_); }

  void type() {
    const std::string text = next_text();
    SendResult result = SendResult::kQueued;
    switch (world_.below(3)) {
      case 0:
        result = client_->broadcast(text);
        break;
      case 1:
        result = client_->say(some_room_joined(), text);
        break;
      default:
        // A refusal that is lost and then comes again, when there is no reason any more, would turn
        // the order around; that of Nobody stays.
        result = client_->direct(world_.chance(800) ? "Bob" : "Nobody", text);
    }
    if (result == SendResult::kQueued) {
      typed_.push_back(text);
    } else {
      not_taken_.insert(text);
    }
  }

  void check_heard() {
    for (const auto& [place, shown] : heard_.messages) {
      for (std::size_t i = 1; i < shown.size(); ++i) {
        ASSERT_LT(shown[i - 1].id, shown[i].id)
            << "twice or out of order in \"" << place << "\", seed " << seed_;
      }
    }
    for (const ModelServer::Entry& entry : server_.everything()) {
      const auto& shown = heard_.messages[entry.room];
      const bool is_shown = std::any_of(shown.begin(), shown.end(), [&](const auto& message) {
        return message.id == entry.id && message.sender == entry.sender &&
               message.text == entry.text;
      });
      ASSERT_TRUE(is_shown || heard_.asked.contains(entry.id) || !is_owed(entry) ||
                  heard_.may_miss(entry))
          << "a silent hole: " << entry.id << " in \"" << entry.room << "\", seed " << seed_;
    }
  }

  // Whether the client has to show it. Where it was first, it is owed all that comes later.
  bool is_owed(const ModelServer::Entry& entry) {
    if (entry.room.empty()) {
      return entry.recipient == kName;
    }
    if (entry.sender == kName || entry.text == "before") {
      return false;
    }
    const auto& shown = heard_.messages[entry.room];
    return entry.room == "lobby" || (!shown.empty() && entry.id > shown.front().id);
  }

  void check_said() {
    std::map<std::string, int> times;
    std::vector<std::string> in_log;
    for (const ModelServer::Entry& entry : server_.everything()) {
      if (entry.sender == kName) {
        ++times[entry.text];
        in_log.push_back(entry.text);
      }
    }
    std::vector<std::string> expected;
    for (const std::string& text : typed_) {
      if (heard_.refused.contains(text)) {
        EXPECT_EQ(times[text], 0) << "told to be refused: " << text << ", seed " << seed_;
      } else if (heard_.unknown.contains(text)) {
        EXPECT_LE(times[text], 1) << text << ", seed " << seed_;
      } else {
        EXPECT_EQ(times[text], 1) << text << ", seed " << seed_;
      }
      if (times[text] > 0) {
        expected.push_back(text);
      }
    }
    for (const std::string& text : not_taken_) {
      EXPECT_EQ(times[text], 0) << text << ", seed " << seed_;
    }
    EXPECT_EQ(in_log, expected) << "seed " << seed_;
  }

  sim::World world_;
  const std::uint64_t seed_;
  ModelServer server_{world_};
  reactor::Reactor reactor_{world_.make_net()};
  Heard heard_{server_};
  std::unique_ptr<Client> client_;
  std::vector<std::string> typed_;
  std::set<std::string> not_taken_;
  int texts_ = 0;
};

TEST(RandomClient, EverythingIsShownAndDeliveredOnceOrTold) {
  constexpr std::uint64_t kSeeds = 1000;
  int resumed = 0;
  int begun_anew = 0;
  int pages = 0;
  std::size_t asked = 0;
  std::size_t shown = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds && !testing::Test::HasFatalFailure(); ++seed) {
    RandomRun run(seed);
    run.run();
    resumed += run.heard().resumed;
    begun_anew += run.heard().begun_anew;
    pages += run.heard().pages;
    asked += run.heard().asked.size();
    for (const auto& [place, messages] : run.heard().messages) {
      shown += messages.size();
    }
  }
  // The test has met what it is about.
  EXPECT_GT(resumed, 5000);
  EXPECT_GT(begun_anew, 500);
  EXPECT_GT(pages, 1000);
  EXPECT_GT(asked, 1000U);
  EXPECT_GT(shown, 30'000U);
}

}  // namespace
}  // namespace chat
