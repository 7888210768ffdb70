#include "chat/protocol/irc_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/chat/irc_fixture.h"

namespace chat {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

ServerInfo server_with_history() {
  ServerInfo server = irc_server();
  server.offers_irc_history = true;
  return server;
}

const ServerInfo kWithHistory = server_with_history();
constexpr std::string_view kCapabilities = "batch draft/chathistory labeled-response message-tags";

SeenCommand history(std::string target, std::string asked, std::uint32_t count) {
  SeenCommand command;
  command.verb = Verb::kHistory;
  command.target = std::move(target);
  command.peer = std::move(asked);
  command.count = count;
  return command;
}

TEST(IrcHistory, Capability_IsOfferedWhenThereIsHistory) {
  IrcClient without;
  EXPECT_THAT(without.ask("CAP LS 302"), Not(HasSubstr("chathistory")));
  EXPECT_THAT(without.ask("CAP REQ :draft/chathistory"), HasSubstr(" NAK "));
  IrcClient with(kWithHistory);
  EXPECT_THAT(with.ask("CAP LS 302"), HasSubstr(" draft/chathistory "));
  EXPECT_THAT(with.ask("CAP REQ :draft/chathistory"), HasSubstr(" ACK "));
  with.ask("NICK alice");
  with.ask("USER al 0 * :Alice");
  EXPECT_THAT(with.ask("CAP END"),
              AllOf(HasSubstr(" CHATHISTORY=1000 "), HasSubstr(" MSGREFTYPES=msgid,timestamp ")));
}

TEST(IrcHistory, WithoutTheCapability_IsAnUnknownCommand) {
  IrcClient client(kWithHistory);
  client.log_in();
  EXPECT_THAT(client.ask("CHATHISTORY LATEST #dev * 10"),
              StartsWith(":irc.test 421 alice CHATHISTORY :"));
}

TEST(IrcHistory, Subcommands_SayWhichMessagesAreMeant) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  SeenCommand expected = history("dev", "LATEST #dev", 10);
  expected.before = true;
  EXPECT_EQ(client.command("CHATHISTORY LATEST #dev * 10"), expected);
  expected.bound = 7;
  EXPECT_EQ(client.command("CHATHISTORY LATEST #dev msgid=7 10"), expected);

  expected = history("@bob", "before bob", 5);
  expected.before = true;
  expected.id = 7;
  EXPECT_EQ(client.command("CHATHISTORY before bob msgid=7 5"), expected);

  expected = history("dev", "AFTER #dev", 5);
  expected.id = 7;
  EXPECT_EQ(client.command("CHATHISTORY AFTER #dev msgid=7 5"), expected);

  expected = history("dev", "AROUND #dev", 5);
  expected.id = 7;
  expected.around = true;
  EXPECT_EQ(client.command("CHATHISTORY AROUND #dev msgid=7 5"), expected);
}

TEST(IrcHistory, Between_GoesEitherWay) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  SeenCommand expected = history("dev", "BETWEEN #dev", 5);
  expected.id = 3;
  expected.bound = 9;
  EXPECT_EQ(client.command("CHATHISTORY BETWEEN #dev msgid=3 msgid=9 5"), expected);
  expected.id = 9;
  expected.bound = 3;
  expected.before = true;
  EXPECT_EQ(client.command("CHATHISTORY BETWEEN #dev msgid=9 msgid=3 5"), expected);
}

TEST(IrcHistory, References_CanBeTimes) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  const std::string earlier = "timestamp=2023-11-14T22:13:20.123Z";
  const std::string later = "timestamp=2023-11-14T22:13:20.124Z";
  SeenCommand expected = history("dev", "BEFORE #dev", 5);
  expected.before = true;
  expected.id_unix_ms = 1'700'000'000'123;
  EXPECT_EQ(client.command("CHATHISTORY BEFORE #dev " + earlier + " 5"), expected);
  expected = history("dev", "BETWEEN #dev", 5);
  expected.before = true;
  expected.id_unix_ms = 1'700'000'000'124;
  expected.bound_unix_ms = 1'700'000'000'123;
  EXPECT_EQ(client.command("CHATHISTORY BETWEEN #dev " + later + " " + earlier + " 5"), expected);
}

