#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/message.h"
#include "chat/protocol/codec.h"
#include "chat/protocol/irc_capabilities.h"
#include "chat/protocol/irc_labels.h"
#include "chat/protocol/irc_line.h"
#include "chat/protocol/irc_targets.h"
#include "chat/protocol/irc_turn.h"
#include "chat/protocol/line_splitter.h"
#include "chat/server_info.h"

namespace chat {

// IRC as modern clients speak it: RFC 1459 and 2812 as modern.ircdocs.horse has them, with the
// extensions of irc_capabilities.h. Rooms have a # in front here. What the codec can answer by
// itself goes to the hub, too, and comes back as kAnswer, so that answers keep their order.
class IrcCodec final : public Codec {
 public:
  // limits and server are not owned and outlive the codec.
  IrcCodec(const Limits& limits, const ServerInfo& server);

  std::size_t parse(std::string_view bytes, CommandSink& sink) override;
  WireFormat format() const override;
  void answer(const Event& event, std::string& out) override;
  bool can_refuse_haste() const override { return false; }
  bool ping(std::string& out) override;

 private:
  // What a client has said of itself until it is registered.
  struct Registration {
    std::string name;
    std::string user;  // empty: not said yet
    std::string real_name;
    bool negotiates = false;    // capabilities, and has not said CAP END
    bool was_sent = false;      // to the hub, whatever came of it
    bool name_refused = false;  // another one is waited for
  };

  bool is_too_long(std::string_view line) const;
  bool take_line(const WireLine& line, CommandSink& sink);
  void run(IrcTurn& turn, const IrcLine& line);
  bool run_registration(IrcTurn& turn, const IrcLine& line);
  static void refuse_as_no_text(IrcTurn& turn, const IrcLine& line);

  // Who the client is, and what it can (irc_registration.cc).
  void nick(IrcTurn& turn, const IrcLine& line);
  void user(IrcTurn& turn, const IrcLine& line);
  void pass(IrcTurn& turn, const IrcLine& line) const;
  void cap(IrcTurn& turn, const IrcLine& line);
  void cap_request(IrcTurn& turn, std::string_view names);
  void register_if_complete(IrcTurn& turn);

  void tell(const Event& event, std::string& out);
  void begin_history(const Event& event, std::string& out);
  void tell_from_history(const Event& event, std::string& out);
  void end_history(const Event& event, std::string& out);
  void add_to_batch(std::string_view lines, std::string& out) const;
  std::string history_batch() const;
  void tell_invitation(Event event, std::string& out) const;
  void note_refusal(Refusal refusal);
  std::string_view name_or_star() const;

  const Limits& limits_;
  const ServerInfo& server_;
  LineSplitter lines_;
  std::string name_;  // empty until the client is registered
  IrcCapabilities capabilities_;
  Capabilities capabilities_for_hub_;
  bool knows_302_ = false;                      // that version of the negotiation
  std::unique_ptr<Registration> registration_;  // null once the client is registered
  std::unique_ptr<IrcLabels> labels_;           // null until something has one
  // Histories come one after the other, each in a batch: one that is asked for begins at once, and
  // ends when all before it have.
  std::uint32_t histories_begun_ = 0;
  std::uint32_t histories_ended_ = 0;
  IrcTargets targets_;  // of the one that comes now
};

}  // namespace chat
