#include "reactor/slab.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

namespace reactor {
namespace {

class Item {
 public:
  Item(Token token, int& alive) : token_(token), alive_(alive) { ++alive_; }
  Item(const Item&) = delete;
  Item& operator=(const Item&) = delete;
  ~Item() { --alive_; }
  Token token() const { return token_; }

 private:
  Token token_;
  int& alive_;
};

Item& add(Slab<Item>& slab, int& alive) {
  const Token token = slab.next_token();
  return slab.emplace(token, token, alive);
}

TEST(Slab, Released_IsDestroyedAndNoLongerFound) {
  Slab<Item> slab;
  int alive = 0;
  const Token token = add(slab, alive).token();
  EXPECT_NE(slab.find(token), nullptr);
  slab.release(token);
  EXPECT_EQ(slab.find(token), nullptr);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(slab.size(), 0U);
}

TEST(Slab, SlotUsedAgain_OldTokenFindsNothing) {
  Slab<Item> slab;
  int alive = 0;
  const Token first = add(slab, alive).token();
  slab.release(first);
  const Token second = add(slab, alive).token();
  EXPECT_EQ(second.index, first.index);
  EXPECT_NE(second.generation, first.generation);
  EXPECT_EQ(slab.find(first), nullptr);
  EXPECT_NE(slab.find(second), nullptr);
}

TEST(Slab, TokensThatNeverWere_FindNothing) {
  Slab<Item> slab;
  EXPECT_EQ(slab.find({}), nullptr);
  EXPECT_EQ(slab.find({0, 0}), nullptr);
  int alive = 0;
  add(slab, alive);
  EXPECT_EQ(slab.find({1, 0}), nullptr);
  EXPECT_EQ(slab.find({1000, 0}), nullptr);
}

TEST(Slab, Growing_MovesNothing) {
  Slab<Item> slab;
  int alive = 0;
  std::vector<Item*> items(1000);
  for (Item*& item : items) {
    item = &add(slab, alive);
  }
  for (Item* item : items) {
    EXPECT_EQ(slab.find(item->token()), item);
  }
}

TEST(Slab, Destroyed_DestroysWhatIsLeft) {
  int alive = 0;
  {
    Slab<Item> slab;
    for (int i = 0; i < 100; ++i) {
      add(slab, alive);
    }
    slab.release(slab.find({7, 0})->token());
    EXPECT_EQ(alive, 99);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Slab, RandomUse_FindsExactlyWhatIsThere) {
  Slab<Item> slab;
  int alive = 0;
  std::map<std::uint64_t, Item*> model;
  std::vector<std::uint64_t> gone;
  std::mt19937 random(7);
  for (int step = 0; step < 5000; ++step) {
    if (model.empty() || random() % 5 < 3) {
      Item& item = add(slab, alive);
      ASSERT_TRUE(model.emplace(item.token().pack(), &item).second) << "a token came twice";
    } else {
      const auto victim = std::next(model.begin(), static_cast<long>(random() % model.size()));
      slab.release(Token::unpack(victim->first));
      gone.push_back(victim->first);
      model.erase(victim);
    }
    ASSERT_EQ(slab.size(), model.size());
  }
  std::set<std::uint64_t> visited;
  slab.for_each([&visited](Item& item) { visited.insert(item.token().pack()); });
  EXPECT_EQ(visited.size(), model.size());
  for (const auto& [packed, item] : model) {
    EXPECT_EQ(slab.find(Token::unpack(packed)), item);
    EXPECT_TRUE(visited.contains(packed));
  }
  for (const std::uint64_t packed : gone) {
    EXPECT_EQ(slab.find(Token::unpack(packed)), nullptr);
  }
}

TEST(SlabDeathTest, ReleasedTwice_Aborts) {
  Slab<Item> slab;
  int alive = 0;
  const Token token = add(slab, alive).token();
  slab.release(token);
  EXPECT_DEATH(slab.release(token), "a slot is released twice");
}

}  // namespace
}  // namespace reactor
