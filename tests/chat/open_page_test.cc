#include "chat/open_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Page page_of(const std::vector<MessageId>& ids, std::vector<IdRange> gaps) {
  Page page;
  for (const MessageId id : ids) {
    page.messages.add({EventKind::kMessage, id, 0, "dev", "Alice", "text"});
  }
  page.gaps = std::move(gaps);
  return page;
}

// "7" for a message, "1-3" for a gap.
std::vector<std::string> read(Page page) {
  OpenPage open(std::move(page));
  std::vector<std::string> read;
  while (!open.at_end()) {
    const MessageId next = open.next_id();
    const Event event = open.take();
    if (event.kind == EventKind::kGap) {
      EXPECT_EQ(next, event.from);
      read.push_back(std::to_string(event.from) + "-" + std::to_string(event.id));
    } else {
      EXPECT_EQ(next, event.id);
      read.push_back(std::to_string(event.id));
    }
  }
  return read;
}

TEST(OpenPage, Empty_IsAtItsEnd) { EXPECT_THAT(read({}), IsEmpty()); }

TEST(OpenPage, GapsStandWhereMessagesAreGone) {
  EXPECT_THAT(read(page_of({4, 9}, {{1, 3}, {5, 8}, {10, 12}})),
              ElementsAre("1-3", "4", "5-8", "9", "10-12"));
  EXPECT_THAT(read(page_of({}, {{1, 3}, {7, 7}})), ElementsAre("1-3", "7-7"));
  EXPECT_THAT(read(page_of({1, 2}, {})), ElementsAre("1", "2"));
}

TEST(OpenPage, Message_BecomesTheEventThatItWas) {
  Page page;
  page.messages.add({EventKind::kMessage, 7, 1234, "Lobby", "Alice", "hello"});
  page.messages.add({EventKind::kDirect, 8, 1235, "lobby", "Bob", "psst"});
  page.messages.add({EventKind::kTopic, 9, 1236, "dev", "Carol", ""});
  OpenPage open(std::move(page));
  const Event said = open.take();
  EXPECT_EQ(said.kind, EventKind::kMessage);
  EXPECT_EQ(said.id, 7U);
  EXPECT_EQ(said.unix_ms, 1234);
  EXPECT_EQ(said.room_id, kLobby);
  EXPECT_EQ(said.subject, "Alice");
  EXPECT_EQ(said.text, "hello");
  const Event direct = open.take();
  EXPECT_EQ(direct.kind, EventKind::kDirect);
  EXPECT_EQ(direct.room, "lobby");
  EXPECT_EQ(direct.room_id, kNoRoom) << "somebody's name";
  const Event topic = open.take();
  EXPECT_EQ(topic.kind, EventKind::kTopic);
  EXPECT_EQ(topic.room_id, kNoRoom);
  EXPECT_TRUE(open.at_end());
}

}  // namespace
}  // namespace chat
