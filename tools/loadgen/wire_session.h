#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/loadgen/wire_framed.h"
#include "tools/loadgen/wire_native.h"

namespace loadgen {

// Our own line protocol for those who want to be sure: what is sent is acknowledged, and the
// session goes on over another connection. Apart from NativeWire, which need not look for any of
// that.
class SessionWire final : public LineWire {
 public:
  SessionWire(std::string_view name, const Channel& channel, const WireNeeds& needs);

  // The first time, and until there is a session, logs in; then goes on with the session behind the
  // greatest number that it was told.
  void begin(std::string& out) override;
  void publish(std::string_view payload, std::string& out) override;
  void publish_numbered(std::uint64_t number, std::string_view payload, std::string& out) override;
  void fence(std::string& out) override;
  std::uint64_t delivery_id() const override { return delivery_id_; }

 private:
  void on_line(std::string_view line, std::string& out) override;
  void say_goodbye(std::string& out) override;
  void on_tagged_line(std::string_view line);
  void on_message(std::string_view line, std::string_view message);
  void on_answer(std::string_view line);
  void on_welcome(std::string_view line);
  void on_session(std::string_view line);
  void on_ack(std::string_view line);
  void on_gap(std::string_view line);
  void report_entered();

  const WireNeeds needs_;
  const NativeWords words_;
  std::string hello_;
  std::string resumed_;  // the line that tells that the session goes on
  std::string session_;  // its token; empty until the server gives one
  bool is_resuming_ = false;
  bool has_entered_ = false;
  std::uint64_t delivery_id_ = 0;
  std::uint64_t last_id_ = 0;  // the greatest that we were told
};

}  // namespace loadgen
