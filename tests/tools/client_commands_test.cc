#include "tools/client_commands.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

// For the messages of failed expectations.
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest wants it like this
void PrintTo(const Action& action, std::ostream* out) {
  *out << "action " << static_cast<int>(action.kind) << " target '" << action.target << "' text '"
       << action.text << "' count " << action.count;
}

namespace {

Action interpret(std::string_view line) { return chat::interpret(line, {}); }

Action broadcast(std::string_view text) { return {ActionKind::kBroadcast, {}, text}; }

TEST(ClientCommands, PlainText_GoesToEveryone) {
  EXPECT_EQ(interpret("Hello everyone!"), broadcast("Hello everyone!"));
  EXPECT_EQ(interpret("  indented"), broadcast("  indented"));
  EXPECT_EQ(interpret("lists are nice"), broadcast("lists are nice"));
}

TEST(ClientCommands, BlankLine_IsNothing) {
  EXPECT_EQ(interpret("").kind, ActionKind::kNothing);
  EXPECT_EQ(interpret(" \t ").kind, ActionKind::kNothing);
  EXPECT_EQ(interpret("//").kind, ActionKind::kNothing);
}

TEST(ClientCommands, PrivateChat_TakesPlainText) {
  EXPECT_EQ(chat::interpret("just us", "Bob"), (Action{ActionKind::kDirect, "Bob", "just us"}));
  EXPECT_EQ(chat::interpret("//list", "Bob"), (Action{ActionKind::kDirect, "Bob", "list"}));
  EXPECT_EQ(chat::interpret("leave", "Bob").kind, ActionKind::kLeave);
}

TEST(ClientCommands, Send_TakesANameAndTheRest) {
  EXPECT_EQ(interpret("send Bob Hi Bob, this is  private."),
            (Action{ActionKind::kDirect, "Bob", "Hi Bob, this is  private."}));
  EXPECT_EQ(interpret("SEND  Bob   hi"), (Action{ActionKind::kDirect, "Bob", "hi"}));
}

TEST(ClientCommands, HalfAPrivateMessage_IsNotTold) {
  for (const char* line : {"send", "send Bob", "Send Bob ", "send Bob:hi there"}) {
    EXPECT_EQ(interpret(line), (Action{ActionKind::kUsage, {}, "send <name> <message>"})) << line;
  }
}

TEST(ClientCommands, EveryCommand_IsKnownInAnyCase) {
  struct Case {
    std::string_view line;
    Action action;
  };
  const std::vector<Case> cases{
      {"list", {ActionKind::kList, {}, {}}},
      {"LIST dev", {ActionKind::kList, "dev", {}}},
      {"Help", {ActionKind::kHelp, {}, {}}},
      {"qUIT", {ActionKind::kQuit, {}, {}}},
      {" quit ", {ActionKind::kQuit, {}, {}}},
      {"request Bob", {ActionKind::kRequest, "Bob", {}}},
      {"accept", {ActionKind::kAccept, {}, {}}},
      {"accept Bob", {ActionKind::kAccept, "Bob", {}}},
      {"decline", {ActionKind::kDecline, {}, {}}},
      {"decline Bob", {ActionKind::kDecline, "Bob", {}}},
      {"leave", {ActionKind::kLeave, {}, {}}},
      {"join dev", {ActionKind::kJoin, "dev", {}}},
      {"part dev", {ActionKind::kPart, "dev", {}}},
      {"say dev hi all", {ActionKind::kSay, "dev", "hi all"}},
      {"rooms", {ActionKind::kRooms, {}, {}}},
      {"topic dev the build", {ActionKind::kTopic, "dev", "the build"}},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(interpret(each.line), each.action) << each.line;
    EXPECT_EQ(interpret("/" + std::string(each.line)).kind, each.action.kind) << each.line;
  }
}

TEST(ClientCommands, History_TakesAPlaceAndANumber) {
  const auto history = [](std::string_view target, std::uint32_t count) {
    return Action{ActionKind::kHistory, target, {}, count};
  };
  EXPECT_EQ(interpret("history"), history("", kHistoryCount));
  EXPECT_EQ(interpret("History 50 "), history("", 50));
  EXPECT_EQ(interpret("history dev"), history("dev", kHistoryCount));
  EXPECT_EQ(interpret("history dev  50"), history("dev", 50));
  EXPECT_EQ(interpret("/history @Bob 3"), history("@Bob", 3));
  EXPECT_EQ(interpret("history 0"), history("", 1));
  EXPECT_EQ(interpret("history dev 1001"), history("dev", 1000));
  EXPECT_EQ(interpret("history 99999999999999999999"), history("", 1000));
  for (const char* line : {"history of the world", "history dev x", "history 5 dev", "history @",
                           "history @B:b", "history dev 5 6", "history a:b", "history dev -5"}) {
    EXPECT_EQ(interpret(line), broadcast(line)) << line;
    EXPECT_EQ(interpret("/" + std::string(line)).kind, ActionKind::kUsage) << line;
  }
}

TEST(ClientCommands, WordsThatHaveNotTheShape_AreAMessage) {
  for (const char* line :
       {"list of things to do", "help me, please", "quit it", "accept my apologies", "leave me",
        "join us tonight", "part of it", "rooms are full", "request?", "say dev", "topic", "list!",
        "join", "list what?"}) {
    EXPECT_EQ(interpret(line), broadcast(line)) << line;
  }
}

TEST(ClientCommands, SlashLine_IsAlwaysACommand) {
  EXPECT_EQ(interpret("/list").kind, ActionKind::kList);
  EXPECT_EQ(interpret("/list of things"), (Action{ActionKind::kUsage, {}, "list, or list <room>"}));
  EXPECT_EQ(interpret("/join"), (Action{ActionKind::kUsage, {}, "join <room>"}));
  EXPECT_EQ(interpret("/dance now"), (Action{ActionKind::kUnknown, "dance", {}}));
  EXPECT_EQ(interpret("/").kind, ActionKind::kUnknown);
}

TEST(ClientCommands, DoubleSlash_SendsTheRestAsItIs) {
  EXPECT_EQ(interpret("//list"), broadcast("list"));
  EXPECT_EQ(interpret("///etc/hosts"), broadcast("/etc/hosts"));
}

TEST(ClientCommands, Help_NamesEveryCommandAndFitsAScreen) {
  for (const char* word : {"send", "list", "request", "accept", "decline", "leave", "join", "part",
                           "rooms", "say", "topic", "history", "help", "quit", "//"}) {
    EXPECT_NE(command_help().find(word), std::string_view::npos) << word;
  }
  std::string_view rest = command_help();
  int lines = 0;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    EXPECT_LE(line.size(), 79U) << line;
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    ++lines;
  }
  EXPECT_LT(lines, 24);
}

