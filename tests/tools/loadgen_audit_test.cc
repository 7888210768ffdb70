// What a history has to hold against what was sent, acknowledged and heard.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tools/loadgen/history_audit.h"

namespace loadgen {
namespace {

using testing::Test;

// Three clients, of whom the first two send.
class HistoryAuditTest : public Test {
 protected:
  static constexpr std::size_t kClients = 3;

  // Everybody else hears it, and it is acknowledged.
  MessageKey say(std::uint32_t sender, std::uint64_t id, bool is_acknowledged = true) {
    const MessageKey key = send(sender);
    hear(key, id);
    if (is_acknowledged) {
      audit.acknowledged(key, id);
    }
    return key;
  }
  MessageKey send(std::uint32_t sender) {
    const MessageKey key{sender, next_[sender]++};
    audit.sent(key);
    return key;
  }
  void hear(MessageKey key, std::uint64_t id) {
    for (std::size_t client = 0; client < kClients; ++client) {
      if (client != key.sender) {
        audit.heard(client, key, id);
      }
    }
  }
  // What the history has behind `after`.
  void read(const std::vector<std::pair<MessageKey, std::uint64_t>>& kept,
            std::uint64_t after = 0) {
    audit.begin_reading(after);
    for (const auto& [key, id] : kept) {
      audit.kept(key, id);
    }
    audit.end_reading();
  }
  HistoryAudit::Verdict judge() { return audit.judge(); }

  HistoryAudit audit{kClients, 2};

 private:
  std::map<std::uint32_t, std::uint64_t> next_;
};

void expect_intact(const HistoryAudit::Verdict& verdict) {
  EXPECT_TRUE(verdict.history.intact());
  EXPECT_TRUE(verdict.integrity.intact());
  EXPECT_TRUE(verdict.history.offenders.empty())
      << fmt::format("{}", fmt::join(verdict.history.offenders, "\n"));
}

TEST_F(HistoryAuditTest, EverythingInIt_IsIntact) {
  const MessageKey first = say(0, 10);
  const MessageKey second = say(1, 11);
  read({{first, 10}, {second, 11}});
  const HistoryAudit::Verdict verdict = judge();
  expect_intact(verdict);
  EXPECT_EQ(verdict.history.acknowledged, 2U);
  EXPECT_EQ(verdict.history.in_history, 2U);
  EXPECT_EQ(verdict.integrity.expected, 4U);
  EXPECT_EQ(verdict.integrity.delivered, 4U);
}

TEST_F(HistoryAuditTest, NothingAtAll_IsIntact) { expect_intact(judge()); }

TEST_F(HistoryAuditTest, AcknowledgedAndNotThere_IsMissing) {
  const MessageKey first = say(0, 10);
  say(1, 11);
  read({{first, 10}});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.missing, 1U);
  ASSERT_EQ(verdict.history.offenders.size(), 1U);
  EXPECT_EQ(verdict.history.offenders[0],
            "message 0 of client 1, number 11, was acknowledged and is not in the history");
}

TEST_F(HistoryAuditTest, MissingAlreadyAfterAKill_IsSeenThen_AndToldOnce) {
  say(0, 10);
  read({});
  EXPECT_FALSE(audit.restarted(7));
  read({});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.missing, 1U);
  ASSERT_EQ(verdict.history.offenders.size(), 1U);
  EXPECT_NE(verdict.history.offenders[0].find("after kill 7"), std::string::npos);
}

TEST_F(HistoryAuditTest, AnnouncedAsGone_DoesNotExcuseWhatWasAcknowledged) {
  say(0, 10);
  audit.gap(5, 15);
  read({});
  EXPECT_EQ(judge().history.missing, 1U);
}

TEST_F(HistoryAuditTest, HeardAndNotThere_IsGoneOrHasVanished) {
  say(0, 10, /*is_acknowledged=*/false);
  say(0, 20, /*is_acknowledged=*/false);
  audit.gap(15, 20);
  read({});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.heard_and_gone, 1U);
  EXPECT_EQ(verdict.history.vanished, 1U);
  ASSERT_EQ(verdict.history.offenders.size(), 1U);
  EXPECT_NE(verdict.history.offenders[0].find("number 10, was delivered"), std::string::npos);
}

TEST_F(HistoryAuditTest, Gaps_AreWhatAllWereTold) {
  for (const std::uint64_t id : {10, 12, 14, 16, 18, 20, 22}) {
    say(0, id, /*is_acknowledged=*/false);
  }
  audit.gap(20, 20);
  audit.gap(10, 12);
  audit.gap(14, 14);
  audit.gap(11, 14);
  audit.gap(10, 12);
  audit.gap(16, 19);
  read({});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.heard_and_gone, 6U);
  EXPECT_EQ(verdict.history.vanished, 1U);
}

