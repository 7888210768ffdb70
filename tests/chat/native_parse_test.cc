#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/protocol/native.h"
#include "tests/chat/native_feed.h"

namespace chat::native_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Case {
  std::string line;
  Seen expected;
};

const std::vector<Case>& verbs_as_they_should_be() {
  static const std::vector<Case> cases{
      {"REGISTER:Alice", said(Verb::kRegister, "Alice")},
      {"REGISTER:not:a name", said(Verb::kRegister, "not:a name")},
      {"BROADCAST:hello: all", said(Verb::kBroadcast, "", "hello: all")},
      {"BROADCAST: ", said(Verb::kBroadcast, "", " ")},
      {"CHAT:Bob:hi: you", said(Verb::kDirect, "Bob", "hi: you")},
      {"LIST", said(Verb::kList)},
      {"LIST:dev", said(Verb::kList, "dev")},
      {"ROOMS", said(Verb::kRooms)},
      {"JOIN:dev", said(Verb::kJoin, "dev")},
      {"JOIN:dev:", said(Verb::kJoin, "dev")},
      {"JOIN:dev:a:key", said(Verb::kJoin, "dev", "a:key")},
      {"MODE:dev", said(Verb::kMode, "dev")},
      {"MODE:dev:", said(Verb::kMode, "dev")},
      {"MODE:dev:+ok Bob a:b", said(Verb::kMode, "dev", "+ok Bob a:b")},
      {"KICK:dev:Bob", about(Verb::kKick, "dev", "Bob")},
      {"KICK:dev:Bob:", about(Verb::kKick, "dev", "Bob")},
      {"KICK:dev:Bob:a:b", about(Verb::kKick, "dev", "Bob", "a:b")},
      {"INVITE:dev:Bob", about(Verb::kInvite, "dev", "Bob")},
      {"PART:dev", said(Verb::kPart, "dev")},
      {"SAY:dev:a:b", said(Verb::kSay, "dev", "a:b")},
      {"TOPIC:dev:tea: at 5", said(Verb::kTopic, "dev", "tea: at 5")},
      {"TOPIC:dev:", said(Verb::kTopic, "dev", "")},
      {"REQUEST:Bob", said(Verb::kRequest, "Bob")},
      {"ACCEPT:Bob", said(Verb::kAccept, "Bob")},
      {"DECLINE:Bob", said(Verb::kDecline, "Bob")},
      {"LEAVE", said(Verb::kLeave)},
      {"RESUME:abc:0", resume("abc", 0)},
      {"RESUME:abc:18446744073709551615", resume("abc", UINT64_MAX)},
      {"HISTORY:dev:before:0:1", history("dev", true, 0, 1)},
      {"HISTORY:dev:after:17:1000", history("dev", false, 17, 1000)},
      {"HISTORY:@Bob:after:18446744073709551615:4294967295",
       history("@Bob", false, UINT64_MAX, UINT32_MAX)},
      {"PING:1:2", said(Verb::kPing, "", "1:2")},
      {"PING:", said(Verb::kPing)},
      {"QUIT", said(Verb::kQuit)},
  };
  return cases;
}

