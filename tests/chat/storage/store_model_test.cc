// Stores against the simplest thing that could be meant by one: a list. Chance decides what is
// kept, read, deleted, and when the server stops in order or not. One seed decides one run.
//
//   CHAT_SIM_SEED=17 …     runs only this seed
//   CHAT_SIM_SEEDS=500 …   runs so many

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/chat/storage/store_fixture.h"

namespace chat {
namespace {

constexpr std::uint64_t kSeedsByDefault = 12;
constexpr int kSteps = 300;

std::uint64_t env_or(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr std::array<std::string_view, 4> kNames{"Alice", "bob", "Carol", "DAVE"};
// Everybody is in the lobby, and it has no topic: nobody joins it.
constexpr std::array<std::string_view, 4> kRooms{"lobby", "Dev", "ops", "Tea"};
constexpr std::span kRoomsToJoin = std::span(kRooms).subspan(1);

// What was kept, and nothing else.
struct Model {
  struct Kept {
    EventKind kind;
    MessageId id;
    std::int64_t unix_ms;
    std::string room;
    std::string sender;
    std::string text;
    std::string session;
    std::string client_id;
    bool notice = false;
  };
  std::vector<Kept> messages;  // those too that were deleted since
  std::map<std::string, Audience> sessions;
  std::map<std::string, std::string> topics;  // texts, by room
  std::map<std::string, std::string> rooms;   // states, by room
};

std::string describe(const Model::Kept& kept) {
  return std::to_string(kept.id) + " " + std::to_string(static_cast<int>(kept.kind)) + " " +
         std::to_string(kept.unix_ms) + " " + kept.room + " " + kept.sender + " " + kept.text +
         (kept.notice ? " (notice)" : "");
}

std::string describe(const StoredMessage& stored) {
  return describe({stored.kind, stored.id, stored.unix_ms, std::string(stored.room),
                   std::string(stored.sender), std::string(stored.text), "", "", stored.notice});
}

std::vector<std::string> describe(const Page& page) {
  std::vector<std::string> lines;
  for (const StoredMessage& stored : page.messages) {
    lines.push_back(describe(stored));
  }
  return lines;
}

class Life {
 public:
  Life(std::uint64_t seed, bool is_durable) : random_(seed), is_durable_(is_durable) {
    retention_.age_max_ms = chance(500) ? 2000 : 0;
    retention_.bytes_max = chance(500) && !is_durable ? 20'000 : std::uint64_t{1} << 30;
    start(0);
  }

  void play() {
    for (int step = 0; step < kSteps && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      now_ms_ += static_cast<std::int64_t>(below(50));
      const std::size_t what = below(100);
      if (what < 45) {
        keep_some();
      } else if (what < 65) {
        read_as(random_audience());
      } else if (what < 80) {
        read_history();
      } else if (what < 85) {
        find_time();
      } else if (what < 95) {
        prune();
      } else if (is_durable_) {
        restart();
      }
    }
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool chance(std::size_t of_a_thousand) { return below(1000) < of_a_thousand; }
  template <class List>
  std::string pick(const List& list) {
    return std::string(list[below(list.size())]);
  }

  void start(std::int64_t retries_since_ms) {
    if (is_durable_) {
      SqliteStoreOptions options = in(directory_);
      options.retention = retention_;
      store_ = std::make_unique<SqliteStore>(options);
    } else {
      store_ = std::make_unique<MemoryStore>(retention_);
    }
    recovered_ = store_->recover(retries_since_ms);
    ids_reserved_ = recovered_.ids_reserved;
  }

  void keep_some() {
    Batch<Record> batch;
    for (std::size_t i = 0, count = 1 + below(20); i < count; ++i) {
      if (is_durable_ && chance(20)) {
        ids_reserved_ += 1 + below(100);
        batch.add(reserved(ids_reserved_));
      }
      if (chance(300)) {
        add_session_record(batch);
      } else {
        add_message(batch);
      }
    }
    ASSERT_EQ(store_->apply(std::span(batch.begin(), batch.end())), "");
    if (chance(100)) {
      ASSERT_EQ(store_->apply(std::span(batch.begin(), batch.end())), "") << "once more";
    }
  }

  void add_message(Batch<Record>& batch) {
    Model::Kept kept;
    kept.id = ++last_id_;
    kept.unix_ms = now_ms_;
    kept.sender = pick(kNames);
    kept.text = std::string(below(chance(50) ? 6000 : 40), static_cast<char>('a' + below(26)));
    const std::size_t kind = below(10);
    kept.kind = kind < 6 ? EventKind::kMessage : kind < 9 ? EventKind::kDirect : EventKind::kTopic;
    kept.room = kept.kind == EventKind::kDirect  ? pick(kNames)
                : kept.kind == EventKind::kTopic ? pick(kRoomsToJoin)
                                                 : pick(kRooms);
    kept.notice = kept.kind != EventKind::kTopic && chance(200);
    if (chance(300)) {
      kept.session = "token of " + kept.sender;
      kept.client_id = "c" + std::to_string(chance(200) ? below(5) : kept.id);
    }
    if (kept.kind == EventKind::kTopic && kept.text.empty()) {
      model_.topics.erase(kept.room);
    } else if (kept.kind == EventKind::kTopic) {
      model_.topics[kept.room] = kept.text;
    }
    Record record = message(kept.id, kept.room, kept.sender, kept.text);
    record.message = kept.kind;
    record.unix_ms = kept.unix_ms;
    record.session = kept.session;
    record.client_id = kept.client_id;
    record.notice = kept.notice;
    batch.add(record);
    model_.messages.push_back(std::move(kept));
  }

  void add_session_record(Batch<Record>& batch) {
    const std::string name = pick(kNames);
    const std::string token = "token of " + name;
    const std::string room = pick(kRoomsToJoin);
    const auto found = model_.sessions.find(token);
    if (found == model_.sessions.end()) {
      model_.sessions.emplace(token, Audience(name, last_id_));
      batch.add(began(token, name, last_id_));
      return;
    }
    Audience& audience = found->second;
    const bool is_member =
        std::any_of(audience.stays().begin(), audience.stays().end(), [&](const auto& stay) {
          return stay.until == 0 && stay.room == history_key_of_room(room);
        });
    if (chance(100)) {
      model_.sessions.erase(found);
      batch.add(of_session(Record::Kind::kSessionEnded, token, "", 0));
    } else if (chance(100)) {
      model_.topics.erase(room);
      model_.rooms.erase(room);
      batch.add(of_session(Record::Kind::kRoomGone, "", room, 0));
    } else if (chance(200)) {
      const std::string state(below(40), static_cast<char>('a' + below(26)));
      model_.rooms[room] = state;
      batch.add(room_state(room, state));
    } else if (is_member) {
      audience.parted(room, last_id_);
      batch.add(of_session(Record::Kind::kParted, token, room, last_id_));
    } else {
      audience.joined(room, last_id_);
      batch.add(of_session(Record::Kind::kJoined, token, room, last_id_));
    }
  }

  Audience random_audience() {
    if (!model_.sessions.empty() && chance(500)) {
      return std::next(model_.sessions.begin(), static_cast<int>(below(model_.sessions.size())))
          ->second;
    }
    Audience audience(pick(kNames), random_id());
    for (const std::string_view room : kRooms) {
      if (chance(500)) {
        audience.joined(room, random_id());
      }
    }
    return audience;
  }

  // Anywhere, and often near a message: after crashes most numbers are nobody's.
  MessageId random_id() {
    if (model_.messages.empty() || chance(300)) {
      return below(last_id_ + 20);
    }
    return model_.messages[below(model_.messages.size())].id - 1 + below(3);
  }

  // What was deleted begins at 1. What was lost may touch it, and has no messages.
  MessageId deleted_to() {
    const Gap gaps = store_->scan(0, 1, Audience()).gaps;
    return gaps.empty() || gaps.front().first > 1 ? 0 : gaps.front().last;
  }

  template <class Wanted>
  std::vector<std::string> expected(Wanted wanted) {
    std::vector<std::string> lines;
    const MessageId deleted = deleted_to();
    for (const Model::Kept& kept : model_.messages) {
      if (kept.id > deleted && wanted(kept)) {
        lines.push_back(describe(kept));
      }
    }
    return lines;
  }

  void read_as(const Audience& audience) {
    const MessageId from = chance(500) ? 0 : random_id();
    std::vector<std::string> heard;
    std::vector<IdRange> gaps;
    MessageId after = from;
    for (bool is_end = false; !is_end;) {
      const Page page = store_->scan(after, 1 + below(chance(500) ? 10 : 1000), audience);
      ASSERT_EQ(page.error, "");
      const std::vector<std::string> lines = describe(page);
      heard.insert(heard.end(), lines.begin(), lines.end());
      gaps.insert(gaps.end(), page.gaps.begin(), page.gaps.end());
      is_end = page.is_end;
      ASSERT_TRUE(is_end || page.read_to > after);
      after = page.read_to;
    }
    EXPECT_EQ(heard, expected([&](const Model::Kept& kept) {
                return kept.id > from && audience.hears(kept.kind, kept.id, kept.room, kept.sender);
              }));
    expect_no_silent_hole(from, gaps);
  }

  // Every number behind `from` is that of a message, or in a gap.
  void expect_no_silent_hole(MessageId from, std::vector<IdRange> accounted) {
    const MessageId deleted = deleted_to();
    for (const Model::Kept& kept : model_.messages) {
      if (kept.id > std::max(from, deleted)) {
        accounted.push_back({kept.id, kept.id});
      }
    }
    std::sort(accounted.begin(), accounted.end(),
              [](const IdRange& a, const IdRange& b) { return a.first < b.first; });
    MessageId next = from + 1;
    for (const IdRange& range : accounted) {
      ASSERT_EQ(range.first, next) << "a hole, or there and in a gap";
      ASSERT_GE(range.last, range.first);
      next = range.last + 1;
    }
    ASSERT_GT(next, last_id_);
  }

  void read_history() {
    const std::string key = chance(500) ? history_key_of_room(pick(kRooms))
                                        : history_key_of_pair(pick(kNames), pick(kNames));
    const MessageId since = chance(500) ? 0 : random_id();
    const MessageId bound = chance(300) ? kNewest : random_id();
    const bool is_last = chance(500);
    const std::size_t count = 1 + below(chance(500) ? 5 : 500);
    std::vector<std::string> lines = expected([&](const Model::Kept& kept) {
      return kept.id > since && kept.id < bound &&
             history_key_of(kept.kind, kept.room, kept.sender) == key;
    });
    MessageId after = since;
    if (is_last) {
      const MessageStore::Found found = store_->find_last(key, since, bound, count);
      ASSERT_EQ(found.error, "");
      ASSERT_GE(found.after, since);
      after = found.after;
    }
    if (lines.size() > count) {
      const auto surplus = static_cast<std::ptrdiff_t>(lines.size() - count);
      lines.erase(is_last ? lines.begin() : lines.end() - surplus,
                  is_last ? lines.begin() + surplus : lines.end());
    }
    std::vector<std::string> read;
    for (bool is_end = false; !is_end;) {
      const Page page = store_->history(key, after, bound, count - read.size());
      ASSERT_EQ(page.error, "");
      const std::vector<std::string> part = describe(page);
      read.insert(read.end(), part.begin(), part.end());
      is_end = page.is_end;
      ASSERT_TRUE(is_end || page.read_to > after);
      after = page.read_to;
    }
    EXPECT_EQ(read, lines) << key << " since " << since << " before " << bound << ", the "
                           << (is_last ? "last " : "first ") << count;
  }

  void find_time() {
    const std::int64_t time = now_ms_ - static_cast<std::int64_t>(below(8000));
    const MessageStore::Found found = store_->find_time(time);
    ASSERT_EQ(found.error, "");
    const MessageId deleted = deleted_to();
    ASSERT_LE(found.after, last_id_);
    for (const Model::Kept& kept : model_.messages) {
      ASSERT_TRUE(kept.id <= deleted || (kept.id <= found.after) == (kept.unix_ms < time))
          << describe(kept) << ", " << time << " begins behind " << found.after;
    }
  }

  void prune() {
    const MessageId before = deleted_to();
    while (store_->prune(now_ms_)) {
    }
    const MessageId deleted = deleted_to();
    ASSERT_GE(deleted, before);
    for (const Model::Kept& kept : model_.messages) {
      const bool is_old =
          retention_.age_max_ms > 0 && kept.unix_ms < now_ms_ - retention_.age_max_ms;
      ASSERT_TRUE(!is_old || kept.id <= deleted) << kept.id << " is too old";
      ASSERT_TRUE(is_old || !is_durable_ || kept.id > deleted) << kept.id << " is too young";
    }
  }

  void restart() {
    const bool in_order = chance(500);
    const std::int64_t retries_since_ms = now_ms_ - static_cast<std::int64_t>(below(500));
    if (in_order) {
      store_->close();
    }
    store_.reset();
    const MessageId reserved_before = ids_reserved_;
    start(retries_since_ms);
    EXPECT_EQ(recovered_.last_id, in_order ? last_id_ : reserved_before);
    EXPECT_GE(recovered_.ids_reserved, reserved_before);
    EXPECT_GT(recovered_.ids_reserved, recovered_.last_id);
    last_id_ = recovered_.last_id;
    expect_recovered_sessions();
    expect_recovered_rooms();
    expect_recovered_retries(retries_since_ms);
  }

  void expect_recovered_sessions() {
    ASSERT_EQ(recovered_.sessions.size(), model_.sessions.size());
    for (const Recovered::Session& session : recovered_.sessions) {
      const Audience& expected = model_.sessions.at(session.token);
      EXPECT_EQ(session.audience.name(), expected.name());
      EXPECT_EQ(session.audience.since(), expected.since());
      std::vector<Audience::Stay> stays = expected.stays();
      std::stable_sort(stays.begin(), stays.end(), [](const auto& a, const auto& b) {
        return std::tie(a.since, a.room) < std::tie(b.since, b.room);
      });
      EXPECT_EQ(session.audience.stays(), stays) << session.token;
    }
  }

  void expect_recovered_rooms() {
    std::map<std::string, std::string> topics;
    for (const Recovered::RoomTopic& topic : recovered_.topics) {
      topics[topic.room] = topic.text;
    }
    EXPECT_EQ(topics, model_.topics);
    std::map<std::string, std::string> rooms;
    for (const Recovered::RoomState& room : recovered_.rooms) {
      rooms[room.room] = room.text;
    }
    EXPECT_EQ(rooms, model_.rooms);
  }

  // What was called so before the newest message was forgotten then.
  void expect_recovered_retries(std::int64_t since_ms) {
    std::map<std::pair<std::string, std::string>, MessageId> newest;
    const MessageId deleted = deleted_to();
    for (const Model::Kept& kept : model_.messages) {
      if (kept.id > deleted && kept.unix_ms >= since_ms && !kept.client_id.empty()) {
        newest[{kept.session, kept.client_id}] = kept.id;
      }
    }
    ASSERT_EQ(recovered_.retries.size(), newest.size());
    MessageId last = 0;
    for (const Recovered::Retry& retry : recovered_.retries) {
      EXPECT_EQ(retry.id, newest.at({retry.session, retry.client_id})) << retry.client_id;
      EXPECT_GT(retry.id, last) << "the oldest first";
      last = retry.id;
    }
  }

  std::mt19937_64 random_;
  const bool is_durable_;
  TemporaryDirectory directory_;
  Retention retention_;
  std::unique_ptr<MessageStore> store_;
  Recovered recovered_;
  Model model_;
  MessageId last_id_ = 0;
  MessageId ids_reserved_ = 0;
  std::int64_t now_ms_ = 1'000'000;
};

class StoreModel : public testing::TestWithParam<std::string_view> {};

TEST_P(StoreModel, AnythingKept_ReadsLikeAPlainList) {
  const std::uint64_t only = env_or("CHAT_SIM_SEED", 0);
  const std::uint64_t last = only > 0 ? only : env_or("CHAT_SIM_SEEDS", kSeedsByDefault);
  for (std::uint64_t seed = only > 0 ? only : 1; seed <= last; ++seed) {
    SCOPED_TRACE("to repeat: CHAT_SIM_SEED=" + std::to_string(seed));
    Life(seed, GetParam() == "sqlite").play();
    ASSERT_FALSE(HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreModel, testing::Values("memory", "sqlite"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace chat