TEST_F(HistoryAuditTest, KeptUnderTwoNumbers_IsThereAgain) {
  const MessageKey key = say(0, 10);
  read({{key, 10}, {key, 11}});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.repeated, 1U);
  EXPECT_EQ(verdict.history.in_history, 1U);
  EXPECT_EQ(verdict.history.missing, 0U);
}

TEST_F(HistoryAuditTest, ReadTwice_IsNotThereTwice) {
  const MessageKey first = say(0, 10);
  const MessageKey second = say(0, 11);
  read({{first, 10}, {second, 11}});
  read({{second, 11}}, 10);
  read({{first, 10}, {second, 11}});
  expect_intact(judge());
}

TEST_F(HistoryAuditTest, ThereAtFirstAndThenNotAnyMore_IsMissing) {
  const MessageKey first = say(0, 10);
  read({{first, 10}});
  EXPECT_TRUE(audit.restarted(1));
  read({});
  EXPECT_EQ(judge().history.missing, 1U);
}

TEST_F(HistoryAuditTest, NotOurs_IsForeign_AndWhatItStandsForIsMissing) {
  say(0, 10);
  audit.begin_reading(0);
  audit.kept_foreign(10, "changed\x1b[2J");
  audit.kept_foreign(11, "unknown");
  audit.kept({1, 0}, 12);
  audit.kept({1000, 0}, 13);
  audit.end_reading();
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.foreign, 4U) << "client 1 has sent nothing, nobody is client 1000";
  EXPECT_EQ(verdict.history.missing, 1U);
  EXPECT_EQ(verdict.history.offenders[0],
            "number 10 in the history is nothing that was sent: changed?[2J");
}

TEST_F(HistoryAuditTest, AcknowledgedUnderAnotherNumber_IsChanged) {
  const MessageKey key = send(0);
  audit.acknowledged(key, 9);
  hear(key, 10);
  read({{key, 10}});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.ids_changed, 1U);
  EXPECT_EQ(verdict.history.missing, 0U);
}

TEST_F(HistoryAuditTest, AcknowledgedTwice_HasToBeTheSameNumber) {
  const MessageKey key = say(0, 10);
  audit.acknowledged(key, 10);
  EXPECT_EQ(audit.acknowledged(), 1U);
  audit.acknowledged(key, 12);
  read({{key, 10}});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.ids_changed, 1U);
}

TEST_F(HistoryAuditTest, OneNumberForTwo_IsReused) {
  const MessageKey lost = say(0, 10, /*is_acknowledged=*/false);
  audit.gap(10, 10);
  read({});
  EXPECT_TRUE(audit.restarted(1));
  const MessageKey other = send(1);
  audit.heard(2, other, 10);
  read({{other, 10}});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.ids_reused, 2U) << "heard, and in the history";
  EXPECT_NE(lost, other);
}

TEST_F(HistoryAuditTest, NumberFromBeforeTheKill_IsBack) {
  const MessageKey first = say(0, 10);
  say(0, 15, /*is_acknowledged=*/false);
  audit.gap(11, 20);
  read({{first, 10}});
  EXPECT_TRUE(audit.restarted(1));
  const MessageKey back = say(1, 12);
  const MessageKey right = say(1, 21);
  read({{first, 10}, {back, 12}, {right, 21}});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_GE(verdict.history.ids_back, 1U);
  EXPECT_NE(verdict.history.offenders.at(0).find("number 12"), std::string::npos)
      << verdict.history.offenders[0];
}

TEST_F(HistoryAuditTest, KeptThoughNobodyHadHeardOfIt_MayBeResumed) {
  const MessageKey key = send(0);
  read({{key, 10}});
  EXPECT_TRUE(audit.restarted(1));
  hear(key, 10);
  audit.acknowledged(key, 10);
  read({{key, 10}});
  expect_intact(judge());
}

TEST_F(HistoryAuditTest, ComesUpInWhatWasReadBefore_IsBack) {
  const MessageKey first = say(0, 10);
  const MessageKey third = say(0, 12);
  read({{first, 10}, {third, 12}});
  EXPECT_TRUE(audit.restarted(1));
  const MessageKey late = send(1);
  read({{first, 10}, {late, 11}, {third, 12}});
  EXPECT_EQ(judge().history.ids_back, 1U);
}

