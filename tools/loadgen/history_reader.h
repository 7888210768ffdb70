#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "reactor/reactor.h"
#include "reactor/timers.h"

namespace loadgen {

// Reads the lobby's history over a connection of its own, page by page, as a client that is there
// for nothing else. Nobody else speaks meanwhile: every message that comes is taken for history.
// Everything a server can send is possible; it ends in any case. One reading at a time; used on its
// loop's thread.
class HistoryReader final : private reactor::Handler, private reactor::TimerHandler {
 public:
  class Sink {
   public:
    // In the order of their numbers, which go up. text: valid during the call.
    virtual void on_kept(std::uint64_t id, std::string_view text) = 0;
    virtual void on_gap(std::uint64_t first, std::uint64_t last) = 0;
    // The reading is over, its connection gone. error: empty when everything was read.
    virtual void on_history_read(const std::string& error) = 0;

   protected:
    ~Sink() = default;
  };

  HistoryReader(reactor::Reactor& loop, Sink& sink) : loop_(loop), sink_(sink) {}
  HistoryReader(const HistoryReader&) = delete;
  HistoryReader& operator=(const HistoryReader&) = delete;
  ~HistoryReader();

  // Reads all that is behind `after`. name: of the client. items_max: messages and gaps that there
  // can be. on_history_read follows. REQUIRES: no reading is under way.
  void read_behind(std::uint64_t after, const reactor::Address& from, std::string_view name,
                   std::size_t items_max);
  // Reads the last message there is, if there is one.
  void read_last(const reactor::Address& from, std::string_view name);

 private:
  // So many messages are asked for at once; the server may give fewer.
  static constexpr std::size_t kPage = 1000;
  // Without one byte for so long nothing more comes.
  static constexpr reactor::Duration kPatience = std::chrono::seconds{10};

  void on_open(reactor::Connection& connection) override;
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override;
  void on_close(reactor::Connection& connection, reactor::CloseReason reason, int error) override;
  void on_timer(std::uint64_t argument) override;

  void begin(const reactor::Address& from, std::string_view name);
  void ask();
  void take_line(std::string_view line);
  void take_message(std::uint64_t id, std::string_view text);
  void take_gap(std::string_view line);
  void end_page();
  bool count_item(std::uint64_t last);
  void end(std::string error);
  void be_patient();

  reactor::Reactor& loop_;
  Sink& sink_;
  reactor::Connection* connection_ = nullptr;
  std::string name_;
  std::uint64_t after_ = 0;  // everything up to this was read
  std::size_t items_left_ = 0;
  std::size_t items_in_page_ = 0;
  bool only_last_ = false;
  bool is_over_ = false;
  std::string error_;
  reactor::TimerId timer_;
};

}  // namespace loadgen
