// The store on the simulated disk, with lives of a server one after the other that end in every
// way, often when the power does: what was acknowledged has to be there whole, nothing in part, no
// number comes twice, and what is missing is in a gap. One seed decides one run.
//
//   CHAT_SIM_SEED=17 …      runs only this seed
//   CHAT_SIM_SEEDS=5000 …   runs so many

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/storage/sqlite_store.h"
#include "tests/sim/sim_disk.h"

namespace {

using chat::Batch;
using chat::IdRange;
using chat::MessageId;
using chat::Record;

constexpr std::uint64_t kSeedsByDefault = 200;

// What happens to the disk besides losing its power, and how the server works.
struct Trouble {
  sim::DiskFaults faults;
  bool lying_sync = false;
  bool fills_up = false;
  bool heard_early = true;
  std::uint64_t bytes_max = 0;  // of retention

  bool explains_errors() const {
    return fills_up ||
           faults.read_error + faults.short_read + faults.write_error + faults.sync_error > 0;
  }
};

// The text of every message follows from its number; some need pages of their own.
std::string text_of(MessageId id) {
  return std::string(1 + id * 37 % 1400 * (id % 50 == 0 ? 5 : 1), static_cast<char>('a' + id % 26));
}

// What comes together: some messages, the last of them a topic, and a session that begins with
// them.
struct Gathered {
  Batch<Record> records;
  MessageId first = 0;
  MessageId last = 0;
};

class Lives {
 public:
  Lives(std::uint64_t seed, const Trouble& trouble) : random_(seed), trouble_(trouble) {
    options_.directory = "/data";
    options_.vfs = disk_.vfs_name();
    options_.heard_early = trouble.heard_early;
    options_.retention.bytes_max = trouble.bytes_max;
  }

  // Empty, or what is broken.
  std::string play() {
    for (std::size_t lives = 3 + below(4); lives > 0 && broken_.empty(); --lives) {
      crashes_before_ = disk_.stats().crashes;
      disk_.crash_at_change(below(4) == 0 ? 0 : 1 + below(600));
      disk_.faults = trouble_.faults;
      disk_.lying_sync = trouble_.lying_sync;
      if (trouble_.fills_up) {
        disk_.capacity_bytes = disk_.used_bytes() + 60'000 + below(200'000);
      }
      live();
      be_calm();
      if (broken_.empty()) {
        look_at_everything();
      }
    }
    return broken_;
  }

  const sim::Disk& disk() const { return disk_; }
  int acknowledged() const { return acknowledged_; }
  int deleted() const { return deleted_; }
  const std::set<std::string>& errors() const { return errors_; }

 private:
  std::size_t below(std::size_t bound) { return sim::below(random_, bound); }
  bool power_failed() const { return disk_.stats().crashes != crashes_before_; }
  void broken(std::string what) { broken_ = broken_.empty() ? std::move(what) : broken_; }

  void be_calm() {
    disk_.crash_at_change(0);
    disk_.faults = {};
    disk_.lying_sync = false;
    disk_.capacity_bytes = UINT64_MAX;
  }

  void note_error(const std::string& error) {
    errors_.insert(error);
    if (!power_failed() && !trouble_.explains_errors()) {
      broken(error);
    }
    if (error.find('\n') != std::string::npos) {
      broken("more than one line: " + error);
    }
  }

  // Null: it can't be opened.
  std::unique_ptr<chat::SqliteStore> start(chat::Recovered& recovered) {
    try {
      auto store = std::make_unique<chat::SqliteStore>(options_);
      recovered = store->recover(0);
      if (recovered.last_id < last_id_) {
        broken(fmt::format("number {} comes again", recovered.last_id + 1));
      }
      if (recovered.ids_reserved <= recovered.last_id) {
        broken("there are no numbers");
      }
      last_id_ = recovered.last_id;
      ids_reserved_ = recovered.ids_reserved;
      return store;
    } catch (const std::runtime_error& error) {
      note_error(error.what());
      return nullptr;
    }
  }

  // One server, from its start to its end or to the power's.
  void live() {
    chat::Recovered recovered;
    const auto store = start(recovered);
    if (store == nullptr) {
      return;
    }
    waiting_.clear();
    for (std::size_t steps = below(below(8) == 0 ? 300 : 40); steps > 0 && broken_.empty();
         --steps) {
      step(*store);
      if (power_failed()) {
        return;
      }
    }
    if (below(2) == 0) {
      be_calm();
      keep(*store);  // what did not work goes on when the trouble is over
    }
    end(*store);
  }

  // Otherwise it ends as one that can't start for another reason.
  void end(chat::SqliteStore& store) {
    switch (below(4)) {
      case 0:
        return disk_.crash();
      case 1:
        return disk_.kill();
      case 2:
        return store.close();
      default:
        return;
    }
  }