TEST_F(HistoryAuditTest, SentAgainAfterItWasLost_MayHaveAnotherNumber) {
  const MessageKey key = say(0, 10, /*is_acknowledged=*/false);
  audit.gap(10, 20);
  read({});
  EXPECT_TRUE(audit.restarted(1));
  hear(key, 21);
  audit.acknowledged(key, 21);
  read({{key, 21}});
  const HistoryAudit::Verdict verdict = judge();
  expect_intact(verdict);
  EXPECT_EQ(verdict.history.heard_and_gone, 1U);
}

TEST_F(HistoryAuditTest, InTheHistoryAndNotHeardByAll_IsLost) {
  const MessageKey key = send(0);
  audit.heard(1, key, 10);
  audit.acknowledged(key, 10);
  read({{key, 10}});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.integrity.lost, 1U);
  EXPECT_EQ(verdict.integrity.expected, 2U);
  EXPECT_EQ(verdict.integrity.delivered, 1U);
  EXPECT_NE(verdict.history.offenders.at(0).find("1 of 2 others never got it"), std::string::npos);
}

TEST_F(HistoryAuditTest, HeardAgainOrTooLate_IsDoubledOrReordered) {
  const MessageKey first = send(0);
  const MessageKey second = send(0);
  audit.heard(1, first, 10);
  audit.heard(1, first, 10);
  audit.heard(1, second, 11);
  audit.heard(2, second, 11);
  audit.heard(2, first, 10);
  read({{first, 10}, {second, 11}});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.integrity.doubled, 1U);
  EXPECT_EQ(verdict.integrity.reordered, 1U);
}

TEST_F(HistoryAuditTest, HeardWhatNobodyHasSent_OrOneself_IsCorrupted) {
  const MessageKey key = send(0);
  audit.heard(1, {1, 17}, 9);
  audit.heard(0, key, 10);
  audit.heard_corrupted();
  EXPECT_EQ(judge().integrity.corrupted, 3U);
}

TEST_F(HistoryAuditTest, Offenders_AreBounded) {
  for (std::uint64_t id = 1; id <= 100; ++id) {
    say(0, id);
  }
  read({});
  const HistoryAudit::Verdict verdict = judge();
  EXPECT_EQ(verdict.history.missing, 100U);
  EXPECT_EQ(verdict.history.offenders.size(), HistoryAudit::kOffendersMax);
}

// ---- random runs of a model server, sound or with one fault, against a plain count

// What a run of the model server leaves: its history, and what was really wrong with it.
struct Truth {
  std::uint64_t missing = 0;
  std::uint64_t repeated = 0;
  std::uint64_t foreign = 0;
  std::uint64_t lost = 0;  // deliveries
  std::uint64_t gone = 0;  // heard, then lost in a kill
  std::uint64_t kept = 0;
};

enum class ModelFault : std::uint8_t { kNone, kMissing, kRepeated, kForeign, kUnheard };

struct Kept {
  MessageKey key;
  std::uint64_t id = 0;
};

// Says, keeps, acknowledges, is killed, and in the end gives its history: in one place, with maps
// and lists, as simple as can be.
class ModelServer {
 public:
  static constexpr std::size_t kClients = 5;
  static constexpr std::size_t kSenders = 3;

  explicit ModelServer(std::uint64_t seed) : random_(seed) {}

  void run(HistoryAudit& audit, ModelFault fault) {
    for (std::uint64_t kill = 1; kill <= 6; ++kill) {
      const std::uint64_t messages = random_() % 40;
      for (std::uint64_t i = 0; i < messages; ++i) {
        say(audit);
        if (random_() % 4 == 0) {
          keep(audit);
        }
      }
      die_and_restart(audit, kill);
    }
    keep(audit);
    break_it(audit, fault);
    read(audit, 0);
  }
  const Truth& truth() const { return truth_; }

