#include "chat/cloaks.h"

#include <gtest/gtest.h>

#include <string>

namespace chat {
namespace {

class CloaksTest : public ::testing::Test {
 protected:
  std::string come(const std::string& address) {
    return std::string(Cloaks::shown(address, cloaks_.take(address)));
  }

  int made_ = 0;
  Cloaks cloaks_{[this] { return "a-long-random-token" + std::to_string(1000 + ++made_); }, 2};
};

TEST_F(CloaksTest, SameAddress_HasTheSameLabelForAll) {
  const std::string label = come("192.0.2.7");
  EXPECT_EQ(come("192.0.2.7"), label);
  EXPECT_NE(come("192.0.2.8"), label);
}

TEST_F(CloaksTest, Label_IsShortAndSaysNothingOfTheAddress) {
  EXPECT_EQ(come("2001:db8::7"), "oken1001.client");
}

TEST_F(CloaksTest, ThisMachine_NeedsNoLabel) {
  for (const char* address : {"unix", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(come(address), "localhost") << address;
  }
  EXPECT_EQ(come(""), "unknown");
  EXPECT_EQ(made_, 0);
}

TEST_F(CloaksTest, Label_OutlivesTheLastWhoIsThere) {
  Cloaks::Cloak* cloak = cloaks_.take("192.0.2.7");
  const std::string label = cloak->label;
  cloaks_.release(cloak);
  EXPECT_EQ(come("192.0.2.7"), label);
}

TEST_F(CloaksTest, LongestUnusedAddresses_AreForgottenFirst) {
  const std::string used = come("10.0.0.9");
  Cloaks::Cloak* first = cloaks_.take("10.0.0.1");
  Cloaks::Cloak* second = cloaks_.take("10.0.0.2");
  Cloaks::Cloak* third = cloaks_.take("10.0.0.3");
  const std::string first_label = first->label;
  const std::string second_label = second->label;
  cloaks_.release(second);
  cloaks_.release(first);
  cloaks_.release(third);
  EXPECT_EQ(cloaks_.size(), 3U) << "two that are unused";
  EXPECT_EQ(come("10.0.0.1"), first_label);
  EXPECT_NE(come("10.0.0.2"), second_label);
  EXPECT_EQ(come("10.0.0.9"), used);
}

TEST_F(CloaksTest, AddressThatIsUsedAgain_IsNotForgotten) {
  Cloaks::Cloak* one = cloaks_.take("10.0.0.1");
  const std::string label = one->label;
  cloaks_.release(one);
  one = cloaks_.take("10.0.0.1");
  for (const char* other : {"10.0.0.2", "10.0.0.3", "10.0.0.4"}) {
    cloaks_.release(cloaks_.take(other));
  }
  EXPECT_EQ(come("10.0.0.1"), label);
}

TEST(CloaksLabels, TokensThatBeginAlike_GiveDifferentLabels) {
  int made = 0;
  Cloaks cloaks([&made] { return "token" + std::to_string(++made / 3); }, 10);
  const Cloaks::Cloak* first = cloaks.take("10.0.0.1");
  const Cloaks::Cloak* second = cloaks.take("10.0.0.2");
  EXPECT_NE(first->label, second->label);
}

}  // namespace
}  // namespace chat
