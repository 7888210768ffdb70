// How long the loop sleeps.

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include "tests/reactor/reactor_fixture.h"

namespace reactor_test {
namespace {

class ReactorTime : public ReactorFixture {};

TEST_F(ReactorTime, TimerAfterALongTurn_IsNotLateByItsLength) {
  struct Quiet final : reactor::TimerHandler {
    void on_timer(std::uint64_t /*argument*/) override {}
  } timer;
  start();
  const Link link = connect();
  turn_until_quiet();
  link.handler.data = [this](Connection&, std::string_view bytes) {
    world.advance(milliseconds{5});
    return bytes.size();
  };
  const reactor::TimerId id = loop->timers().arm(loop->now() + milliseconds{20}, timer);
  world.peer_write(link.peer, "tick");
  turn(2);
  ASSERT_TRUE(net->timeouts.back().has_value());
  EXPECT_LE(*net->timeouts.back(), milliseconds{15});
  loop->timers().cancel(id);
}

}  // namespace
}  // namespace reactor_test
