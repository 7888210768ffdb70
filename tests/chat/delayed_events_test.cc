#include "chat/delayed_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class Delayed : public ::testing::Test {
 protected:
  // id: of a message; 0: of anything else.
  void add(MessageId id, std::string_view text, ShardSet shards = 1) {
    Event event;
    event.kind = id > 0 ? EventKind::kMessage : EventKind::kPong;
    event.id = id;
    event.text = text;
    delayed_.add(event, shards);
  }

  std::vector<std::pair<std::string, ShardSet>> release(MessageId kept) {
    std::vector<std::pair<std::string, ShardSet>> released;
    delayed_.release(kept, [&](const Event& event, ShardSet shards) {
      released.emplace_back(std::string(event.text), shards);
    });
    return released;
  }

  DelayedEvents delayed_;
};

TEST_F(Delayed, Message_WaitsUntilItIsKept) {
  add(1, "one");
  delayed_.end_turn();
  EXPECT_THAT(release(0), IsEmpty());
  EXPECT_FALSE(delayed_.empty());
  EXPECT_THAT(release(1), ElementsAre(Pair("one", 1U)));
  EXPECT_TRUE(delayed_.empty());
}

TEST_F(Delayed, WhatComesBehindAMessage_WaitsWithIt) {
  add(1, "one", 3);
  add(0, "pong", 4);
  delayed_.end_turn();
  add(0, "later", 8);
  delayed_.end_turn();
  EXPECT_THAT(release(0), IsEmpty());
  EXPECT_THAT(release(1), ElementsAre(Pair("one", 3U), Pair("pong", 4U), Pair("later", 8U)));
}

TEST_F(Delayed, OneTurn_IsReleasedAsAWhole) {
  add(1, "one");
  add(2, "two");
  delayed_.end_turn();
  add(3, "three");
  EXPECT_THAT(release(1), IsEmpty()) << "the store keeps a turn as a whole";
  EXPECT_THAT(release(2), ElementsAre(Pair("one", 1U), Pair("two", 1U)));
  EXPECT_THAT(release(3), ElementsAre(Pair("three", 1U)));
}

TEST_F(Delayed, WhatIsAddedAfterARelease_WaitsForItself) {
  add(1, "one");
  EXPECT_THAT(release(1), ElementsAre(Pair("one", 1U)));
  add(2, "two");
  EXPECT_THAT(release(1), IsEmpty());
  EXPECT_THAT(release(2), ElementsAre(Pair("two", 1U)));
}

TEST_F(Delayed, TopicForWhoJoins_IsNoMessageThatCouldBeKept) {
  add(1, "one");
  delayed_.end_turn();
  Event topic;
  topic.kind = EventKind::kTopic;
  topic.id = 900;
  topic.to = {0, {1, 1}};
  topic.text = "topic";
  delayed_.add(topic, 1);
  EXPECT_THAT(release(1), ElementsAre(Pair("one", 1U), Pair("topic", 1U)));
}

}  // namespace
}  // namespace chat
