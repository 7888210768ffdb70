#include "tools/server_options.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tools {
namespace {

class ServerOptions : public testing::Test {
 protected:
  // Reads the flags as main would; what was printed is in output_.
  bool read(std::vector<std::string> flags) {
    flags.insert(flags.begin(), "chat-server");
    std::vector<char*> argv;
    for (std::string& flag : flags) {
      argv.push_back(flag.data());
    }
    settings_ = {};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const bool go_on =
        read_server_settings(static_cast<int>(argv.size()), argv.data(), settings_, exit_code_);
    output_ = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    return go_on;
  }

  std::string config_file(const std::string& content) {
    path_ = testing::TempDir() + "server_options_test." + std::to_string(getpid()) + ".conf";
    std::ofstream(path_) << content;
    return path_;
  }
  void TearDown() override {
    if (!path_.empty()) {
      std::remove(path_.c_str());
    }
  }

  ServerSettings settings_;
  int exit_code_ = -1;
  std::string output_;

 private:
  std::string path_;
};

TEST_F(ServerOptions, Nothing_MeansLocalhost8888AndTheDefaults) {
  ASSERT_TRUE(read({}));
  EXPECT_EQ(settings_.listen, std::vector<std::string>{"localhost:8888"});
  EXPECT_EQ(settings_.server.threads, 1);
  EXPECT_EQ(settings_.backend, reactor::Backend::kAuto);
  EXPECT_EQ(settings_.log_level, "info");
  EXPECT_EQ(settings_.server.limits.line_bytes_max, 4096U);
}

TEST_F(ServerOptions, EveryLimit_HasAFlagThatSetsIt) {
  ASSERT_TRUE(read({"--clients-max=11",
                    "--clients-per-address-max=12",
                    "--line-bytes-max=8k",
                    "--name-length-max=20",
                    "--room-name-length-max=21",
                    "--rooms-max=15",
                    "--rooms-per-client-max=16",
                    "--requests-per-client-max=17",
                    "--registration-timeout=500ms",
                    "--idle-timeout=2m",
                    "--stall-timeout=1h",
                    "--request-timeout=7",
                    "--drain-timeout=8s",
                    "--presence-interval=0",
                    "--out-bytes-max=3MiB",
                    "--out-high-mark-bytes=2MiB",
                    "--out-low-mark-bytes=1MiB",
                    "--messages-per-second-max=23",
                    "--messages-burst=24",
                    "--bytes-per-second-max=25",
                    "--bytes-burst=26000",
                    "--limit-loopback",
                    "--handover-bytes-max=28",
                    "--refusals-max=29",
                    "--tail-bytes=30"}))
      << output_;
  using std::chrono::milliseconds;
  const chat::Limits& limits = settings_.server.limits;
  EXPECT_EQ(limits.clients_max, 11U);
  EXPECT_EQ(limits.clients_per_address_max, 12U);
  EXPECT_EQ(limits.line_bytes_max, 8192U);
  EXPECT_EQ(limits.name_length_max, 20U);
  EXPECT_EQ(limits.room_name_length_max, 21U);
  EXPECT_EQ(limits.rooms_max, 15U);
  EXPECT_EQ(limits.rooms_per_client_max, 16U);
  EXPECT_EQ(limits.requests_per_client_max, 17U);
  EXPECT_EQ(limits.registration_timeout, milliseconds{500});
  EXPECT_EQ(limits.idle_timeout, milliseconds{120'000});
  EXPECT_EQ(limits.stall_timeout, milliseconds{3'600'000});
  EXPECT_EQ(limits.request_timeout, milliseconds{7000});
  EXPECT_EQ(limits.drain_timeout, milliseconds{8000});
  EXPECT_EQ(limits.presence_interval, milliseconds{0});
  EXPECT_EQ(limits.out_bytes_max, 3U << 20);
  EXPECT_EQ(limits.out_high_mark_bytes, 2U << 20);
  EXPECT_EQ(limits.out_low_mark_bytes, 1U << 20);
  EXPECT_EQ(limits.messages_per_second_max, 23U);
  EXPECT_EQ(limits.messages_burst, 24U);
  EXPECT_EQ(limits.bytes_per_second_max, 25U);
  EXPECT_EQ(limits.bytes_burst, 26'000U);
  EXPECT_TRUE(limits.limit_loopback);
  EXPECT_EQ(limits.handover_bytes_max, 28U);
  EXPECT_EQ(limits.refusals_max, 29U);
  EXPECT_EQ(limits.tail_bytes, 30U);
}

TEST_F(ServerOptions, LimitsOfIrcAndModeration_ReachTheirPlaces) {
  ASSERT_TRUE(read({"--cloaks-kept-max=30", "--room-list-max=31", "--invitations-per-client-max=32",
                    "--monitor-max=33", "--whowas-max=34", "--who-replies-max=35",
                    "--correspondents-max=36"}));
  EXPECT_EQ(settings_.server.limits.cloaks_kept_max, 30U);
  EXPECT_EQ(settings_.server.limits.room_list_max, 31U);
  EXPECT_EQ(settings_.server.limits.invitations_per_client_max, 32U);
  EXPECT_EQ(settings_.server.limits.monitor_max, 33U);
  EXPECT_EQ(settings_.server.limits.whowas_max, 34U);
  EXPECT_EQ(settings_.server.limits.who_replies_max, 35U);
  EXPECT_EQ(settings_.server.limits.correspondents_max, 36U);
}

TEST_F(ServerOptions, LimitsOfTheWeb_ReachTheirPlaces) {
  ASSERT_TRUE(
      read({"--http-header-bytes-max=40k", "--http-target-bytes-max=41", "--http-headers-max=42",
            "--http-body-bytes-max=43", "--ws-message-bytes-max=44", "--ws-fragments-max=45",
            "--ping-interval=46s", "--drain-delay=47ms", "--backlog=48"}))
      << output_;
  const chat::Limits& limits = settings_.server.limits;
  EXPECT_EQ(limits.http_header_bytes_max, 40'960U);
  EXPECT_EQ(limits.http_target_bytes_max, 41U);
  EXPECT_EQ(limits.http_headers_max, 42U);
  EXPECT_EQ(limits.http_body_bytes_max, 43U);
  EXPECT_EQ(limits.ws_message_bytes_max, 44U);
  EXPECT_EQ(limits.ws_fragments_max, 45U);
  EXPECT_EQ(limits.ping_interval, std::chrono::seconds{46});
  EXPECT_EQ(limits.drain_delay, std::chrono::milliseconds{47});
  EXPECT_EQ(settings_.server.backlog, 48);
}

TEST_F(ServerOptions, WhatTheServerIsToBrowsersAndIrcClients_ReachesItsPlace) {
  ASSERT_TRUE(read({"--trusted-proxy=10.0.0.0/8", "--trusted-proxy=unix",
                    "--allowed-origin=https://a.example", "--allowed-origin=http://b.example:81",
                    "--hsts-max-age=90d", "--sts-duration=30d", "--listen=127.0.0.1:6697",
                    "--tls-cert=c.pem", "--tls-key=k.pem", "--web-root=/", "--server-name=a.b",
                    "--network-name=Net", "--motd", config_file("Hello\r\nand welcome\n")}))
      << output_;
  EXPECT_EQ(settings_.server.trusted_proxies.size(), 2U);
  EXPECT_EQ(settings_.server.site.allowed_origins,
            (std::vector<std::string>{"https://a.example", "http://b.example:81"}));
  EXPECT_EQ(settings_.server.site.hsts_max_age, std::chrono::hours{24 * 90});
  EXPECT_EQ(settings_.server.site.web_root, "/");
  EXPECT_EQ(settings_.tls.certificate_file, "c.pem");
  EXPECT_EQ(settings_.tls.key_file, "k.pem");
  const chat::ServerInfo& info = settings_.server.info;
  EXPECT_EQ(info.sts, "duration=2592000,port=6697");
  EXPECT_EQ(info.name, "a.b");
  EXPECT_EQ(info.network, "Net");
  EXPECT_EQ(info.message_of_the_day, (std::vector<std::string>{"Hello", "and welcome"}));
}

TEST_F(ServerOptions, PortOfSts_IsTheFirstThatTakesIrcOverTls) {
  ASSERT_TRUE(read({"--sts-duration=1s", "--tls-cert=c", "--tls-key=k", "--listen=http:*:80",
                    "--listen=irc:*:6667", "--listen=tls:http:*:443", "--listen=tls:irc:*:6697"}));
  EXPECT_EQ(settings_.server.info.sts, "duration=1,port=6697");
  ASSERT_TRUE(read({"--sts-duration=1s", "--tls-cert=c", "--tls-key=k"}));
  EXPECT_EQ(settings_.server.info.sts, "duration=1,port=8888");
}

TEST_F(ServerOptions, LimitsOfTheLog_ReachTheirPlaces) {
  ASSERT_TRUE(read({"--detached-max=18", "--retries-max=19", "--history-count-max=20",
                    "--resume-window=90s", "--retry-window=91s", "--retention-age=24h",
                    "--retention-bytes=5MiB", "--store-queue-bytes-max=6MiB"}));
  EXPECT_EQ(settings_.server.limits.detached_max, 18U);
  EXPECT_EQ(settings_.server.limits.retries_max, 19U);
  EXPECT_EQ(settings_.server.limits.history_count_max, 20U);
  EXPECT_EQ(settings_.server.limits.resume_window, std::chrono::seconds{90});
  EXPECT_EQ(settings_.server.limits.retry_window, std::chrono::seconds{91});
  EXPECT_EQ(settings_.storage.retention.age_max_ms, 86'400'000);
  EXPECT_EQ(settings_.storage.retention.bytes_max, 5U << 20);
  EXPECT_EQ(settings_.storage.queue_bytes_max, 6U << 20);
  ASSERT_EQ(settle_storage(settings_), "");
  EXPECT_EQ(settings_.storage.retry_window, std::chrono::seconds{91});
}

TEST_F(ServerOptions, Durability_IsCommitUnlessToldOtherwise) {
  ASSERT_TRUE(read({}));
  EXPECT_EQ(settings_.storage.durability, chat::Durability::kCommit);
  ASSERT_TRUE(read({"--durability", "sync"}));
  EXPECT_EQ(settings_.storage.durability, chat::Durability::kSync);
  ASSERT_TRUE(read({"--durability", "none"}));
  EXPECT_EQ(settings_.storage.durability, chat::Durability::kNone);
  ASSERT_EQ(settle_storage(settings_), "");
  EXPECT_EQ(settings_.storage.retention.bytes_max, chat::kMemoryBytesMax) << "memory has an end";
  EXPECT_EQ(settings_.storage.directory, "");
  EXPECT_FALSE(read({"--durability", "maybe"}));
  EXPECT_FALSE(read({"--durability", "1"}));
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(ServerOptions, HistoryVisible_IsAllOrSinceJoin) {
  ASSERT_TRUE(read({}));
  EXPECT_FALSE(settings_.server.limits.history_since_join);
  ASSERT_TRUE(read({"--history-visible=since-join"}));
  EXPECT_TRUE(settings_.server.limits.history_since_join);
  ASSERT_TRUE(read({"--history-visible=all"}));
  EXPECT_FALSE(settings_.server.limits.history_since_join);
  EXPECT_FALSE(read({"--history-visible=some"}));
}

// Sets a variable of the environment, or takes it away, for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* const before = std::getenv(name);
    before_ = before == nullptr ? std::nullopt : std::optional<std::string>(before);
    set(value);
  }
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) const {
    if (value == nullptr) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, value, 1);
    }
  }

  const char* name_;
  std::optional<std::string> before_;
};

TEST_F(ServerOptions, DataDirectory_IsWhereTheUserKeepsState) {
  const Variable home("HOME", "/home/me");
  const auto directory = [this](std::vector<std::string> flags) {
    EXPECT_TRUE(read(std::move(flags)));
    EXPECT_EQ(settle_storage(settings_), "");
    return settings_.storage.directory;
  };
  {
    const Variable state("XDG_STATE_HOME", "/state");
    EXPECT_EQ(directory({}), "/state/reactor-chat");
    EXPECT_EQ(directory({"--data", "here"}), "here");
  }
  {
    const Variable state("XDG_STATE_HOME", "relative");
    EXPECT_EQ(directory({}), "/home/me/.local/state/reactor-chat");
  }
  const Variable state("XDG_STATE_HOME", nullptr);
  EXPECT_EQ(directory({}), "/home/me/.local/state/reactor-chat");
  const Variable homeless("HOME", nullptr);
  ASSERT_TRUE(read({}));
  EXPECT_NE(settle_storage(settings_).find("--data DIR"), std::string::npos);
  ASSERT_TRUE(read({"--durability=none"}));
  EXPECT_EQ(settle_storage(settings_), "");
}

TEST_F(ServerOptions, ConfigFile_HasTheSameNames) {
  const std::string path = config_file(
      "# a comment\n"
      "listen = [\"127.0.0.1:1\", \"unix:/tmp/x\"]\n"
      "threads = 3\n"
      "stall-timeout = 10s\n"
      "limit-loopback = true\n");
  ASSERT_TRUE(read({"--config", path, "--check-config"})) << output_;
  EXPECT_TRUE(settings_.check_config_only);
  EXPECT_EQ(settings_.listen, (std::vector<std::string>{"127.0.0.1:1", "unix:/tmp/x"}));
  EXPECT_EQ(settings_.server.threads, 3);
  EXPECT_EQ(settings_.server.limits.stall_timeout, std::chrono::seconds{10});
  EXPECT_TRUE(settings_.server.limits.limit_loopback);
}

TEST_F(ServerOptions, EveryBackendOfTheSystem_CanBeNamed) {
  for (const reactor::Backend backend : reactor::backends()) {
    ASSERT_TRUE(read({"--backend", reactor::to_string(backend)})) << output_;
    EXPECT_EQ(settings_.backend, backend);
  }
  ASSERT_TRUE(read({"--config", config_file("backend = auto\n")})) << output_;
  EXPECT_EQ(settings_.backend, reactor::Backend::kAuto);
}

TEST_F(ServerOptions, CommandLine_WinsOverTheConfigFile) {
  ASSERT_TRUE(read({"--config", config_file("threads = 3\n"), "--threads", "2"}));
  EXPECT_EQ(settings_.server.threads, 2);
}

TEST_F(ServerOptions, WrongFlags_AreOneLineThatNamesThemAndExitCode2) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--nonsense"},
      {"--threads", "0"},
      {"--threads", "many"},
      {"--stall-timeout", "5 parsecs"},
      {"--stall-timeout", "-1s"},
      {"--stall-timeout", "99999999999999999999s"},
      {"--log-level", "loud"},
      {"--backend", "select"},
      {"--config", "/nonexistent/chat.conf"},
      {"--config", config_file("nonsense = 1\n")},
      {"--out-high-mark-bytes", "8MiB"},
      {"--line-bytes-max", "10"},
      {"--name-length-max", "0"},
      {"--bytes-burst", "100"},
      {"--registration-timeout", "0"},
      {"--request-timeout", "0"},
      {"--drain-timeout", "0"},
      {"--history-count-max", "0"},
      {"--backlog", "0"},
      {"--http-header-bytes-max", "511"},
      {"--http-target-bytes-max", "1MiB"},
      {"--ws-message-bytes-max", "0"},
      {"--ws-fragments-max", "0"},
      {"--trusted-proxy", "everybody"},
      {"--trusted-proxy", "10.0.0.0/33"},
      {"--allowed-origin", "example.org"},
      {"--allowed-origin", "https://example.org/path"},
      {"--tls-cert", "c.pem"},
      {"--tls-key", "k.pem"},
      {"--listen", "tls:*:1"},
      {"--hsts-max-age", "1d"},
      {"--sts-duration", "1d"},
      {"--sts-duration", "1d", "--tls-cert=c", "--tls-key=k", "--listen=http:*:80"},
      {"--sts-duration", "1d", "--tls-cert=c", "--tls-key=k", "--listen=unix:/tmp/x"},
      {"--hsts-max-age", "soon"},
      {"--web-root", "/nonexistent"},
      {"--server-name", "a b"},
      {"--network-name", ""},
      {"--motd", "/nonexistent"},
  };
  for (const std::vector<std::string>& flags : wrong) {
    EXPECT_FALSE(read(flags)) << flags[0];
    EXPECT_EQ(exit_code_, 2) << flags[0];
    EXPECT_EQ(std::count(output_.begin(), output_.end(), '\n'), 1) << output_;
    EXPECT_TRUE(output_.starts_with("chat-server: ")) << output_;
  }
}

