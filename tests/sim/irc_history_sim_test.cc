// IRC clients that ask a whole server, on the simulated OS, for what was said before.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/chat_sim.h"

namespace {

using sim::ChatSim;
using sim::Peer;
using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Texts = std::vector<std::string>;

struct Message {
  std::string id;
  std::string time;
  std::string text;
};

std::string tag_of(std::string_view line, std::string_view key) {
  const std::string_view tags = line.substr(0, line.find(' '));
  const std::size_t at = tags.find(std::string(key) + "=");
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view value = tags.substr(at + key.size() + 1);
  return std::string(value.substr(0, value.find(';')));
}

Texts texts_of(const std::vector<Message>& messages) {
  Texts texts;
  for (const Message& message : messages) {
    texts.push_back(message.text);
  }
  return texts;
}

Texts texts(std::size_t first, std::size_t last) {
  Texts all;
  for (std::size_t i = first; i <= last; ++i) {
    all.push_back("text " + std::to_string(i));
  }
  return all;
}

// An IRC client that asks for histories.
class Reader {
 public:
  Reader(ChatSim& sim, const std::string& name)
      : sim_(sim), peer_(sim.connect(nullptr, "127.0.0.1")) {
    peer_->send_bytes("CAP REQ :draft/chathistory batch server-time message-tags\r\nNICK " + name +
                      "\r\nUSER u 0 * :r\r\nCAP END\r\n");
    sim_.settle();
  }

  void say(std::string_view line) { peer_->send_bytes(std::string(line) + "\r\n"); }

  // All lines that have come since the last call.
  Texts heard() {
    sim_.settle();
    const std::string_view bytes = peer_->bytes();
    Texts lines;
    for (std::size_t end = 0; (end = bytes.find("\r\n", read_)) != std::string_view::npos;) {
      lines.emplace_back(bytes.substr(read_, end - read_));
      read_ = end + 2;
    }
    return lines;
  }

  // What one question is answered: one batch, and nothing else.
  std::vector<Message> ask(const std::string& question, std::string_view target) {
    heard();
    say("CHATHISTORY " + question);
    return read_batch(heard(), target);
  }

  static std::vector<Message> read_batch(const Texts& lines, std::string_view target) {
    std::vector<Message> messages;
    if (lines.size() < 2) {
      ADD_FAILURE() << "no batch: " << testing::PrintToString(lines);
      return messages;
    }
    const std::string& begin = lines.front();
    const std::size_t plus = begin.find('+');
    const std::string batch = begin.substr(plus + 1, begin.find(' ', plus) - plus - 1);
    EXPECT_EQ(begin, ":reactor-chat BATCH +" + batch + " chathistory " + std::string(target));
    EXPECT_EQ(lines.back(), ":reactor-chat BATCH -" + batch);
    for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
      EXPECT_EQ(tag_of(lines[i], "batch"), batch) << lines[i];
      messages.push_back({tag_of(lines[i], "msgid"), tag_of(lines[i], "time"),
                          lines[i].substr(lines[i].find(" :", lines[i].find(" :") + 1) + 2)});
    }
    return messages;
  }

 private:
  ChatSim& sim_;
  Peer* peer_;
  std::size_t read_ = 0;
};

struct Setting {
  std::uint16_t threads;
  bool has_disk;
};

class IrcHistory : public testing::TestWithParam<Setting> {
 protected:
  IrcHistory() {
    options_.info.offers_irc_history = true;
    options_.threads = GetParam().threads;
  }

  static std::optional<sim::SimStorage> storage() {
    return GetParam().has_disk ? std::optional(sim::SimStorage()) : std::nullopt;
  }

  // Everybody else's messages lie between those of the room.
  static void fill_room(ChatSim& sim, Peer* alice, std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i) {
      alice->send_line("SAY:dev:text " + std::to_string(i));
      if (i % 3 == 0) {
        alice->send_line("BROADCAST:elsewhere");
      }
      if (i % 20 == 0) {
        sim.settle();
      }
    }
    sim.settle();
  }

  chat::ServerOptions options_ = ChatSim::default_options();
};