  void step(chat::SqliteStore& store) {
    switch (below(8)) {
      case 0:
        while (store.prune(0) && below(10) != 0) {
        }
        break;
      case 1: {
        const chat::Page page = store.scan(below(last_id_ + 1), 1 + below(50), chat::Audience());
        if (!page.error.empty()) {
          note_error(page.error);
        }
        break;
      }
      default:
        if (waiting_.size() < 6) {
          gather();
        }
        keep(store);
    }
    if (trouble_.fills_up && below(6) == 0) {
      disk_.capacity_bytes = disk_.used_bytes() + below(100'000);
    }
  }

  void gather() {
    Gathered& gathered = waiting_.emplace_back();
    gathered.first = last_id_ + 1;
    const std::size_t count = 1 + below(below(8) == 0 ? 60 : 6);
    Record record;
    if (last_id_ + count > ids_reserved_) {
      ids_reserved_ += 1000;
      record.kind = Record::Kind::kIdsReserved;
      record.id = ids_reserved_;
      gathered.records.add(record);
    }
    record.kind = Record::Kind::kSessionBegan;
    record.id = gathered.first;
    record.sender = "Bob";
    record.session = "token";
    gathered.records.add(record);
    record = {};
    record.room = "dev";
    record.sender = "Alice";
    for (std::size_t i = 1; i <= count; ++i) {
      record.id = ++last_id_;
      record.message = i == count ? chat::EventKind::kTopic : chat::EventKind::kMessage;
      const std::string text = text_of(last_id_);
      record.text = text;
      gathered.records.add(record);
      unknown_.insert(last_id_);
    }
    gathered.last = last_id_;
  }

  // All that waits, in one transaction.
  void keep(chat::SqliteStore& store) {
    if (waiting_.empty()) {
      return;
    }
    std::vector<Record> records;
    for (const Gathered& gathered : waiting_) {
      records.insert(records.end(), gathered.records.begin(), gathered.records.end());
    }
    ends_[waiting_.back().last] = waiting_.back().first;
    const std::string error = store.apply(records);
    if (!error.empty()) {
      note_error(error);
      const bool is_calm = disk_.capacity_bytes == UINT64_MAX && disk_.faults.write_error == 0;
      if (is_calm && !power_failed()) {
        broken("it does not go on: " + error);
      }
      return;
    }
    kept_.merge(unknown_);
    unknown_.clear();
    waiting_.clear();
    ends_ = {*ends_.rbegin()};
    ++acknowledged_;
  }

  // On a disk without fault: everything is as promised?
  void look_at_everything() {
    chat::Recovered recovered;
    crashes_before_ = disk_.stats().crashes;
    const Trouble trouble = std::exchange(trouble_, {});
    const auto store = start(recovered);
    trouble_ = trouble;
    if (store == nullptr) {
      return;
    }
    chat::Audience audience("Bob", 0);
    audience.joined("dev", 0);
    std::set<MessageId> present;
    std::vector<IdRange> gaps;
    MessageId after = 0;
    for (bool is_end = false; !is_end && broken_.empty();) {
      const chat::Page page = store->scan(after, 1000, audience);
      look_at(page, present);
      gaps.insert(gaps.end(), page.gaps.begin(), page.gaps.end());
      is_end = page.is_end;
      after = page.read_to;
    }
    judge_messages(present, gaps);
    judge_end(present, recovered);
    judge_numbers(present, gaps);
    end(*store);
  }

  void look_at(const chat::Page& page, std::set<MessageId>& present) {
    if (!page.error.empty()) {
      broken("reading: " + page.error);
    }
    for (const chat::StoredMessage& message : page.messages) {
      const bool is_given = kept_.contains(message.id) || unknown_.contains(message.id);
      if (!is_given || message.text != text_of(message.id)) {
        broken(fmt::format("message {} was never sent so", message.id));
      }
      present.insert(message.id);
    }
  }

  // What was acknowledged is there, or was deleted as the oldest; the rest is there up to the end
  // of a transaction. From now on for certain.
  void judge_messages(const std::set<MessageId>& present, const std::vector<IdRange>& gaps) {
    const MessageId deleted_to = gaps.empty() || gaps.front().first > 1 ? 0 : gaps.front().last;
    for (const MessageId id : kept_) {
      const bool may_be_deleted = trouble_.bytes_max > 0 && id <= deleted_to;
      if (!present.contains(id) && !may_be_deleted) {
        return broken(fmt::format("message {} is lost", id));
      }
      deleted_ += present.contains(id) ? 0 : 1;
    }
    for (const MessageId id : unknown_) {
      if (!present.contains(id) && !present.empty() && id < *present.rbegin() && id > deleted_to) {
        return broken(fmt::format("message {} is missing in the middle", id));
      }
    }
    unknown_.clear();
    kept_ = present;
  }

  // Whatever was kept together is there together: the messages, the session, the topic.
  void judge_end(const std::set<MessageId>& present, const chat::Recovered& recovered) {
    if (present.empty()) {
      ends_.clear();
      return;
    }
    const auto end = ends_.find(*present.rbegin());
    if (end == ends_.end()) {
      return broken(fmt::format("a transaction ends with {}", *present.rbegin()));
    }
    if (recovered.topics.size() != 1 || recovered.topics[0].id != end->first) {
      broken(fmt::format("the topic is not that of {}", end->first));
    }
    if (recovered.sessions.size() != 1 || recovered.sessions[0].audience.since() != end->second) {
      broken(fmt::format("the session is not that of {}", end->first));
    }
    ends_ = {*end};
  }

  // No number is in a gap and there; and, if it may have been heard, it is one of them.
  void judge_numbers(const std::set<MessageId>& present, std::vector<IdRange> accounted) {
    std::transform(present.begin(), present.end(), std::back_inserter(accounted), [](MessageId id) {
      return IdRange{id, id};
    });
    std::sort(accounted.begin(), accounted.end(),
              [](const IdRange& a, const IdRange& b) { return a.first < b.first; });
    MessageId next = 1;
    for (const IdRange& range : accounted) {
      if (range.first < next) {
        return broken(fmt::format("number {} is there and in a gap", range.first));
      }
      if (range.first > next && trouble_.heard_early) {
        return broken(fmt::format("number {} is a silent hole", next));
      }
      next = range.last + 1;
    }
    if (next <= last_id_ && trouble_.heard_early) {
      broken(fmt::format("number {} is a silent hole at the end", next));
    }
  }

  std::mt19937_64 random_;
  sim::Disk disk_{random_, [] { return std::int64_t{1'700'000'000'000}; }};
  Trouble trouble_;
  chat::SqliteStoreOptions options_;
  std::string broken_;
  std::uint64_t crashes_before_ = 0;

  std::vector<Gathered> waiting_;
  MessageId last_id_ = 0;  // the last number that was given away
  MessageId ids_reserved_ = 0;
  std::set<MessageId> kept_;     // for certain
  std::set<MessageId> unknown_;  // maybe
  // What may be the end of what is there, and where its last part begins.
  std::map<MessageId, MessageId> ends_;
  int acknowledged_ = 0;
  int deleted_ = 0;
  std::set<std::string> errors_;
};

std::uint64_t env_or(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}
bool is_one_seed() { return env_or("CHAT_SIM_SEED", 0) != 0; }

// What all seeds of a test came to.
struct Tally {
  int broken = 0;
  int acknowledged = 0;
  int deleted = 0;
  std::set<std::string> errors;

