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
class ClientApp final : public ClientHandler, public Completer {
 public:
  // Followed by hand, or fed by a script?
  enum class Use : std::uint8_t { kInteractive, kScript };

  // Neither reactor nor output are owned; both outlive the app.
  ClientApp(reactor::Reactor& reactor, ClientOptions options, const DisplayOptions& display,
            Use use, Output& output);

  Client& client() { return client_; }
  // Does what a typed line asks for. REQUIRES: client().is_ready() in a script.
  void on_typed(std::string_view line);
  // Leaves in order.
  void quit();

  bool has_begun() const { return has_begun_; }
  bool has_quit() const { return has_quit_; }
  bool has_ended() const { return has_ended_; }
  const Outcome& outcome() const { return outcome_; }

  Completion complete_word(std::string_view before_cursor) const override;

 private:
  static constexpr std::size_t kNamesMax = 20'000;  // known for completion, and rooms likewise
  static constexpr std::size_t kAskersMax = 64;     // remembered for accept and decline

  static constexpr std::chrono::milliseconds kWaitWorthTelling{1'000};

  // A list that was asked for and has not come to its end.
  struct ListRequest {
    std::string room;
    bool shown = true;
  };

  void on_ready(std::string_view name, bool again) override;
  void on_line(const ServerLine& line) override;
  void on_lost(std::string_view reason, std::chrono::milliseconds wait) override;
  void on_retry(std::string_view reason, std::chrono::milliseconds wait) override;
  void on_end(ClientEnd end, std::string_view reason) override;

  SendResult perform(const Action& action);
  SendResult answer_request(const Action& action);
  SendResult ask_for_list(std::string_view room, bool shown);
  void explain(SendResult result);
  void note_line(const ServerLine& line);
  bool show_list(const ServerLine& line);
  void learn_names(std::string_view list);
  void learn_rooms(std::string_view list);
  void forget_names(std::string_view list);
  void set_peer(std::string_view peer);
  void add_asker(std::string_view name);
  void remove_asker(std::string_view name);
  void notice(std::string_view text);
  void error(std::string_view text);

  reactor::Reactor& reactor_;
  Output& output_;
  const Display display_;
  const Use use_;
  Client client_;
  NameSet names_;  // seen in the chat
  NameSet rooms_;  // seen likewise
  NameSet joined_rooms_;
  std::string peer_;                 // of the private chat; empty: none
  std::vector<std::string> askers_;  // for a private chat, the last one last
  std::deque<ListRequest> lists_;    // in the order asked for
  Outcome outcome_;
  bool has_begun_ = false;
  bool has_quit_ = false;
  bool has_ended_ = false;
};

}  // namespace chat