class Completing : public testing::Test {
 protected:
  Completion complete(std::string_view before) const {
    return chat::complete(before, names, rooms);
  }

  NameSet names{"Alice", "alina", "Bob"};
  NameSet rooms{"dev", "design", "lobby"};
};

TEST_F(Completing, OneCandidate_IsInsertedWithASpace) {
  const Completion completion = complete("send bo");
  EXPECT_EQ(completion.word_bytes, 2U);
  EXPECT_EQ(completion.insertion, "Bob ");
}

TEST_F(Completing, SeveralCandidates_InsertWhatTheyShare) {
  const Completion completion = complete("hello a");
  EXPECT_EQ(completion.insertion, "Ali");
  EXPECT_EQ(completion.candidates, (std::vector<std::string>{"Alice", "alina"}));
}

TEST_F(Completing, FirstWord_IsACommandOrAName) {
  EXPECT_EQ(complete("req").insertion, "request ");
  EXPECT_EQ(complete("/dec").insertion, "decline ");
  EXPECT_EQ(complete("/dec").word_bytes, 3U) << "the slash stays";
  EXPECT_EQ(complete("al").insertion, "Ali");
  EXPECT_EQ(complete("l").candidates, (std::vector<std::string>{"list", "leave"}));
}

TEST_F(Completing, RoomCommands_CompleteRooms) {
  EXPECT_EQ(complete("join DEV").insertion, "dev ");
  EXPECT_EQ(complete("say d").insertion, "de");
  EXPECT_EQ(complete("say dev b").insertion, "Bob ") << "the text names people";
  EXPECT_EQ(complete("send d").candidates, std::vector<std::string>{});
}

TEST_F(Completing, NothingThatFits_ChangesNothing) {
  const Completion completion = complete("send Zed");
  EXPECT_TRUE(completion.candidates.empty());
  EXPECT_EQ(completion.insertion, "Zed");
}

}  // namespace
}  // namespace chat
