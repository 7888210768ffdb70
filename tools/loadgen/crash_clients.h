#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reactor/reactor.h"
#include "tools/loadgen/history_audit.h"
#include "tools/loadgen/layout.h"
#include "tools/loadgen/load_client.h"
#include "tools/loadgen/outbox.h"
#include "tools/loadgen/payload.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/result.h"

namespace loadgen {

// The clients of a crash run: they resume after each kill, send again what was not acknowledged,
// and tell the audit what they see. Owned by the run; used on its loop's thread.
class CrashClients final : private ClientHost {
 public:
  // What is expected of a connection.
  enum class Mode : std::uint8_t {
    kLoggingIn,  // it is the first: nothing may go wrong
    kUp,         // it holds
    kDown,       // it ends, as the server was killed
    kLeaving,
  };
  class Host {
   public:
    // Everybody is logged in or has resumed, but for those who are out.
    virtual void on_everybody_there() = 0;

   protected:
    ~Host() = default;
  };

  // All outlive the clients.
  CrashClients(const Plan& plan, const Layout& layout, const PayloadFormat& format,
               reactor::Reactor& loop, HistoryAudit& audit, Host& host);
  CrashClients(const CrashClients&) = delete;
  CrashClients& operator=(const CrashClients&) = delete;

  // Whoever is away and not out connects.
  void connect_all(const reactor::Address& to, Mode mode);
  // The server is killed.
  void expect_the_end() { mode_ = Mode::kDown; }
  void quit_all();

  // Sends the sender's next message, if he is there: this is no measurement of latency.
  void publish(std::size_t sender, std::int64_t now_ns, std::size_t bytes);
  // Sends again what the server has not taken.
  void send_refused();
  // Afterwards everybody has caught up when what is on its way now has come.
  void fence_all();

  // Why somebody could not log in; empty when nobody failed.
  const std::string& login_error() const { return login_error_; }
  // Why the first connection was lost, and the first session; empty when none was.
  const std::string& first_connection_lost() const { return first_connection_lost_; }
  const std::string& first_session_lost() const { return first_session_lost_; }
  std::size_t count() const { return members_.size(); }
  std::size_t count_ready() const;
  // Those who are out are not waited for.
  bool is_everybody_there() const;
  bool is_everybody_caught_up() const;
  bool is_everybody_away() const;
  std::uint64_t count_unacknowledged() const;

  std::uint64_t sent() const { return sent_; }
  std::uint64_t sent_again() const { return sent_again_; }
  std::uint64_t unexpected_acks() const { return unexpected_acks_; }
  std::uint64_t connections_lost() const { return connections_lost_; }
  std::uint64_t sessions_lost() const { return sessions_lost_; }
  const Histogram& registration() const { return registration_; }

 private:
  struct Member {
    std::unique_ptr<LoadClient> client;
    Outbox outbox;  // of a sender
    bool is_caught_up = false;
    bool is_out = false;  // the server would not have it back
    int lost = 0;         // connections, while the server was up
  };

  // A sender waits for acknowledgements beyond so many messages.
  static constexpr std::size_t kOutboxMax = 10'000;
  // A client that loses more connections than this stays out.
  static constexpr int kLostMax = 10;

  void on_ready(LoadClient& client) override;
  void on_received() override {}
  void on_delivery(LoadClient& client, std::string_view payload) override;
  void on_gone(LoadClient& client, std::string_view why) override;
  void on_ack(LoadClient& client, std::uint64_t number, std::uint64_t id) override;
  void on_not_taken(LoadClient& client, std::uint64_t number, std::string_view why) override;
  void on_gap(LoadClient& client, std::uint64_t first, std::uint64_t last) override;
  void on_caught_up(LoadClient& client) override;

  Member& member_of(const LoadClient& client) { return members_[client.number()]; }
  void connect(Member& member);
  void send_again(Member& sender, bool only_refused);
  void note_lost(Member& member, std::string_view why);

  const PayloadFormat& format_;
  reactor::Reactor& loop_;
  HistoryAudit& audit_;
  Host& host_;
  std::vector<Member> members_;  // the first ones send
  reactor::Address address_;
  Mode mode_ = Mode::kLoggingIn;
  std::string payload_;

  std::string login_error_;
  std::string first_connection_lost_;
  std::string first_session_lost_;
  std::uint64_t sent_ = 0;
  std::uint64_t sent_again_ = 0;
  std::uint64_t unexpected_acks_ = 0;
  std::uint64_t connections_lost_ = 0;
  std::uint64_t sessions_lost_ = 0;
  Histogram registration_;
};

}  // namespace loadgen
