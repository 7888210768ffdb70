#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "chat/client/client.h"
#include "tools/client_commands.h"
#include "tools/client_display.h"
#include "tools/client_terminal.h"

namespace chat {

// How a run of the program ended.
struct Outcome {
  ClientEnd end = ClientEnd::kQuit;
  std::string reason;
};

// What the program knows of the chat, and what it does with what is typed and what the server
// says: the part between the keyboard, the Client and the screen. Lives on the loop's thread.
class ClientApp final : public ClientHandler, public Completer, private reactor::TimerHandler {
 public:
  // Followed by hand, or fed by a script?
  enum class Use : std::uint8_t { kInteractive, kScript };

  // Neither reactor nor output are owned; both outlive the app.
  ClientApp(reactor::Reactor& reactor, ClientOptions options, const DisplayOptions& display,
            Use use, Output& output);
  ClientApp(const ClientApp&) = delete;
  ClientApp& operator=(const ClientApp&) = delete;
  ~ClientApp();

  Client& client() { return client_; }
  const Client& client() const { return client_; }
  // Does what a typed line asks for. REQUIRES: client().is_ready() in a script.
  void on_typed(std::string_view line);
  // Leaves in order.
  void quit();

  bool has_begun() const { return has_begun_; }
  bool has_quit() const { return has_quit_; }
  bool has_ended() const { return has_ended_; }
  const Outcome& outcome() const { return outcome_; }
  // How many typed lines could not be done, or not be proved to be: what was explained with a "!".
  std::size_t failures() const { return failures_; }

  Completion complete_word(std::string_view before_cursor) const override;

 private:
  static constexpr std::size_t kNamesMax = 20'000;  // known for completion, and rooms likewise
  static constexpr std::size_t kAskersMax = 64;     // remembered for accept and decline

  static constexpr std::chrono::milliseconds kWaitWorthTelling{1'000};
  // A message that is not confirmed for so long is told, as it usually takes a blink of the eye.
  static constexpr std::chrono::milliseconds kPendingWorthTelling{1'000};

  // A list that was asked for and has not come to its end.
  struct ListRequest {
    std::string room;
    bool shown = true;
  };

  void on_ready(std::string_view name, Entry entry) override;
  void on_line(const ServerLine& line) override;
  void on_history(const HistoryAnswer& answer) override;
  void on_acknowledged() override;
  void on_undelivered(const Undelivered& message) override;
  void on_lost(std::string_view reason, std::chrono::milliseconds wait) override;
  void on_retry(std::string_view reason, std::chrono::milliseconds wait) override;
  void on_end(ClientEnd end, std::string_view reason) override;
  void on_timer(std::uint64_t argument) override;

  SendResult perform(const Action& action);
  SendResult answer_request(const Action& action);
  SendResult ask_for_list(std::string_view room, bool shown);
  SendResult ask_for_rooms();
  SendResult ask_for_history(const Action& action);
  void explain(SendResult result);
  void note_line(const ServerLine& line);
  void fail_lists();
  void tell_pending();
  void tell_waiting();
  void watch_pending();
  bool show_list(const ServerLine& line);
  void learn_names(std::string_view list);
  void learn_rooms(std::string_view list);
  void forget_names(std::string_view list);
  void set_peer(std::string_view peer);
  void show_prompt();
  void add_asker(std::string_view name);
  void remove_asker(std::string_view name);
  void notice(std::string_view text);
  void error(std::string_view text);

  reactor::Reactor& reactor_;
  Output& output_;
  const Display display_;
  const Use use_;
  Client client_;
  NameSet names_;                    // seen in the chat
  NameSet rooms_;                    // seen likewise
  std::string peer_;                 // of the private chat; empty: none
  std::vector<std::string> askers_;  // for a private chat, the last one last
  std::deque<ListRequest> lists_;    // in the order asked for
  std::size_t rooms_asked_ = 0;      // lists of rooms that have not come to their end
  std::string history_shown_;        // what the history is that goes on; empty: there is none
  reactor::TimerId pending_timer_;
  std::size_t pending_shown_ = 0;  // messages that the prompt tells to be not confirmed
  std::size_t failures_ = 0;
  Outcome outcome_;
  bool has_begun_ = false;
  bool has_quit_ = false;
  bool has_ended_ = false;
};

}  // namespace chat