TEST_P(IrcHistory, PagedBackwards_EachMessageComesOnce) {
  ChatSim sim(7, options_, storage());
  Peer* alice = sim.join_as("Alice");
  alice->send_line("JOIN:dev");
  constexpr std::size_t kMessages = 230;
  fill_room(sim, alice, kMessages);
  Reader bob(sim, "Bob");
  bob.say("JOIN #dev");
  std::vector<Message> all = bob.ask("LATEST #dev * 40", "#dev");
  std::size_t pages = 1;
  for (std::vector<Message> page = all; !page.empty() && pages < 100; ++pages) {
    alice->send_line("SAY:dev:said meanwhile");
    sim.settle();
    page = bob.ask("BEFORE #dev msgid=" + page.front().id + " 40", "#dev");
    all.insert(all.begin(), page.begin(), page.end());
  }
  EXPECT_EQ(pages, 7U) << "six with messages, and the one that has none";
  EXPECT_THAT(texts_of(all), ElementsAreArray(texts(1, kMessages)));
}

TEST_P(IrcHistory, PagedByTime_EachMessageComesOnce) {
  ChatSim sim(8, options_, storage());
  Peer* alice = sim.join_as("Alice");
  alice->send_line("JOIN:dev");
  constexpr std::size_t kMessages = 30;
  for (std::size_t i = 1; i <= kMessages; ++i) {
    alice->send_line("SAY:dev:text " + std::to_string(i));
    sim.pass(milliseconds{5});
  }
  Reader bob(sim, "Bob");
  bob.say("JOIN #dev");
  std::vector<Message> all = bob.ask("AFTER #dev timestamp=2001-01-01T00:00:00.000Z 7", "#dev");
  for (std::vector<Message> page = all; !page.empty() && all.size() <= kMessages;) {
    page = bob.ask("AFTER #dev timestamp=" + page.back().time + " 7", "#dev");
    all.insert(all.end(), page.begin(), page.end());
  }
  ASSERT_THAT(texts_of(all), ElementsAreArray(texts(1, kMessages)));
  const auto time = [&all](std::size_t number) { return "timestamp=" + all[number - 1].time; };
  EXPECT_EQ(texts_of(bob.ask("BEFORE #dev " + time(10) + " 3", "#dev")), texts(7, 9));
  EXPECT_EQ(texts_of(bob.ask("LATEST #dev " + time(28) + " 9", "#dev")), texts(29, 30));
  EXPECT_EQ(texts_of(bob.ask("AROUND #dev " + time(10) + " 5", "#dev")), texts(8, 12));
  EXPECT_EQ(texts_of(bob.ask("BETWEEN #dev " + time(5) + " " + time(9) + " 2", "#dev")),
            texts(6, 7));
  EXPECT_EQ(texts_of(bob.ask("BETWEEN #dev " + time(9) + " " + time(5) + " 2", "#dev")),
            texts(7, 8));
}

TEST_P(IrcHistory, ByNumber_BothEndsAreLeftOut) {
  ChatSim sim(9, options_, storage());
  Peer* alice = sim.join_as("Alice");
  alice->send_line("JOIN:dev");
  fill_room(sim, alice, 30);
  Reader bob(sim, "Bob");
  bob.say("JOIN #dev");
  const std::vector<Message> all = bob.ask("LATEST #dev * 1000", "#dev");
  ASSERT_THAT(texts_of(all), ElementsAreArray(texts(1, 30)));
  const auto id = [&all](std::size_t number) { return "msgid=" + all[number - 1].id; };
  EXPECT_EQ(texts_of(bob.ask("LATEST #dev " + id(28) + " 9", "#dev")), texts(29, 30));
  EXPECT_EQ(texts_of(bob.ask("AFTER #dev " + id(10) + " 3", "#dev")), texts(11, 13));
  EXPECT_EQ(texts_of(bob.ask("AROUND #dev " + id(10) + " 5", "#dev")), texts(8, 12));
  EXPECT_EQ(texts_of(bob.ask("AROUND #dev " + id(10) + " 1", "#dev")), texts(10, 10));
  EXPECT_EQ(texts_of(bob.ask("BETWEEN #dev " + id(5) + " " + id(9) + " 9", "#dev")), texts(6, 8));
  EXPECT_EQ(texts_of(bob.ask("BETWEEN #dev " + id(9) + " " + id(5) + " 2", "#dev")), texts(7, 8));
  EXPECT_THAT(bob.ask("AFTER #dev " + id(30) + " 9", "#dev"), IsEmpty());
  EXPECT_THAT(bob.ask("BEFORE #dev " + id(1) + " 9", "#dev"), IsEmpty());
}