  bool has_error(std::string_view part) const {
    return std::any_of(errors.begin(), errors.end(), [part](const std::string& error) {
      return error.find(part) != std::string::npos;
    });
  }
};

Tally run_seeds(const Trouble& trouble, bool has_to_hold) {
  spdlog::set_level(spdlog::level::off);
  const std::uint64_t only = env_or("CHAT_SIM_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : env_or("CHAT_SIM_SEEDS", kSeedsByDefault);
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  Tally tally;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE(fmt::format("repeat it with: CHAT_SIM_SEED={} sim_disk_tests --gtest_filter={}.{}",
                             seed, test->test_suite_name(), test->name()));
    Lives lives(seed, trouble);
    const std::string broken = lives.play();
    tally.broken += broken.empty() ? 0 : 1;
    tally.acknowledged += lives.acknowledged();
    tally.deleted += lives.deleted();
    tally.errors.insert(lives.errors().begin(), lives.errors().end());
    if (has_to_hold && !broken.empty()) {
      ADD_FAILURE() << broken;
      break;
    }
  }
  return tally;
}

Tally hold(const Trouble& trouble) { return run_seeds(trouble, true); }

constexpr Trouble kFaults = {
    .faults = {.read_error = 2, .short_read = 2, .write_error = 10, .sync_error = 20}};

TEST(RandomDisk, Crashes_LoseNothingAcknowledged) { EXPECT_GT(hold({}).acknowledged, 0); }

TEST(RandomDisk, ServerThatKeepsFirst_LosesNothingAcknowledged) {
  hold({.faults = {}, .heard_early = false});
}

TEST(RandomDisk, Retention_DeletesTheOldestOnly) {
  EXPECT_TRUE(hold({.faults = {}, .bytes_max = 100'000}).deleted > 0 || is_one_seed());
}

TEST(RandomDisk, DiskThatFails_LosesNothingAcknowledged) {
  EXPECT_TRUE(hold(kFaults).has_error("the disk failed") || is_one_seed());
}

TEST(RandomDisk, DiskThatFillsUp_IsToldAndGoesOn) {
  Trouble trouble{.faults = {}, .fills_up = true};
  EXPECT_TRUE(hold(trouble).has_error("the disk is full") || is_one_seed());
  trouble.bytes_max = 100'000;
  hold(trouble);
}

// Otherwise the disk would be too kind to prove anything.
TEST(RandomDisk, SyncsThatLie_AreFoundOut) {
  EXPECT_TRUE(run_seeds({.faults = {}, .lying_sync = true}, false).broken > 0 || is_one_seed());
}

TEST(RandomDisk, SameSeed_GivesTheSameBytes) {
  Lives one(7, kFaults);
  Lives two(7, kFaults);
  one.play();
  two.play();
  EXPECT_EQ(one.disk().stats().bytes_written, two.disk().stats().bytes_written);
}

}  // namespace