// Wrong with a colon, so that they are commands by hand, too.
const std::vector<Case>& verbs_with_wrong_fields() {
  static const std::vector<Case> cases{
      {"REGISTER:", malformed("REGISTER", "REGISTER:name")},
      {"BROADCAST:", malformed("BROADCAST", "BROADCAST:text")},
      {"CHAT:", malformed("CHAT", "CHAT:name:text")},
      {"CHAT:Bob", malformed("CHAT", "CHAT:name:text")},
      {"CHAT:Bob:", malformed("CHAT", "CHAT:name:text")},
      {"CHAT::hi", malformed("CHAT", "CHAT:name:text")},
      {"LIST:", malformed("LIST", "LIST or LIST:room")},
      {"ROOMS:", malformed("ROOMS", "ROOMS")},
      {"ROOMS:dev", malformed("ROOMS", "ROOMS")},
      {"JOIN:", malformed("JOIN", "JOIN:room or JOIN:room:key")},
      {"JOIN::key", malformed("JOIN", "JOIN:room or JOIN:room:key")},
      {"MODE:", malformed("MODE", "MODE:room or MODE:room:+o name")},
      {"MODE::+i", malformed("MODE", "MODE:room or MODE:room:+o name")},
      {"KICK:", malformed("KICK", "KICK:room:name or KICK:room:name:reason")},
      {"KICK:dev", malformed("KICK", "KICK:room:name or KICK:room:name:reason")},
      {"KICK:dev:", malformed("KICK", "KICK:room:name or KICK:room:name:reason")},
      {"KICK::Bob", malformed("KICK", "KICK:room:name or KICK:room:name:reason")},
      {"KICK:dev::why", malformed("KICK", "KICK:room:name or KICK:room:name:reason")},
      {"INVITE:dev", malformed("INVITE", "INVITE:room:name")},
      {"INVITE:dev:", malformed("INVITE", "INVITE:room:name")},
      {"INVITE:dev:Bob:x", malformed("INVITE", "INVITE:room:name")},
      {"PART:", malformed("PART", "PART:room")},
      {"SAY:dev", malformed("SAY", "SAY:room:text")},
      {"SAY:dev:", malformed("SAY", "SAY:room:text")},
      {"SAY::hi", malformed("SAY", "SAY:room:text")},
      {"TOPIC:dev", malformed("TOPIC", "TOPIC:room:text")},
      {"TOPIC::tea", malformed("TOPIC", "TOPIC:room:text")},
      {"REQUEST:", malformed("REQUEST", "REQUEST:name")},
      {"ACCEPT:", malformed("ACCEPT", "ACCEPT:name")},
      {"DECLINE:", malformed("DECLINE", "DECLINE:name")},
      {"LEAVE:Bob", malformed("LEAVE", "LEAVE")},
      {"QUIT:bye", malformed("QUIT", "QUIT")},
      {"RESUME:", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME:abc", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME::1", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME:abc:", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME:abc:-1", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME:abc:+1", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME:abc: 1", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME:abc:1x", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME:abc:1:2", malformed("RESUME", "RESUME:token:last id")},
      {"RESUME:abc:18446744073709551616", malformed("RESUME", "RESUME:token:last id")},
      {"HELLO:", malformed("HELLO", "HELLO:1:tags,ack,resume,presence")},
      {"HELLO:1", malformed("HELLO", "HELLO:1:tags,ack,resume,presence")},
  };
  return cases;
}

TEST(NativeCodec, HistoryThatMakesNoSense_IsAnsweredWithTheUsage) {
  const Seen wrong =
      malformed("HISTORY", "HISTORY:room:before:id:count or HISTORY:room:after:id:count");
  for (const std::string fields :
       {"", "dev", "dev:", "dev:before", "dev:before:", "dev:before:1",
        "dev:before:1:", "dev:before:1:0", "dev:before:1:-5", "dev:before::5", "dev:before:x:5",
        "dev:between:1:5", "dev:Before:1:5", "dev::1:5", ":before:1:5", "dev:before:1:5:6",
        "dev:before:1:4294967296", "dev:before:18446744073709551616:1", "dev:before: 1:5"}) {
    EXPECT_THAT(by_hand("HISTORY:" + fields + "\n"), ElementsAre(wrong)) << fields;
    EXPECT_THAT(by_program("HISTORY:" + fields + "\n"), ElementsAre(wrong)) << fields;
  }
}

TEST(NativeCodec, EveryVerb_IsUnderstoodByHandAndAfterHello) {
  for (const Case& c : verbs_as_they_should_be()) {
    EXPECT_THAT(by_hand(c.line + "\n"), ElementsAre(c.expected)) << c.line;
    EXPECT_THAT(by_program(c.line + "\r\n"), ElementsAre(c.expected)) << c.line;
  }
}

TEST(NativeCodec, WrongFields_AreAnsweredWithTheUsage) {
  for (const Case& c : verbs_with_wrong_fields()) {
    EXPECT_THAT(by_hand(c.line + "\n"), ElementsAre(c.expected)) << c.line;
    EXPECT_THAT(by_program(c.line + "\n"), ElementsAre(c.expected)) << c.line;
  }
}

TEST(NativeCodec, VerbWithoutItsFields_IsPlainTextByHandAndMalformedAfterHello) {
  const std::vector<std::string> names{
      "REGISTER", "BROADCAST", "CHAT",  "JOIN",   "PART",    "SAY",  "TOPIC", "REQUEST", "ACCEPT",
      "DECLINE",  "PING",      "HELLO", "RESUME", "HISTORY", "MODE", "KICK",  "INVITE"};
  for (const std::string& name : names) {
    if (name != "SAY") {
      EXPECT_THAT(by_hand(name + "\n"), ElementsAre(said(Verb::kPlain, "", name)));
    }
    const std::vector<Seen> seen = by_program(name + "\n");
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].code, ErrorCode::kMalformed) << name;
    EXPECT_EQ(seen[0].target, name);
    EXPECT_TRUE(seen[0].text.starts_with("usage: " + name)) << seen[0].text;
  }
}