TEST_F(ServerOptions, MessageOfTheDay_IsText) {
  for (const std::string& motd :
       {std::string("\xff\n"), std::string(401, 'x'), std::string(201, '\n')}) {
    EXPECT_FALSE(read({"--motd", config_file(motd)}));
    EXPECT_NE(output_.find("must be UTF-8 text of at most 200 lines of 400 bytes"),
              std::string::npos)
        << output_;
  }
}

TEST_F(ServerOptions, Zero_IsTakenWhereItMeansSomething) {
  for (const char* limit : {"--clients-max",
                            "--clients-per-address-max",
                            "--rooms-max",
                            "--rooms-per-client-max",
                            "--requests-per-client-max",
                            "--detached-max",
                            "--retries-max",
                            "--idle-timeout",
                            "--ping-interval",
                            "--drain-delay",
                            "--http-headers-max",
                            "--http-body-bytes-max",
                            "--stall-timeout",
                            "--presence-interval",
                            "--resume-window",
                            "--retry-window",
                            "--out-low-mark-bytes",
                            "--messages-per-second-max",
                            "--bytes-per-second-max",
                            "--handover-bytes-max",
                            "--refusals-max",
                            "--tail-bytes",
                            "--retention-age",
                            "--retention-bytes",
                            "--store-queue-bytes-max"}) {
    EXPECT_TRUE(read({limit, "0"})) << limit << ": " << output_;
  }
  EXPECT_FALSE(read({"--help-limits"}));
  EXPECT_NE(output_.find("lost connections that may be resumed; 0: none"), std::string::npos);
}