// More than the store reads at once, and than the output takes, while others talk on.
TEST_P(IrcHistory, LargeHistory_KeepsItsPlaceAmongLiveMessages) {
  options_.limits.out_high_mark_bytes = 32 << 10;
  options_.limits.out_low_mark_bytes = 8 << 10;
  ChatSim sim(10, options_, storage());
  sim.world().socket_buffer_bytes = 4 << 10;
  Peer* alice = sim.join_as("Alice");
  alice->send_line("JOIN:dev");
  constexpr std::size_t kMessages = 600;
  const std::string padding(300, '.');
  Texts expected;
  for (std::size_t i = 1; i <= kMessages; ++i) {
    expected.push_back(std::to_string(i) + padding);
    alice->send_line("SAY:dev:" + expected.back());
  }
  Reader bob(sim, "Bob");
  bob.say("JOIN #dev");
  sim.settle();
  bob.heard();
  bob.say("CHATHISTORY LATEST #dev * 1000");
  bob.say("PING behind");
  for (int i = 0; i < 20; ++i) {
    alice->send_line("SAY:dev:live");
    sim.step();
  }
  Texts lines = bob.heard();
  const auto is_live = [](const std::string& line) {
    return line.ends_with(" :live") && tag_of(line, "batch").empty();
  };
  const auto begin = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find(" BATCH +") != std::string::npos;
  });
  const auto end = std::find_if(begin, lines.end(), [](const std::string& line) {
    return line.find(" BATCH -") != std::string::npos;
  });
  ASSERT_TRUE(end != lines.end());
  EXPECT_THAT(Texts(end + 1, lines.end()), Contains(HasSubstr(" PONG ")));
  Texts read = texts_of(Reader::read_batch(Texts(begin, end + 1), "#dev"));
  const auto live = std::count(read.begin(), read.end(), "live");
  std::erase(read, "live");
  EXPECT_EQ(read, expected);
  EXPECT_EQ(live + std::count_if(end, lines.end(), is_live), 20)
      << "each is in the history or comes behind it";
}

TEST_P(IrcHistory, Topics_AreToldInWords) {
  ChatSim sim(11, options_, storage());
  Peer* alice = sim.join_as("Alice");
  for (const char* line : {"JOIN:dev", "SAY:dev:one", "TOPIC:dev:tea", "SAY:dev:two"}) {
    alice->send_line(line);
  }
  sim.settle();
  Reader bob(sim, "Bob");
  bob.say("JOIN #dev");
  EXPECT_EQ(texts_of(bob.ask("LATEST #dev * 2", "#dev")), (Texts{"has set the topic: tea", "two"}));
}

TEST_P(IrcHistory, PrivateHistory_IsThatOfBothAndOfNobodyElse) {
  ChatSim sim(12, options_, storage());
  Reader alice(sim, "Alice");
  Reader bob(sim, "Bob");
  Reader carol(sim, "Carol");
  alice.say("PRIVMSG Bob :psst");
  sim.settle();
  bob.say("PRIVMSG alice :yes?");
  sim.settle();
  EXPECT_EQ(texts_of(alice.ask("LATEST bob * 10", "bob")), (Texts{"psst", "yes?"}));
  EXPECT_EQ(texts_of(bob.ask("LATEST ALICE * 10", "ALICE")), (Texts{"psst", "yes?"}));
  EXPECT_THAT(carol.ask("LATEST bob * 10", "bob"), IsEmpty());
}

