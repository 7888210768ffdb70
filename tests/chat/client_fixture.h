#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/client/client.h"
#include "tests/chat/client_scripted_server.h"
#include "tests/sim/sim_world.h"

namespace chat_test {

// Verb and fields, separated by |.
inline std::string in_short(const chat::ServerLine& line) {
  std::string text(line.verb_name);
  for (const std::string_view field : line.fields) {
    text += "|" + std::string(field);
  }
  return text;
}

// Writes down what it is told.
struct Recorder final : public chat::ClientHandler {
  using milliseconds = std::chrono::milliseconds;

  std::vector<std::string> ready;
  std::vector<std::string> lines;
  std::vector<std::string> histories;    // "missed dev: MESSAGE|Bob|hi|; GAP|1|2|; end"
  std::vector<std::string> undelivered;  // "dev: hi (403)", "dev: hi (unknown)"
  std::vector<std::pair<std::string, milliseconds>> losses;
  std::vector<std::pair<std::string, milliseconds>> retries;
  std::vector<std::pair<chat::ClientEnd, std::string>> ends;
  int acknowledged = 0;
  int sent = 0;

  void on_ready(std::string_view name, chat::Entry entry) override {
    const bool again = entry != chat::Entry::kFirst;
    const std::string how = entry == chat::Entry::kResumed ? " resumed" : " again";
    ready.push_back(std::string(name) + (again ? how : ""));
  }
  void on_line(const chat::ServerLine& line) override { lines.push_back(in_short(line)); }
  void on_history(const chat::HistoryAnswer& answer) override {
    static constexpr std::string_view kKinds[] = {"entry ", "missed ", "asked "};
    std::string text(kKinds[static_cast<int>(answer.kind)]);
    text += std::string(answer.room) + ": ";
    for (const chat::ServerLine& line : answer.lines) {
      text += in_short(line) + "; ";
    }
    text += answer.failure.empty() ? "" : "failed, " + std::string(answer.failure) + "; ";
    histories.push_back(text + (answer.is_last ? "end" : "more"));
  }
  void on_acknowledged() override { ++acknowledged; }
  void on_undelivered(const chat::Undelivered& message) override {
    const std::string code =
        message.refusal == nullptr ? "unknown" : std::string(message.refusal->fields[0]);
    undelivered.push_back(std::string(message.target) + ": " + std::string(message.text) + " (" +
                          code + ")");
  }
  void on_lost(std::string_view reason, milliseconds wait) override {
    losses.emplace_back(reason, wait);
  }
  void on_retry(std::string_view reason, milliseconds wait) override {
    retries.emplace_back(reason, wait);
  }
  void on_sent() override { ++sent; }
  void on_end(chat::ClientEnd end, std::string_view reason) override {
    ends.emplace_back(end, reason);
  }
};

using Ends = std::vector<std::pair<chat::ClientEnd, std::string>>;

// A client and a scripted server on the simulated OS, with its clock.
class ClientFixture : public testing::Test {
 protected:
  using milliseconds = std::chrono::milliseconds;

  chat::ClientOptions options() const {
    chat::ClientOptions result;
    result.name = "Alice";
    result.addresses = {server.address()};
    result.seed = 1;
    return result;
  }

  void start(chat::ClientOptions with) {
    client = std::make_unique<chat::Client>(reactor, std::move(with), recorder);
    client->start();
    settle();
  }

  Peer& peer() { return server.peers.back(); }

  // The server says it, and the client hears it.
  void say(std::string_view bytes) {
    peer().say(bytes);
    settle();
  }

  // The connection is lost, and the client is back with the next one.
  void reconnect() {
    const std::size_t before = server.peers.size();
    peer().hang_up();
    settle();
    for (int i = 0; i < 100 && server.peers.size() == before; ++i) {
      pass(milliseconds{250});
    }
    ASSERT_GT(server.peers.size(), before);
  }

  // Everything that can happen without time passing.
  void settle() {
    for (int i = 0; i < 30; ++i) {
      reactor.turn();
      server.loop.turn();
    }
  }
  void pass(milliseconds time) {
    world.advance(time);
    settle();
  }

  void TearDown() override {
    client.reset();
    settle();
    EXPECT_EQ(reactor.connection_count(), 0U) << "a client leaves no connection behind";
    EXPECT_EQ(world.mistakes(), std::vector<std::string>{});
    EXPECT_LE(recorder.ends.size(), 1U) << "on_end is called once";
  }

  sim::World world{1};
  ScriptedServer server{world};
  reactor::Reactor reactor{world.make_net()};
  Recorder recorder;
  std::unique_ptr<chat::Client> client;
};

}  // namespace chat_test
