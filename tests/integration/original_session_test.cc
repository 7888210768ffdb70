#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/process.h"
#include "tests/integration/pty.h"

namespace integration {
namespace {

using Lines = std::vector<std::string>;

// The example session of the Python program that this project replaces, to the letter: three
// clients in terminals, and somebody with nc who listens.
TEST(OriginalSession, ThreeClients_SeeWhatTheExampleShows) {
  const ServerProcess server(CHAT_SERVER_PATH);
  const std::string address = "127.0.0.1:" + std::to_string(server.port());
  const auto arguments = [&](const std::string& name) {
    return std::vector<std::string>{name, "--server", address};
  };
  LineClient listener(server.port());
  ASSERT_TRUE(listener.register_as("Dora"));
  Pty alice(CHAT_CLIENT_PATH, arguments("Alice"));
  Pty bob(CHAT_CLIENT_PATH, arguments("Bob"));
  Pty charlie(CHAT_CLIENT_PATH, arguments("Charlie"));
  for (Pty* client : {&alice, &bob, &charlie}) {
    ASSERT_TRUE(client->wait_for_end({">"}));
  }

  alice.type("Hello everyone!\r");
  ASSERT_TRUE(bob.wait_for_line("[Alice]: Hello everyone!"));
  ASSERT_TRUE(charlie.wait_for_line("[Alice]: Hello everyone!"));
  alice.type("send Bob Hi Bob, this is a private message.\r");
  ASSERT_TRUE(bob.wait_for_line("[Alice]: Hi Bob, this is a private message. (private)"));
  bob.type("Hi Alice! How are you?\r");
  ASSERT_TRUE(alice.wait_for_line("[Bob]: Hi Alice! How are you?"));
  ASSERT_TRUE(charlie.wait_for_line("[Bob]: Hi Alice! How are you?"));
  charlie.type("I'm here too!\r");

  ASSERT_TRUE(alice.wait_for_end({"[Charlie]: I'm here too!", ">"}));
  ASSERT_TRUE(bob.wait_for_end({"[Charlie]: I'm here too!", ">"}));
  ASSERT_TRUE(charlie.wait_for_end({"> I'm here too!", ">"}));
  EXPECT_EQ(alice.lines(),
            (Lines{"> Hello everyone!", "> send Bob Hi Bob, this is a private message.",
                   "[Bob]: Hi Alice! How are you?", "[Charlie]: I'm here too!", ">"}));
  EXPECT_EQ(bob.lines(), (Lines{"[Alice]: Hello everyone!",
                                "[Alice]: Hi Bob, this is a private message. (private)",
                                "> Hi Alice! How are you?", "[Charlie]: I'm here too!", ">"}));
  EXPECT_EQ(charlie.lines(), (Lines{"[Alice]: Hello everyone!", "[Bob]: Hi Alice! How are you?",
                                    "> I'm here too!", ">"}));
  EXPECT_TRUE(listener.expect_line("MESSAGE:Alice:Hello everyone!"));
  EXPECT_TRUE(listener.expect_line("MESSAGE:Bob:Hi Alice! How are you?"));
  EXPECT_TRUE(listener.expect_line("MESSAGE:Charlie:I'm here too!"));

  // The other commands of the original.
  alice.type("list\r");
  EXPECT_TRUE(alice.wait_for_end({"> list", "Clients: Alice, Bob, Charlie, Dora", ">"}));
  bob.type("help\r");
  EXPECT_TRUE(bob.wait_for_line("  send <name> <message>    to one client only"));
  for (Pty* client : {&alice, &bob, &charlie}) {
    client->type("quit\r");
    EXPECT_EQ(client->wait_exit(), 0);
  }
}

}  // namespace
}  // namespace integration