TEST(IrcHistory, Time_IsReadStrictly) {
  EXPECT_EQ(parse_irc_time("1970-01-01T00:00:00.000Z"), 0);
  EXPECT_EQ(parse_irc_time("2000-02-29T23:59:59.999Z"), 951'868'799'999);
  EXPECT_EQ(parse_irc_time("2016-12-31T23:59:60.000Z"), 1'483'228'800'000);
  for (const std::string_view none :
       {"", "1970-01-01T00:00:00Z", "1970-01-01 00:00:00.000Z", "1970-01-01T00:00:00.000",
        "1970-13-01T00:00:00.000Z", "1970-02-29T00:00:00.000Z", "1970-01-01T24:00:00.000Z",
        "1970-01-01T00:60:00.000Z", "1970-01-01T00:00:61.000Z", "x970-01-01T00:00:00.000Z",
        "1970-01-01T00:00:00.000Z "}) {
    EXPECT_FALSE(parse_irc_time(none)) << none;
  }
}

TEST(IrcHistory, QuestionThatMakesNoSense_Fails) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  for (const std::string_view line :
       {"CHATHISTORY LATEST #dev", "CHATHISTORY LATEST #dev * 0", "CHATHISTORY LATEST #dev * x",
        "CHATHISTORY LATEST #dev msgid=x 5", "CHATHISTORY LATEST #dev msgid=0 5",
        "CHATHISTORY LATEST #dev 7 5", "CHATHISTORY LATEST #dev timestamp=now 5",
        "CHATHISTORY LATEST #dev * -1", "CHATHISTORY LATEST #dev * 5 5"}) {
    EXPECT_THAT(client.ask(line),
                StartsWith(":irc.test FAIL CHATHISTORY INVALID_PARAMS LATEST #dev :"))
        << line;
  }
  for (const std::string_view line :
       {"CHATHISTORY BEFORE #dev * 5", "CHATHISTORY BETWEEN #dev msgid=1 5",
        "CHATHISTORY BETWEEN #dev msgid=1 msgid=3 5 5", "CHATHISTORY AFTER #dev msgid=1 msgid=3 5",
        "CHATHISTORY BETWEEN #dev msgid=1 timestamp=2023-11-14T22:13:20.123Z 5", "CHATHISTORY",
        "CHATHISTORY TARGETS * * 5",
        "CHATHISTORY TARGETS timestamp=2023-11-14T22:13:20.123Z msgid=3 5",
        "CHATHISTORY TARGETS timestamp=2023-11-14T22:13:20.123Z 5",
        "CHATHISTORY TARGETS timestamp=2023-11-14T22:13:20Z timestamp=2023-11-14T22:13:21Z 0",
        "CHATHISTORY NOPE #dev * 5"}) {
    EXPECT_THAT(client.ask(line), StartsWith(":irc.test FAIL CHATHISTORY INVALID_PARAMS ")) << line;
  }
}

Event about(EventKind kind, std::string_view asked = "LATEST #dev") {
  Event event;
  event.kind = kind;
  event.to.shard = 0;
  event.target = asked;
  return event;
}

Event message(EventKind kind, std::string_view text, std::string_view asked = "LATEST #dev") {
  Event event;
  event.kind = kind;
  event.target = asked;
  event.id = 7;
  event.room_id = kind == EventKind::kDirect ? kNoRoom : 5;
  event.room = kind == EventKind::kDirect ? "bob" : "dev";
  event.subject = "carl";
  event.text = text;
  return event;
}

TEST(IrcHistory, Messages_ComeInABatch) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  EXPECT_EQ(client.told(about(EventKind::kHistory)), ":irc.test BATCH +H1 chathistory #dev\r\n");
  EXPECT_EQ(client.told(message(EventKind::kMessage, "hi")),
            "@batch=H1;msgid=7 :carl!carl@unknown PRIVMSG #dev :hi\r\n");
  EXPECT_EQ(client.told(message(EventKind::kTopic, "tea")),
            "@batch=H1;msgid=7 :carl!carl@unknown NOTICE #dev :has set the topic: tea\r\n");
  EXPECT_EQ(client.told(message(EventKind::kTopic, "")),
            "@batch=H1;msgid=7 :carl!carl@unknown NOTICE #dev :has cleared the topic\r\n");
  EXPECT_EQ(client.told(about(EventKind::kHistoryEnd)), ":irc.test BATCH -H1\r\n");
}

TEST(IrcHistory, LongMessage_IsInTheBatchWithEachOfItsLines) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  client.told(about(EventKind::kHistory));
  const std::string text(600, 'x');
  EXPECT_THAT(irc_lines(client.told(message(EventKind::kMessage, text))),
              ElementsAre(StartsWith("@batch=H1;msgid=7 :carl"), StartsWith("@batch=H1 :carl")));
}