 private:
  void say(HistoryAudit& audit) {
    MessageKey key{};
    if (!to_send_again_.empty() && random_() % 2 == 0) {
      key = to_send_again_.back();
      to_send_again_.pop_back();
    } else {
      key.sender = static_cast<std::uint32_t>(random_() % kSenders);
      key.sequence = next_[key.sender]++;
      audit.sent(key);
    }
    const std::uint64_t id = next_id_;
    next_id_ += 1 + random_() % 3;  // others have the numbers between
    for (std::size_t client = 0; client < kClients; ++client) {
      if (client != key.sender) {
        audit.heard(client, key, id);
      }
    }
    unkept_.push_back({key, id});
  }
  void keep(HistoryAudit& audit) {
    for (const Kept& one : unkept_) {
      kept_.push_back(one);
      audit.acknowledged(one.key, one.id);
    }
    unkept_.clear();
  }
  void die_and_restart(HistoryAudit& audit, std::uint64_t kill) {
    // What it had time to keep, though nobody was told.
    const std::size_t in_time = unkept_.empty() ? 0 : random_() % unkept_.size();
    for (std::size_t i = 0; i < unkept_.size(); ++i) {
      if (i < in_time) {
        kept_.push_back(unkept_[i]);
        acknowledge_later_.push_back(unkept_[i]);
      } else {
        ++truth_.gone;
        to_send_again_.push_back(unkept_[i].key);
      }
    }
    unkept_.clear();
    const std::uint64_t last = kept_.empty() ? 0 : kept_.back().id;
    next_id_ += 100;
    audit.gap(last + 1, next_id_ - 1);
    read(audit, audit.read_to());
    EXPECT_TRUE(audit.restarted(kill));
    for (const Kept& one : std::exchange(acknowledge_later_, {})) {
      audit.acknowledged(one.key, one.id);
    }
  }
  void break_it(HistoryAudit& audit, ModelFault fault) {
    const std::size_t at = kept_.empty() ? 0 : random_() % kept_.size();
    truth_.kept = kept_.size();
    if (kept_.empty()) {
      return;
    }
    switch (fault) {
      case ModelFault::kNone:
        return;
      case ModelFault::kMissing:
        kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(at));
        --truth_.kept;
        ++truth_.missing;
        return;
      case ModelFault::kRepeated:
        kept_.push_back({kept_[at].key, next_id_ + 7});
        ++truth_.repeated;
        return;
      case ModelFault::kForeign:
        foreign_ = kept_[at].id;
        --truth_.kept;
        ++truth_.foreign;
        ++truth_.missing;
        return;
      case ModelFault::kUnheard: {
        const MessageKey key{0, next_[0]++};
        audit.sent(key);
        audit.heard(1, key, next_id_);
        audit.acknowledged(key, next_id_);
        kept_.push_back({key, next_id_});
        ++truth_.kept;
        truth_.lost += kClients - 2;
        return;
      }
    }
  }
  void read(HistoryAudit& audit, std::uint64_t after) {
    audit.begin_reading(after);
    for (const Kept& one : kept_) {
      if (one.id > after && one.id == foreign_) {
        audit.kept_foreign(one.id, "?");
      } else if (one.id > after) {
        audit.kept(one.key, one.id);
      }
    }
    audit.end_reading();
  }

  std::mt19937_64 random_;
  std::map<std::uint32_t, std::uint64_t> next_;
  std::vector<MessageKey> to_send_again_;
  std::vector<Kept> unkept_;
  std::vector<Kept> kept_;
  std::vector<Kept> acknowledge_later_;
  std::uint64_t next_id_ = 1;
  std::uint64_t foreign_ = 0;
  Truth truth_;
};

TEST(HistoryAuditModel, FindsWhatIsWrongAndNothingElse) {
  for (const ModelFault fault : {ModelFault::kNone, ModelFault::kMissing, ModelFault::kRepeated,
                                 ModelFault::kForeign, ModelFault::kUnheard}) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      SCOPED_TRACE(fmt::format("fault {}, seed {}", static_cast<int>(fault), seed));
      HistoryAudit audit(ModelServer::kClients, ModelServer::kSenders);
      ModelServer server(seed);
      server.run(audit, fault);
      const Truth& truth = server.truth();
      const HistoryAudit::Verdict verdict = audit.judge();
      EXPECT_EQ(verdict.history.missing, truth.missing);
      EXPECT_EQ(verdict.history.repeated, truth.repeated);
      EXPECT_EQ(verdict.history.foreign, truth.foreign);
      EXPECT_EQ(verdict.history.heard_and_gone, truth.gone);
      EXPECT_EQ(verdict.history.in_history, truth.kept);
      EXPECT_EQ(verdict.history.vanished, 0U);
      EXPECT_EQ(verdict.history.ids_back + verdict.history.ids_reused, 0U);
      EXPECT_EQ(verdict.integrity.lost, truth.lost);
      EXPECT_EQ(verdict.integrity.doubled + verdict.integrity.reordered, 0U);
      EXPECT_EQ(verdict.integrity.expected, truth.kept * (ModelServer::kClients - 1));
      if (Test::HasFailure()) {
        return;
      }
    }
  }
}

}  // namespace
}  // namespace loadgen