TEST(NativeCodec, WordsByHand_WorkInAnyCase) {
  const std::vector<Case> cases{
      {"list", said(Verb::kList)},
      {"List", said(Verb::kList)},
      {"help", said(Verb::kHelp)},
      {"HELP", said(Verb::kHelp)},
      {"QuIt", said(Verb::kQuit)},
      {"send Bob hi there", said(Verb::kDirect, "Bob", "hi there")},
      {"SEND   Bob  hi", said(Verb::kDirect, "Bob", " hi")},
      {"send Bob: hi", said(Verb::kDirect, "Bob:", "hi")},
      {"say list", said(Verb::kPlain, "", "list")},
      {"Say LIST: a thing", said(Verb::kPlain, "", "LIST: a thing")},
      {"SAY  two spaces", said(Verb::kPlain, "", " two spaces")},
      {"send", malformed("send", "send name text")},
      {"send ", malformed("send", "send name text")},
      {"Send Bob", malformed("send", "send name text")},
      {"send Bob ", malformed("send", "send name text")},
      {"say", malformed("say", "say text")},
      {"SAY ", malformed("say", "say text")},
      {"HELP:me", malformed("HELP", "HELP")},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(by_hand(c.line + "\n"), ElementsAre(c.expected)) << c.line;
  }
}

TEST(NativeCodec, OtherLinesByHand_ArePlainText) {
  const std::vector<std::string> lines{"Hello everyone!",
                                       "hello: everyone",
                                       "register:Alice",
                                       " list",
                                       "list ",
                                       "quit it",
                                       "sending you this",
                                       "says who",
                                       "@id=1 LIST",
                                       "BROADCASTING:x",
                                       "@",
                                       ":",
                                       "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
                                       "a\rb\tc\x1B[31m\x7F"};
  for (const std::string& line : lines) {
    EXPECT_THAT(by_hand(line + "\n"), ElementsAre(said(Verb::kPlain, "", line))) << line;
  }
}

TEST(NativeCodec, BlankLines_AreIgnored) {
  EXPECT_THAT(by_hand("\n\r\n  \n\t\r\n"), IsEmpty());
  EXPECT_THAT(by_program("\n\r\n  \n\t\r\n"), IsEmpty());
}

TEST(NativeCodec, Hello_GrantsWhatIsKnownInOneOrder) {
  const std::vector<std::pair<std::string, std::string>> asked_and_granted{
      {"", ""},
      {"tags", "tags"},
      {"presence", "presence"},
      {"presence,tags", "tags,presence"},
      {"ack,tags,resume", "tags,ack,resume"},
      {"presence,resume,ack,tags", "tags,ack,resume,presence"},
      {"tags,tags,,Presence,tagsy", "tags"},
      {"tags:presence", ""},
  };
  for (const auto& [asked, granted] : asked_and_granted) {
    const std::vector<Seen> seen = by_hand("HELLO:1:" + asked + "\n");
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].verb, Verb::kHello);
    EXPECT_EQ(seen[0].text, granted) << asked;
  }
}

TEST(NativeCodec, EveryCommandAfterHello_CarriesWhatWasGranted) {
  Feed feed;
  feed.read("LIST\nHELLO:1:tags,ack,resume\nREGISTER:Alice\n");
  const Capabilities granted{.tags = true, .ack = true, .resume = true};
  ASSERT_EQ(feed.recorder.seen.size(), 3U);
  EXPECT_EQ(feed.recorder.seen[0].capabilities, Capabilities());
  EXPECT_EQ(feed.recorder.seen[1].capabilities, granted);
  EXPECT_EQ(feed.recorder.seen[2].capabilities, granted);
}

TEST(NativeCodec, ClientId_IsTakenFromTheTags) {
  const std::vector<std::pair<std::string, std::string>> tags_and_ids{
      {"@id=c17", "c17"},
      {"@x=1;id=A-b_9", "A-b_9"},
      {"@id=first;id=second", "first"},
      {"@id=", ""},
      {"@idx=1", ""},
      {"@x=id=5", ""},
      {"@id=" + std::string(64, 'c'), std::string(64, 'c')},
  };
  for (const auto& [tags, id] : tags_and_ids) {
    Seen expected = said(Verb::kBroadcast, "", "hi");
    expected.client_id = id;
    EXPECT_THAT(by_program(tags + " BROADCAST:hi\n"), ElementsAre(expected)) << tags;
  }
}

TEST(NativeCodec, ClientIdThatIsNone_Is400) {
  for (const std::string id : {"a.b", "\xC3\xA9", "a=b", "a:b"}) {
    const std::vector<Seen> seen = by_program("@id=" + id + " BROADCAST:hi\n");
    ASSERT_EQ(seen.size(), 1U) << id;
    EXPECT_EQ(seen[0].code, ErrorCode::kMalformed) << id;
  }
  EXPECT_EQ(by_program("@id=" + std::string(65, 'c') + " BROADCAST:hi\n")[0].code,
            ErrorCode::kMalformed);
}

