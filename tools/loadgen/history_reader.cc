#include "tools/loadgen/history_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>
#include <utility>

#include "chat/client/close_text.h"
#include "chat/client/server_line.h"
#include "reactor/check.h"
#include "tools/loadgen/units.h"
#include "tools/loadgen/wire_framed.h"
#include "tools/loadgen/wire_websocket.h"

namespace loadgen {
namespace {

constexpr std::string_view kGap = "GAP:";
constexpr std::string_view kEnd = "END:HISTORY:";
constexpr std::size_t kShownBytesMax = 200;

// Takes a number from the front, up to the separator or the end. False when there is none.
bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return error == std::errc();
}

}  // namespace

// The lines that are said and heard: in a WebSocket, too, if need be.
class HistoryReader::Lines final : public LineWire {
 public:
  explicit Lines(HistoryReader& reader) : reader_(reader) {}

  void begin(std::string& out) override {
    out.append(fmt::format("HELLO:1:tags\nREGISTER:{}\n", reader_.name_));
    reader_.ask(out);
  }
  void publish(std::string_view /*payload*/, std::string& /*out*/) override {
    CHECK(false, "who reads the history says nothing");
  }

 private:
  void on_line(std::string_view line, std::string& out) override { reader_.take_line(line, out); }
  void say_goodbye(std::string& out) override { out.append("QUIT\n"); }

  HistoryReader& reader_;
};

HistoryReader::~HistoryReader() { loop_.timers().cancel(timer_); }

void HistoryReader::read_behind(std::uint64_t after, const reactor::Address& from,
                                std::string_view name, std::size_t items_max) {
  after_ = after;
  items_left_ = items_max;
  only_last_ = false;
  begin(from, name);
}

void HistoryReader::read_last(const reactor::Address& from, std::string_view name) {
  after_ = 0;
  items_left_ = kPage;
  only_last_ = true;
  begin(from, name);
}

void HistoryReader::begin(const reactor::Address& from, std::string_view name) {
  CHECK(connection_ == nullptr, "one reading at a time", name_);
  name_ = name;
  is_over_ = false;
  error_.clear();
  answers_.clear();
  wire_ = std::make_unique<Lines>(*this);
  const Kind& kind = target_.kinds.front().kind;
  if (kind.in_websocket) {
    wire_ =
        wrap_in_websocket(std::make_unique<Lines>(*this), kind.protocol, target_.place(), name_);
  }
  int error = 0;
  connection_ = loop_.connect(from, *this, error);
  if (connection_ == nullptr) {
    sink_.on_history_read(std::generic_category().message(error));
    return;
  }
  be_patient();
}

void HistoryReader::on_open(reactor::Connection& connection) {
  if (const auto* new_transport = target_.transport_for(target_.kinds.front().kind)) {
    connection.secure((*new_transport)());
  }
  wire_->begin(answers_);
  send_answers();
}

void HistoryReader::ask(std::string& out) {
  items_in_page_ = 0;
  out.append(only_last_ ? std::string("HISTORY:lobby:before:0:1\n")
                        : fmt::format("HISTORY:lobby:after:{}:{}\n", after_, kPage));
}

void HistoryReader::send_answers() {
  connection_->send(answers_);
  answers_.clear();
}

std::size_t HistoryReader::on_data(reactor::Connection& connection, std::string_view bytes) {
  be_patient();
  if (is_over_) {
    return bytes.size();
  }
  const std::size_t used = wire_->parse(bytes, answers_, *this);
  if (is_over_) {
    wire_->quit(answers_);
  }
  send_answers();
  if (is_over_) {
    connection.finish();
  }
  return used;
}

void HistoryReader::take_line(std::string_view line, std::string& out) {
  if (is_over_) {
    return;
  }
  if (line.starts_with(kGap)) {
    take_gap(line);
    return;
  }
  if (line.starts_with(kEnd)) {
    end_page(out);
    return;
  }
  const chat::ServerLine parsed = chat::parse_server_line(line);
  switch (parsed.verb) {
    case chat::ServerVerb::kMessage:
      if (parsed.id) {
        take_message(*parsed.id, parsed.fields[1]);
      } else {
        end("the history has a message without a number");
      }
      return;
    case chat::ServerVerb::kError:
    case chat::ServerVerb::kBye:
      end("the server says: " + printable(line.substr(0, kShownBytesMax)));
      return;
    default:
      return;
  }
}

void HistoryReader::take_message(std::uint64_t id, std::string_view text) {
  if (id <= after_) {
    end(fmt::format("the history goes back: {} behind {}", id, after_));
  } else if (count_item(id)) {
    sink_.on_kept(id, text);
  }
}

void HistoryReader::take_gap(std::string_view line) {
  std::string_view rest = line.substr(kGap.size());
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const bool is_first = take_number(rest, first) && rest.starts_with(':');
  rest.remove_prefix(is_first ? 1 : 0);
  if (!is_first || !take_number(rest, last) || !rest.empty() || first <= after_ || last < first) {
    end("the history has a gap that is none: " + printable(line.substr(0, kShownBytesMax)));
  } else if (count_item(last)) {
    sink_.on_gap(first, last);
  }
}

// False when there can't be so many.
bool HistoryReader::count_item(std::uint64_t last) {
  if (items_left_ == 0) {
    end("the history has more messages than were ever sent");
    return false;
  }
  --items_left_;
  ++items_in_page_;
  after_ = last;
  return true;
}

void HistoryReader::end_page(std::string& out) {
  if (only_last_ || items_in_page_ == 0) {
    end({});
  } else {
    ask(out);
  }
}

void HistoryReader::end(std::string error) {
  if (!std::exchange(is_over_, true)) {
    error_ = std::move(error);
  }
}

void HistoryReader::be_patient() {
  loop_.timers().cancel(timer_);
  timer_ = loop_.timers().arm(loop_.now() + kPatience, *this);
}

void HistoryReader::on_timer(std::uint64_t /*argument*/) {
  end(fmt::format("the history was asked for, and nothing came for {} s",
                  std::chrono::duration_cast<std::chrono::seconds>(kPatience).count()));
  connection_->close();
}

void HistoryReader::on_close(reactor::Connection& connection, reactor::CloseReason reason,
                             int error) {
  loop_.timers().cancel(timer_);
  connection_ = nullptr;
  if (!is_over_) {
    error_ = "the connection for the history was lost: " +
             chat::describe_close(connection, reason, error);
  }
  sink_.on_history_read(error_);
}

}  // namespace loadgen
