#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "reactor/reactor.h"
#include "reactor/timers.h"
#include "tools/loadgen/plan.h"
#include "tools/loadgen/wire.h"

namespace loadgen {

// Reads the lobby's history over a connection of its own, page by page, as a client that is there
// for nothing else. Nobody else speaks meanwhile: every message that comes is taken for history.
// Everything a server can send is possible; it ends in any case. One reading at a time; used on its
// loop's thread.
class HistoryReader final : private reactor::Handler,
                            private reactor::TimerHandler,
                            private WireEvents {
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

  // target: whose first kind is spoken; outlives the reader, as the others do.
  HistoryReader(reactor::Reactor& loop, const Target& target, Sink& sink)
      : loop_(loop), target_(target), sink_(sink) {}
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
  class Lines;

  // So many messages are asked for at once; the server may give fewer.
  static constexpr std::size_t kPage = 1000;
  // Without one byte for so long nothing more comes.
  static constexpr reactor::Duration kPatience = std::chrono::seconds{10};

  void on_open(reactor::Connection& connection) override;
  std::size_t on_data(reactor::Connection& connection, std::string_view bytes) override;
  void on_close(reactor::Connection& connection, reactor::CloseReason reason, int error) override;
  void on_timer(std::uint64_t argument) override;
  void on_ready() override {}
  void on_delivery(std::string_view /*payload*/) override {}
  void on_refused(std::string_view why) override { end(std::string(why)); }

  void begin(const reactor::Address& from, std::string_view name);
  void ask(std::string& out);
  void take_line(std::string_view line, std::string& out);
  void take_message(std::uint64_t id, std::string_view text);
  void take_gap(std::string_view line);
  void end_page(std::string& out);
  void send_answers();
  bool count_item(std::uint64_t last);
  void end(std::string error);
  void be_patient();

  reactor::Reactor& loop_;
  const Target& target_;
  Sink& sink_;
  std::unique_ptr<Wire> wire_;  // of the latest reading
  std::string answers_;
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