TEST_F(ServerOptions, HelpAndVersion_ArePrintedWithExitCode0) {
  EXPECT_FALSE(read({"--help"}));
  EXPECT_EQ(exit_code_, 0);
  EXPECT_LE(std::count(output_.begin(), output_.end(), '\n'), 24) << "fits a screen";
  EXPECT_FALSE(read({"--help-limits"}));
  EXPECT_EQ(exit_code_, 0);
  EXPECT_NE(output_.find("--out-high-mark-bytes"), std::string::npos);
  EXPECT_FALSE(read({"--version"}));
  EXPECT_EQ(exit_code_, 0);
  EXPECT_EQ(output_, "chat-server " CHAT_VERSION "\n");
}

TEST_F(ServerOptions, ClientsMax_IsWhatTheDescriptorsAllow) {
  ASSERT_TRUE(read({}));
  EXPECT_EQ(settle_clients_max(settings_, 10'000), "");
  EXPECT_GT(settings_.server.limits.clients_max, 9000U);
  EXPECT_LT(settings_.server.limits.clients_max, 10'000U);
}

TEST_F(ServerOptions, TooFewDescriptors_SaysHowManyAreNeeded) {
  ASSERT_TRUE(read({}));
  EXPECT_NE(settle_clients_max(settings_, 100).find("ulimit -n"), std::string::npos);
  ASSERT_TRUE(read({"--clients-max", "5000"}));
  EXPECT_NE(settle_clients_max(settings_, 5000).find("--clients-max 5000 needs"),
            std::string::npos);
  EXPECT_EQ(settle_clients_max(settings_, 6000), "");
  EXPECT_EQ(settings_.server.limits.clients_max, 5000U);
}

}  // namespace
}  // namespace tools
