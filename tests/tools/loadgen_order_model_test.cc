// RoomOrder against an oracle: random rooms, read in random order, with faults of known number.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tools/loadgen/room_order.h"

namespace loadgen {
namespace {

using Keys = std::vector<MessageKey>;

// One member's deliveries in the order in which he gets them.
struct Feed {
  Follower follower;
  Keys keys;
  std::size_t next = 0;
  std::set<MessageKey> got;
  std::uint64_t came_again = 0;
};

struct Script {
  std::uint32_t listeners = 2;
  std::uint32_t senders = 3;
  std::uint32_t guests = 0;
  std::size_t messages = 200;
  // Of a thousand deliveries.
  int drops = 0;
  int doubles = 0;
  int swaps = 0;
  std::size_t remembered_max = RoomOrder::kRememberedMax;
};

// A room, what everybody in it is sent, and what RoomOrder makes of it.
class Model {
 public:
  Model(const Script& script, std::uint64_t seed)
      : script_(script), random_(seed), order_(script.senders, script.remembered_max) {
    std::vector<std::uint64_t> next(script.senders);
    for (std::size_t i = 0; i < script.messages; ++i) {
      const auto sender = static_cast<std::uint32_t>(random_() % script.senders);
      truth_.push_back({sender, next[sender]++});
    }
    for (std::uint32_t id = 0; id < script.senders + script.listeners + script.guests; ++id) {
      add_feed(id);
    }
  }

  // Everybody gets everything, some sooner, some later.
  void run() {
    std::vector<Feed*> open;
    for (const auto& feed : feeds_) {
      open.push_back(feed.get());
    }
    while (!open.empty()) {
      const std::size_t drawn = random_() % open.size();
      Feed& feed = *open[drawn];
      for (std::size_t burst = 1 + random_() % 20; burst > 0 && feed.next < feed.keys.size();
           --burst) {
        deliver(feed);
      }
      if (feed.next == feed.keys.size()) {
        if (feed.follower.is_guest) {
          order_.leave(feed.follower, completed_);
          look_at_completed(false);
        }
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(drawn));
      }
    }
    for (const auto& feed : feeds_) {
      if (!feed->follower.is_guest) {
        order_.close(feed->follower);
      }
    }
  }

  const std::vector<std::unique_ptr<Feed>>& feeds() const { return feeds_; }
  const RoomOrder& order() const { return order_; }
  std::size_t swapped() const { return swapped_; }
  // How often each message was told to be completed.
  const std::map<MessageKey, int>& completed() const { return told_; }
  std::size_t messages() const { return truth_.size(); }

 private:
  void add_feed(std::uint32_t id) {
    auto feed = std::make_unique<Feed>();
    feed->follower.id = id;
    feed->follower.is_guest = id >= script_.senders + script_.listeners;
    if (id < script_.senders) {
      feed->follower.not_from = id;
    }
    fill(*feed);
    if (!feed->follower.is_guest) {
      order_.add(feed->follower);
    }
    feeds_.push_back(std::move(feed));
  }

  void fill(Feed& feed) {
    std::size_t from = 0;
    std::size_t until = truth_.size();
    if (feed.follower.is_guest) {
      from = random_() % truth_.size();
      until = from + random_() % (truth_.size() - from);
    }
    for (std::size_t i = from; i < until; ++i) {
      const MessageKey key = truth_[i];
      if (key.sender == feed.follower.not_from || chance(script_.drops)) {
        continue;
      }
      feed.keys.push_back(key);
      feed.got.insert(key);
      if (chance(script_.doubles)) {
        ++feed.came_again;
        feed.keys.push_back(chance(500) ? key : feed.keys[random_() % feed.keys.size()]);
      }
    }
    for (std::size_t i = 1; i < feed.keys.size(); ++i) {
      if (chance(script_.swaps)) {
        std::swap(feed.keys[i - 1], feed.keys[i]);
        ++swapped_;
        ++i;
      }
    }
  }

  void deliver(Feed& feed) {
    order_.deliver(feed.follower, feed.keys[feed.next++], completed_);
    look_at_completed(script_.drops == 0);
  }

  // Nobody who stays may still be without it.
  void look_at_completed(bool all_must_have_it) {
    for (const MessageKey key : completed_) {
      ++told_[key];
      for (const auto& feed : feeds_) {
        if (all_must_have_it && !feed->follower.is_guest && key.sender != feed->follower.not_from) {
          const auto end = feed->keys.begin() + static_cast<std::ptrdiff_t>(feed->next);
          EXPECT_NE(std::find(feed->keys.begin(), end, key), end)
              << "client " << feed->follower.id << " has not got what everybody is said to have";
        }
      }
    }
    completed_.clear();
  }