TEST(IrcHistory, SeveralAtOnce_ComeOneAfterTheOther) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  EXPECT_THAT(client.told(about(EventKind::kHistory)), HasSubstr(" +H1 chathistory #dev"));
  EXPECT_THAT(client.told(about(EventKind::kHistory, "LATEST bob")),
              HasSubstr(" +H2 chathistory bob"));
  EXPECT_THAT(client.told(message(EventKind::kMessage, "hi")), StartsWith("@batch=H1;"));
  EXPECT_THAT(client.told(about(EventKind::kHistoryEnd)), HasSubstr(" -H1"));
  EXPECT_EQ(client.told(message(EventKind::kDirect, "hi", "LATEST bob")),
            "@batch=H2;msgid=7 :carl!carl@unknown PRIVMSG bob :hi\r\n");
  EXPECT_THAT(client.told(about(EventKind::kHistoryEnd, "LATEST bob")), HasSubstr(" -H2"));
}

TEST(IrcHistory, LiveMessages_AreNotInTheBatch) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  client.told(about(EventKind::kHistory));
  EXPECT_EQ(client.told(message(EventKind::kDirect, "hi", "")),
            "@msgid=7 :carl!carl@unknown PRIVMSG bob :hi\r\n");
}

TEST(IrcHistory, WithoutBatches_AreBareMessages) {
  IrcClient client(kWithHistory);
  client.log_in("draft/chathistory");
  EXPECT_THAT(client.told(about(EventKind::kHistory)), IsEmpty());
  EXPECT_EQ(client.told(message(EventKind::kMessage, "hi")),
            ":carl!carl@unknown PRIVMSG #dev :hi\r\n");
  EXPECT_THAT(client.told(about(EventKind::kHistoryEnd)), IsEmpty());
}

TEST(IrcHistory, LabelledQuestion_IsAnsweredByTheBatch) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  Event begins = about(EventKind::kHistory);
  begins.client_id = "x7";
  EXPECT_EQ(client.told(begins), "@label=x7 :irc.test BATCH +H1 chathistory #dev\r\n");
  Event end;
  end.kind = EventKind::kLabelEnd;
  end.client_id = "x7";
  EXPECT_THAT(client.told(end), IsEmpty());
  EXPECT_EQ(client.told(about(EventKind::kHistoryEnd)), ":irc.test BATCH -H1\r\n");
  end.client_id = "x8";
  EXPECT_EQ(client.told(end), "@label=x8 :irc.test ACK\r\n");
}

TEST(IrcHistory, Refusal_SaysWhatWasAsked) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  const auto refused = [&client](Refusal refusal) {
    Event event = about(EventKind::kError);
    event.refusal = refusal;
    event.text = "why: because";
    return client.told(event);
  };
  for (const Refusal refusal : {Refusal::kNoSuchRoom, Refusal::kNotInRoom, Refusal::kInvalidName}) {
    EXPECT_EQ(refused(refusal),
              ":irc.test FAIL CHATHISTORY INVALID_TARGET LATEST #dev :Messages could not be "
              "retrieved\r\n")
        << "whether there is such a room is not told";
  }
  for (const Refusal refusal : {Refusal::kInternal, Refusal::kTooFast}) {
    EXPECT_EQ(refused(refusal),
              ":irc.test FAIL CHATHISTORY MESSAGE_ERROR LATEST #dev :why: because\r\n");
  }
}

TEST(IrcHistory, Targets_AreAskedForByTwoTimes) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  SeenCommand expected = history("", "TARGETS 1700000000124 1700000000123 50", 0);
  expected.verb = Verb::kTargets;
  EXPECT_EQ(client.command("CHATHISTORY targets timestamp=2023-11-14T22:13:20.124Z "
                           "timestamp=2023-11-14T22:13:20.123Z 50"),
            expected);
  expected.peer = "TARGETS 1700000000123 1700000000124 1000";
  EXPECT_EQ(client.command("CHATHISTORY TARGETS timestamp=2023-11-14T22:13:20.123Z "
                           "timestamp=2023-11-14T22:13:20.124Z 4000000000"),
            expected);
}

// The last messages come in the order in which the store was asked for them.
std::string tell_targets(IrcClient& client, std::string_view asked) {
  std::string told = client.told(about(EventKind::kTargets, asked));
  const auto last = [&](EventKind kind, std::string_view room, std::string_view sender,
                        std::int64_t unix_ms) {
    Event event = message(kind, "", asked);
    event.room = room;
    event.subject = sender;
    event.unix_ms = unix_ms;
    told += client.told(event);
  };
  last(EventKind::kMessage, "lobby", "carl", 1000);
  last(EventKind::kTopic, "dev", "carl", 4000);
  last(EventKind::kDirect, "Bob", "ALICE", 3000);
  last(EventKind::kDirect, "alice", "Carl", 2000);
  Event end = about(EventKind::kHistoryEnd, asked);
  end.room = "Alice";
  return told + client.told(end);
}

