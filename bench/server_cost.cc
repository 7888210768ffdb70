// What does a chat-server cost its machine? Two questions, each with its own server process:
//   idle    how much memory does a registered client take that says nothing?
//   fanout  how many deliveries does a second of the server's CPU time pay for?

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/server_process.h"
#include "reactor/check.h"
#include "reactor/reactor.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

// One client: registers, then counts the lines it gets.
class Client final : public reactor::Handler {
 public:
  explicit Client(std::string name) : name_(std::move(name)) {}

  void on_open(reactor::Connection& connection) override {
    connection_ = &connection;
    connection.send("HELLO:1:\nREGISTER:" + name_ + "\n");
  }
  std::size_t on_data(reactor::Connection& /*connection*/, std::string_view bytes) override {
    lines_ += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    return bytes.size();
  }
  void on_close(reactor::Connection& /*connection*/, reactor::CloseReason /*reason*/,
                int /*error*/) override {
    connection_ = nullptr;
    closed_ = true;
  }

  bool registered() const { return lines_ >= kAnswersToLogin; }
  bool closed() const { return closed_; }
  std::size_t deliveries() const { return lines_ - kAnswersToLogin; }
  void send(std::string_view bytes) { connection_->send(bytes); }

 private:
  static constexpr std::size_t kAnswersToLogin = 2;  // WELCOME, REGISTERED

  std::string name_;
  reactor::Connection* connection_ = nullptr;
  std::size_t lines_ = 0;
  bool closed_ = false;
};

// Many clients of one server on one loop, all registered.
class Crowd {
 public:
  Crowd(const bench::ServerProcess& server, std::size_t size) : reactor_(reactor::make_net()) {
    const reactor::Address address = reactor::resolve(server.address()).addresses.at(0);
    constexpr std::size_t kLoginsAtOnce = 256;
    for (std::size_t first = 0; first < size; first += kLoginsAtOnce) {
      for (std::size_t i = first; i < std::min(size, first + kLoginsAtOnce); ++i) {
        clients_.push_back(std::make_unique<Client>(fmt::format("client{}", i)));
        int error = 0;
        if (reactor_.connect(address, *clients_.back(), error) == nullptr) {
          throw std::runtime_error(fmt::format("client {}: {}", i, std::strerror(error)));
        }
      }
      turn_until([&] { return clients_.back()->registered() && all_registered(first); });
    }
  }
  ~Crowd() { reactor_.close_all(); }

  template <class Done>
  void turn_until(Done&& done) {
    constexpr seconds kPatience{60};
    const Clock::time_point give_up = Clock::now() + kPatience;
    while (!done()) {
      reactor_.turn(std::chrono::milliseconds{10});
      if (Clock::now() > give_up) {
        throw std::runtime_error("the server does not answer");
      }
    }
  }

  Client& operator[](std::size_t index) { return *clients_[index]; }
  std::size_t size() const { return clients_.size(); }

 private:
  bool all_registered(std::size_t first) const {
    return std::all_of(clients_.begin() + static_cast<std::ptrdiff_t>(first), clients_.end(),
                       [](const auto& client) { return client->registered(); });
  }

  reactor::Reactor reactor_;
  std::vector<std::unique_ptr<Client>> clients_;
};

struct Settings {
  std::string program = CHAT_SERVER_PATH;
  std::size_t idle_clients = 10'000;
  std::size_t fanout_clients = 500;
  std::size_t bytes = 64;
  std::size_t in_flight = 128;
  int run_seconds = 5;
  int threads = 1;
};

void measure_idle(const Settings& settings) {
  const std::size_t clients = settings.idle_clients;
  const bench::ServerProcess server(settings.program, {});
  { const Crowd warm_up(server, 16); }
  const std::size_t before = server.resident_bytes();
  const Clock::time_point start = Clock::now();
  Crowd crowd(server, clients);
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  // Buffers that the logins needed go back to the system within two seconds of quiet.
  const Clock::time_point until = Clock::now() + seconds{3};
  crowd.turn_until([&] { return Clock::now() >= until; });
  const std::size_t after = server.resident_bytes();
  fmt::print(
      "idle: {} clients: {} bytes of resident memory each ({:.1f} MiB before, {:.1f} MiB "
      "after); registered in {:.2f} s\n",
      clients, (after - before) / clients, static_cast<double>(before) / (1 << 20),
      static_cast<double>(after) / (1 << 20), took);
}

// client0 keeps so many broadcasts in flight; what the last client has got tells when to go on.
void measure_fanout(const Settings& settings) {
  const std::size_t clients = settings.fanout_clients;
  const std::size_t in_flight = settings.in_flight;
  const bench::ServerProcess server(settings.program,
                                    {"--threads", std::to_string(settings.threads)});
  if (settings.threads == 1) {
    server.pin(0);
  }
  Crowd crowd(server, clients);
  const std::string line = "BROADCAST:" + std::string(settings.bytes, 'x') + "\n";
  const double cpu_before = server.cpu_seconds();
  const Clock::time_point start = Clock::now();
  const Clock::time_point until = start + seconds{settings.run_seconds};
  std::size_t sent = 0;
  const auto delivered_to_all = [&crowd] {
    std::size_t least = SIZE_MAX;
    for (std::size_t i = 1; i < crowd.size(); ++i) {
      least = std::min(least, crowd[i].deliveries());
    }
    return least;
  };
  while (Clock::now() < until) {
    std::string batch;
    for (const std::size_t got = delivered_to_all(); sent - got < in_flight; ++sent) {
      batch += line;
    }
    crowd[0].send(batch);
    crowd.turn_until([&] { return sent - delivered_to_all() < in_flight; });
  }
  crowd.turn_until([&] { return delivered_to_all() == sent; });
  const double wall = std::chrono::duration<double>(Clock::now() - start).count();
  const double cpu = server.cpu_seconds() - cpu_before;
  const auto deliveries = static_cast<double>(sent * (clients - 1));
  fmt::print(
      "fanout: {} clients, {} bytes, {} in flight, {} thread(s): {:.0f} deliveries/s of "
      "server CPU, {:.0f} deliveries/s of wall time ({} messages, {:.2f} s CPU, {:.2f} s)\n",
      clients, settings.bytes, in_flight, settings.threads, deliveries / cpu, deliveries / wall,
      sent, cpu, wall);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app("Measures what a chat-server costs: idle memory and CPU time per delivery.",
                 "server_cost");
    Settings settings;
    app.add_option("--server", settings.program, "the chat-server to measure")
        ->capture_default_str();
    app.add_option("--idle", settings.idle_clients, "idle clients; 0: skip")->capture_default_str();
    app.add_option("--fanout", settings.fanout_clients, "clients in the lobby; 0: skip")
        ->capture_default_str();
    app.add_option("--bytes", settings.bytes, "length of a message")->capture_default_str();
    app.add_option("--in-flight", settings.in_flight, "messages on their way")
        ->capture_default_str();
    app.add_option("--seconds", settings.run_seconds, "how long to send")->capture_default_str();
    app.add_option("--threads", settings.threads, "the server's threads")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    reactor::raise_descriptor_limit();
    if (settings.idle_clients > 0) {
      measure_idle(settings);
    }
    if (settings.fanout_clients > 1) {
      measure_fanout(settings);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "server_cost: %s\n", error.what());
    return 1;
  }
}