  bool chance(int per_mille) { return random_() % 1000 < static_cast<std::uint64_t>(per_mille); }

  const Script script_;
  std::mt19937_64 random_;
  RoomOrder order_;
  Keys truth_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  Keys completed_;
  std::map<MessageKey, int> told_;
  std::size_t swapped_ = 0;
};

constexpr std::uint64_t kSeeds = 300;

Script random_script(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Script script;
  script.listeners = 2 + static_cast<std::uint32_t>(random() % 3);
  script.senders = 1 + static_cast<std::uint32_t>(random() % 5);
  script.guests = static_cast<std::uint32_t>(random() % 5);
  script.messages = 1 + random() % 200;
  return script;
}

TEST(RoomOrderModel, SoundServer_IsIntactHoweverItIsRead) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Script script = random_script(seed);
    script.listeners -= 1;  // one is enough
    Model model(script, seed);
    model.run();
    EXPECT_EQ(model.order().disagreement(), "");
    for (const auto& feed : model.feeds()) {
      EXPECT_EQ(feed->follower.integrity.delivered, feed->got.size());
      EXPECT_TRUE(feed->follower.integrity.intact()) << "client " << feed->follower.id;
    }
    EXPECT_EQ(model.completed().size(), model.messages());
    for (const auto& [key, times] : model.completed()) {
      EXPECT_EQ(times, 1) << key.sender << ':' << key.sequence;
    }
    if (HasFailure()) {
      return;
    }
  }
}

TEST(RoomOrderModel, DropsAndDoubles_AreCountedExactly) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Script script = random_script(seed);
    script.drops = static_cast<int>(seed % 7) * 20;
    script.doubles = static_cast<int>(seed % 5) * 20;
    script.swaps = static_cast<int>(seed % 3) * 10;
    Model model(script, seed);
    model.run();
    for (const auto& feed : model.feeds()) {
      if (!feed->follower.is_guest) {
        EXPECT_EQ(feed->follower.integrity.delivered, feed->got.size())
            << "client " << feed->follower.id;
        EXPECT_EQ(feed->follower.integrity.doubled, feed->came_again)
            << "client " << feed->follower.id;
      } else {
        EXPECT_EQ(feed->follower.integrity.delivered + feed->follower.integrity.doubled,
                  feed->keys.size());
      }
    }
    for (const auto& [key, times] : model.completed()) {
      EXPECT_EQ(times, 1) << key.sender << ':' << key.sequence;
    }
    if (HasFailure()) {
      return;
    }
  }
}

TEST(RoomOrderModel, DropsAndDoublesOfOneSendersMessages_AreNoDisorder) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Script script = random_script(seed);
    script.senders = 1;
    script.guests = 0;
    script.drops = 30;
    script.doubles = 30;
    Model model(script, seed);
    model.run();
    EXPECT_EQ(model.order().disagreement(), "");
    for (const auto& feed : model.feeds()) {
      EXPECT_EQ(feed->follower.integrity.reordered, 0U) << "client " << feed->follower.id;
    }
    if (HasFailure()) {
      return;
    }
  }
}

TEST(RoomOrderModel, TooLittleMemory_LosesTrackButNotCount) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Script script = random_script(seed);
    script.drops = script.doubles = script.swaps = static_cast<int>(seed % 4) * 20;
    script.remembered_max = 1 + seed % 20;
    Model model(script, seed);
    model.run();
    EXPECT_LE(model.order().remembered(), script.messages);
    for (const auto& feed : model.feeds()) {
      const Integrity& integrity = feed->follower.integrity;
      EXPECT_TRUE(feed->follower.is_guest || integrity.delivered <= feed->got.size())
          << "client " << feed->follower.id;
      EXPECT_EQ(integrity.delivered + integrity.doubled, feed->keys.size())
          << "client " << feed->follower.id;
    }
    if (HasFailure()) {
      return;
    }
  }
}

TEST(RoomOrderModel, Swaps_AreAlwaysFound) {
  std::size_t swapped = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Script script = random_script(seed);
    script.guests = 0;
    script.swaps = 3;
    Model model(script, seed);
    model.run();
    std::uint64_t reordered = 0;
    for (const auto& feed : model.feeds()) {
      reordered += feed->follower.integrity.reordered;
      EXPECT_EQ(feed->follower.integrity.delivered, feed->got.size());
      EXPECT_EQ(feed->follower.integrity.doubled, 0U);
    }
    EXPECT_EQ(reordered > 0, model.swapped() > 0);
    swapped += model.swapped();
    if (HasFailure()) {
      return;
    }
  }
  EXPECT_GT(swapped, 100U);
}

}  // namespace
}  // namespace loadgen