TEST(IrcHistory, Targets_ComeByTheTimeOfTheirLastMessage) {
  const std::string begin = ":irc.test BATCH +H1 draft/chathistory-targets";
  const std::string lobby =
      "@batch=H1 :irc.test CHATHISTORY TARGETS #lobby 1970-01-01T00:00:01.000Z";
  const std::string carl = "@batch=H1 :irc.test CHATHISTORY TARGETS Carl 1970-01-01T00:00:02.000Z";
  const std::string bob = "@batch=H1 :irc.test CHATHISTORY TARGETS Bob 1970-01-01T00:00:03.000Z";
  const std::string dev = "@batch=H1 :irc.test CHATHISTORY TARGETS #dev 1970-01-01T00:00:04.000Z";
  const std::string end = ":irc.test BATCH -H1";
  const auto told = [](std::string_view asked) {
    IrcClient client(kWithHistory);
    client.log_in(kCapabilities);
    return irc_lines(tell_targets(client, asked));
  };
  EXPECT_THAT(told("TARGETS 1 9000 10"), ElementsAre(begin, lobby, carl, bob, dev, end));
  EXPECT_THAT(told("TARGETS 9000 1 10"), ElementsAre(begin, lobby, carl, bob, dev, end));
  EXPECT_THAT(told("TARGETS 1 9000 2"), ElementsAre(begin, lobby, carl, end));
  EXPECT_THAT(told("TARGETS 9000 1 2"), ElementsAre(begin, bob, dev, end));
  EXPECT_THAT(told("TARGETS 1000 4000 10"), ElementsAre(begin, carl, bob, end))
      << "the times are no part of it";
  EXPECT_THAT(told("TARGETS 5000 5000 10"), ElementsAre(begin, end));
}

TEST(IrcHistory, TargetsThatAreAskedForTwice_AreNotMixed) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  const std::string first = tell_targets(client, "TARGETS 1 9000 1");
  EXPECT_THAT(irc_lines(tell_targets(client, "TARGETS 9000 1 1")),
              ElementsAre(":irc.test BATCH +H2 draft/chathistory-targets",
                          "@batch=H2 :irc.test CHATHISTORY TARGETS #dev 1970-01-01T00:00:04.000Z",
                          ":irc.test BATCH -H2"));
}

TEST(IrcHistory, TargetsWithoutBatches_AreBareLines) {
  IrcClient client(kWithHistory);
  client.log_in("draft/chathistory");
  EXPECT_EQ(tell_targets(client, "TARGETS 1 9000 1"),
            ":irc.test CHATHISTORY TARGETS #lobby 1970-01-01T00:00:01.000Z\r\n");
}

TEST(IrcHistory, LabelledTargets_AreAnsweredByTheBatch) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  Event begins = about(EventKind::kTargets, "TARGETS 1 2 3");
  begins.client_id = "x7";
  EXPECT_EQ(client.told(begins), "@label=x7 :irc.test BATCH +H1 draft/chathistory-targets\r\n");
  Event end;
  end.kind = EventKind::kLabelEnd;
  end.client_id = "x7";
  EXPECT_THAT(client.told(end), IsEmpty());
}

TEST(IrcHistory, StoreThatFailsForTargets_EndsTheBatch) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  client.told(about(EventKind::kTargets, "TARGETS 1 2 3"));
  Event end = about(EventKind::kHistoryEnd, "TARGETS 1 2 3");
  end.refusal = Refusal::kInternal;
  end.text = "the disk is gone";
  EXPECT_THAT(irc_lines(client.told(end)),
              ElementsAre(":irc.test FAIL CHATHISTORY MESSAGE_ERROR TARGETS * :the disk is gone",
                          ":irc.test BATCH -H1"));
}

TEST(IrcHistory, StoreThatFails_EndsTheBatch) {
  IrcClient client(kWithHistory);
  client.log_in(kCapabilities);
  client.told(about(EventKind::kHistory));
  Event end = about(EventKind::kHistoryEnd);
  end.refusal = Refusal::kInternal;
  end.text = "the disk is gone";
  EXPECT_THAT(irc_lines(client.told(end)),
              ElementsAre(":irc.test FAIL CHATHISTORY MESSAGE_ERROR LATEST #dev :the disk is gone",
                          ":irc.test BATCH -H1"));
}

}  // namespace
}  // namespace chat