TEST_P(IrcHistory, RoomOfOthers_IsNotTold) {
  ChatSim sim(13, options_, storage());
  Peer* alice = sim.join_as("Alice");
  alice->send_line("JOIN:dev");
  alice->send_line("SAY:dev:secret");
  Reader bob(sim, "Bob");
  bob.heard();
  for (const char* room : {"#dev", "#nowhere"}) {
    bob.say("CHATHISTORY LATEST " + std::string(room) + " * 10");
    EXPECT_THAT(bob.heard(), ElementsAre(":reactor-chat FAIL CHATHISTORY INVALID_TARGET LATEST " +
                                         std::string(room) + " :Messages could not be retrieved"));
  }
  EXPECT_THAT(bob.ask("LATEST #lobby * 10", "#lobby"), IsEmpty()) << "where everybody is";
}

TEST_P(IrcHistory, Targets_AreWhereSomethingWasSaid) {
  ChatSim sim(16, options_, storage());
  Peer* alice = sim.join_as("Alice");
  Reader bob(sim, "Bob");
  for (const char* room : {"dev", "ops", "mute"}) {
    alice->send_line(std::string("JOIN:") + room);
    bob.say(std::string("JOIN #") + room);
  }
  sim.settle();
  for (const char* line : {"SAY:ops:1", "SAY:dev:2", "CHAT:Bob:3", "SAY:ops:4"}) {
    alice->send_line(line);
    sim.settle();
    sim.pass(milliseconds{1000});
  }
  bob.heard();
  const auto targets = [&bob](const std::string& question) {
    bob.say("CHATHISTORY TARGETS " + question);
    Texts names;
    for (const std::string& line : bob.heard()) {
      const std::string_view kind = "CHATHISTORY TARGETS ";
      if (const std::size_t at = line.find(kind); at != std::string::npos) {
        const std::size_t begin = at + kind.size();
        names.push_back(line.substr(begin, line.find(' ', begin) - begin));
      } else {
        EXPECT_THAT(line, HasSubstr(" BATCH "));
      }
    }
    return names;
  };
  const std::string begin = "timestamp=1970-01-01T00:00:00.000Z";
  const std::string end = "timestamp=2999-01-01T00:00:00.000Z";
  EXPECT_THAT(targets(begin + " " + end + " 10"), ElementsAre("#dev", "Alice", "#ops"));
  EXPECT_THAT(targets(begin + " " + end + " 2"), ElementsAre("#dev", "Alice"));
  EXPECT_THAT(targets(end + " " + begin + " 2"), ElementsAre("Alice", "#ops"));
  EXPECT_THAT(targets(end + " timestamp=2998-01-01T00:00:00.000Z 10"), IsEmpty());
}

TEST(IrcHistoryOnDisk, DiskThatFails_EndsTheBatch) {
  chat::ServerOptions options = ChatSim::default_options();
  options.info.offers_irc_history = true;
  ChatSim sim(14, options, sim::SimStorage());
  Peer* alice = sim.join_as("Alice");
  Reader bob(sim, "Bob");
  sim.disk().faults.write_error = 1000;  // always
  alice->send_line("BROADCAST:not kept");
  bob.heard();
  bob.say("CHATHISTORY LATEST #lobby * 10");
  EXPECT_THAT(
      bob.heard(),
      ElementsAre(":reactor-chat BATCH +H1 chathistory #lobby",
                  StartsWith(":reactor-chat FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :nothing "
                             "can be stored at the moment"),
                  ":reactor-chat BATCH -H1"));
  sim.disk().faults = {};
  sim.pass(std::chrono::seconds{2});
  EXPECT_EQ(texts_of(bob.ask("LATEST #lobby * 10", "#lobby")), Texts{"not kept"});
}

INSTANTIATE_TEST_SUITE_P(Servers, IrcHistory,
                         testing::Values(Setting{1, false}, Setting{1, true}, Setting{3, false},
                                         Setting{3, true}),
                         [](const auto& tested) {
                           return std::to_string(tested.param.threads) + "Threads" +
                                  (tested.param.has_disk ? "OnDisk" : "InMemory");
                         });

}  // namespace