TEST(NativeCodec, RefusedLine_KeepsItsClientId) {
  const std::vector<Seen> seen = by_program("@id=c1 NOPE\n");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].code, ErrorCode::kUnknownVerb);
  EXPECT_EQ(seen[0].client_id, "c1");
}

// Looks at the codec while it hands over the command.
class FormatWatcher final : public CommandSink {
 public:
  explicit FormatWatcher(const NativeCodec& codec) : codec_(codec) {}
  bool on_command(const Command& /*command*/, std::size_t /*wire_bytes*/) override {
    formats.push_back(codec_.format().dialect);
    presence.push_back(codec_.format().has(WireFormat::kPresence));
    return true;
  }

  std::vector<WireFormat::Dialect> formats;
  std::vector<bool> presence;

 private:
  const NativeCodec& codec_;
};

TEST(NativeCodec, Hello_SwitchesTheFormatAtOnce) {
  NativeCodec codec(kLimits);
  FormatWatcher watcher(codec);
  codec.parse("PING:a\nHELLO:1:presence,tags\n", watcher);
  EXPECT_THAT(watcher.formats,
              ElementsAre(WireFormat::Dialect::kByHand, WireFormat::Dialect::kTagged));
  EXPECT_THAT(watcher.presence, ElementsAre(false, true));

  NativeCodec plain(kLimits);
  FormatWatcher plain_watcher(plain);
  plain.parse("HELLO:1:\n", plain_watcher);
  EXPECT_THAT(plain_watcher.formats, ElementsAre(WireFormat::Dialect::kProgram));
  EXPECT_THAT(plain_watcher.presence, ElementsAre(false));
}

TEST(NativeCodec, Hello_OfAnotherVersionChangesNothing) {
  const std::vector<Seen> seen = by_hand("HELLO:2:tags\nHELLO::\nlist\n");
  const Seen other_version =
      refused(ErrorCode::kMalformed, "HELLO", "version 1 is the only one spoken here");
  EXPECT_THAT(seen, ElementsAre(other_version, other_version, said(Verb::kList)));
}

TEST(NativeCodec, Hello_WorksOnlyOnce) {
  Feed feed;
  feed.read("HELLO:1:tags\nHELLO:1:presence\n");
  ASSERT_EQ(feed.recorder.seen.size(), 2U);
  EXPECT_EQ(feed.recorder.seen[0].text, "tags");
  EXPECT_EQ(feed.recorder.seen[1].code, ErrorCode::kMalformed);
  EXPECT_EQ(feed.recorder.seen[1].text, "HELLO was said before");
  EXPECT_EQ(feed.codec.format(), WireFormat::kTagged);
  EXPECT_FALSE(feed.codec.format().has(WireFormat::kPresence));
}

TEST(NativeCodec, UnknownVerbAfterHello_Is405) {
  const auto unknown = [](std::string subject) {
    return refused(ErrorCode::kUnknownVerb, std::move(subject), "there is no such verb");
  };
  EXPECT_THAT(by_program("HELP\nlist\nsend Bob hi\nbroadcast:x\n:x\nLISTS\n"),
              ElementsAre(unknown("HELP"), unknown("list"), unknown("send Bob hi"),
                          unknown("broadcast"), unknown(""), unknown("LISTS")));
  EXPECT_THAT(by_program(std::string(100, 'A') + ":x\n"),
              ElementsAre(unknown(std::string(32, 'A'))));
  // Cut in front of the character that has no room, not through it.
  const std::string e_acute = "\xC3\xA9";
  EXPECT_THAT(by_program(std::string(31, 'A') + e_acute + "\n"),
              ElementsAre(unknown(std::string(31, 'A'))));
}

TEST(NativeCodec, Tags_AreTakenOffAfterHello) {
  for (const std::string tags : {"@a=", "@a=b;C-3_x=d=e:f", "@a=\xE2\x82\xAC"}) {
    EXPECT_THAT(by_program(tags + " BROADCAST:hi there\n"),
                ElementsAre(said(Verb::kBroadcast, "", "hi there")))
        << tags;
  }
}

TEST(NativeCodec, MalformedTags_Are400) {
  for (const std::string line :
       {"@", "@id=1", "@id=1 ", "@ LIST", "@id LIST", "@=1 LIST", "@id=1; LIST", "@;id=1 LIST",
        "@i d=1 LIST", "@i.d=1 LIST", "@id=1;;x=2 LIST", "@\xC3\xA9=1 LIST"}) {
    EXPECT_THAT(by_program(line + "\n"), ElementsAre(malformed("", "@key=value;key=value VERB...")))
        << line;
  }
}

}  // namespace
}  // namespace chat::native_test
