#include "reactor/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/reactor/reactor_fixture.h"

namespace reactor_test {
namespace {

using reactor::Mailbox;
using testing::ElementsAre;

class Receiver final : public reactor::MailHandler<std::string> {
 public:
  std::vector<std::string> received;
  std::function<void(const std::string&)> then;

  void on_mail(std::string& mail) override {
    received.push_back(std::move(mail));
    if (then) {
      then(received.back());
    }
  }
};

class MailboxTest : public ReactorFixture {
 protected:
  void SetUp() override {
    start();
    turn_until_quiet();
    mailbox.emplace(*loop, receiver);
  }
  void TearDown() override {
    mailbox.reset();
    ReactorFixture::TearDown();
  }

  Receiver receiver;
  std::optional<Mailbox<std::string>> mailbox;
};

TEST_F(MailboxTest, Posted_ArrivesInOrderInTheNextTurn) {
  mailbox->post("one");
  mailbox->post("two");
  EXPECT_THAT(receiver.received, ElementsAre()) << "never from inside post";
  turn();
  EXPECT_THAT(receiver.received, ElementsAre("one", "two"));
}

TEST_F(MailboxTest, WakesOnlyWhenItWasEmpty) {
  mailbox->post("one");
  mailbox->post("two");
  mailbox->post("three");
  EXPECT_EQ(net->sim.wakes, 1U);
  turn();
  mailbox->post("four");
  EXPECT_EQ(net->sim.wakes, 2U);
}

TEST_F(MailboxTest, PostedByItsOwnHandler_WaitsForTheNextTurnAndIsNotForgotten) {
  receiver.then = [this](const std::string& mail) {
    if (mail.size() < 3) {
      mailbox->post(mail + "x");
    }
  };
  mailbox->post("x");
  turn();
  EXPECT_THAT(receiver.received, ElementsAre("x"));
  turn_until_quiet();
  EXPECT_THAT(receiver.received, ElementsAre("x", "xx", "xxx"));
}

TEST_F(MailboxTest, MoreThanTheBudget_ComesInBoundedStepsAndOthersGetTheirTurn) {
  Receiver other_receiver;
  Mailbox<std::string> other(*loop, other_receiver);
  for (std::size_t i = 0; i < reactor::Reactor::kMailBudget + 1; ++i) {
    mailbox->post("flood");
  }
  other.post("me too");
  turn();
  EXPECT_EQ(receiver.received.size(), reactor::Reactor::kMailBudget);
  EXPECT_THAT(other_receiver.received, ElementsAre("me too"));
  EXPECT_TRUE(polls_next());
  EXPECT_EQ(receiver.received.size(), reactor::Reactor::kMailBudget + 1);
}

// The wake-up of what comes meanwhile ends a wait that does not sleep anyway, and is used up.
TEST_F(MailboxTest, PostedWhileABacklogIsDelivered_IsNotForgotten) {
  for (std::size_t i = 0; i < reactor::Reactor::kMailBudget + 1; ++i) {
    mailbox->post("backlog");
  }
  turn();
  mailbox->post("meanwhile");
  turn();
  EXPECT_EQ(receiver.received.size(), reactor::Reactor::kMailBudget + 1);
  EXPECT_TRUE(polls_next()) << "it sleeps, and nobody will wake it";
  EXPECT_EQ(receiver.received.back(), "meanwhile");
}

TEST_F(MailboxTest, TurnsThatAreAlwaysFull_TakeOneItemEach) {
  mailbox.reset();
  start({.read_budget_bytes = 1000, .turn_read_budget_bytes = 1000});
  mailbox.emplace(*loop, receiver);
  const Link flood = connect();
  turn_until_quiet();
  world.peer_write(flood.peer, std::string(10'000, 'x'));
  mailbox->post("one");
  mailbox->post("two");
  turn();
  EXPECT_THAT(receiver.received, ElementsAre("one"));
  turn();
  EXPECT_THAT(receiver.received, ElementsAre("one", "two"));
  EXPECT_LT(flood.handler.received.size(), 10'000U) << "no turn was full";
}

TEST_F(MailboxTest, HandlerSendsToAConnection_LeavesInTheSameTurn) {
  const Link link = connect();
  turn_until_quiet();
  receiver.then = [&link](const std::string& mail) { link.connection().send(mail); };
  mailbox->post("delivered");
  turn();
  EXPECT_EQ(world.peer_read(link.peer), "delivered");
}

TEST_F(MailboxTest, HandlerAddsAMailbox_BothWork) {
  Receiver late_receiver;
  std::vector<std::unique_ptr<Mailbox<std::string>>> late;
  receiver.then = [&](const std::string&) {
    for (int i = 0; i < 20; ++i) {
      late.push_back(std::make_unique<Mailbox<std::string>>(*loop, late_receiver));
      late.back()->post("late");
    }
  };
  mailbox->post("now");
  turn_until_quiet();
  EXPECT_EQ(late_receiver.received.size(), 20U);
}

TEST_F(MailboxTest, Removed_DeliversNoMore) {
  mailbox->post("unread");
  mailbox.reset();
  turn_until_quiet();
  EXPECT_THAT(receiver.received, ElementsAre());
}

}  // namespace
}  // namespace reactor_test
