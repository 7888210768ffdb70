#include "tests/sim/speech.h"

#include <algorithm>
#include <utility>

#include "chat/protocol/utf8.h"
#include "chat/web/websocket_client.h"
#include "reactor/check.h"

namespace sim {
namespace {

class NativeSpeech final : public Speech {
 public:
  std::string say(std::string_view line) override { return std::string(line) + '\n'; }

  void hear(std::string& bytes, std::vector<std::string>& lines) override {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = bytes.find('\n', begin)) != std::string::npos;) {
      lines.push_back(bytes.substr(begin, end - begin));
      begin = end + 1;
    }
    bytes.erase(0, begin);
  }
};

// The native protocol in a WebSocket. A close is heard as "CLOSE:<code>".
class WebSocketSpeech final : public Speech, private chat::WebSocketSink {
 public:
  WebSocketSpeech() {
    ask_.host = "localhost";
    ask_.subprotocol = "chat.v1";
    ask_.key = chat::websocket_key({1, 2, 3});
  }

  std::string greeting() override {
    std::string out;
    chat::append_upgrade_request(out, ask_);
    return out;
  }

  std::string say(std::string_view line) override {
    std::string out;
    if (!chat::is_text(line)) {
      return out;  // would rightly be the end of the connection
    }
    chat::append_masked_ws_frame(out, chat::WebSocketOpcode::kText, line, ++mask_ * 0x9E3779B9U);
    return out;
  }

  void hear(std::string& bytes, std::vector<std::string>& lines) override {
    if (!upgraded_) {
      const chat::UpgradeAnswer answer = chat::read_upgrade_answer(bytes, ask_);
      if (answer.outcome == chat::UpgradeAnswer::Outcome::kRefused) {
        lines.push_back("REFUSED:" + answer.why);
        bytes.clear();
        return;
      }
      upgraded_ = answer.outcome == chat::UpgradeAnswer::Outcome::kAccepted;
      bytes.erase(0, answer.consumed);
    }
    if (upgraded_) {
      lines_ = &lines;
      bytes.erase(0, parser_.parse(bytes, *this));
    }
  }

 private:
  bool on_message(chat::WebSocketOpcode /*kind*/, std::string_view payload,
                  std::size_t /*wire_bytes*/) override {
    lines_->emplace_back(payload);
    return true;
  }
  bool on_ping(std::string_view /*payload*/, std::size_t /*wire_bytes*/) override {
    lines_->emplace_back("WS-PING");
    return true;
  }
  bool on_pong(std::string_view payload, std::size_t /*wire_bytes*/) override {
    lines_->push_back("WS-PONG:" + std::string(payload));
    return true;
  }
  void on_close(chat::CloseCode code, std::string_view /*reason*/) override {
    lines_->push_back("CLOSE:" + std::to_string(code));
  }
  void on_broken(chat::CloseCode /*code*/, std::string_view why) override {
    CHECK(false, "the server broke the WebSocket", why);
  }

  static constexpr std::size_t kMessageBytesMax = 1 << 20;

  chat::WebSocketAsk ask_;
  chat::WebSocketClientParser parser_{kMessageBytesMax};
  std::uint32_t mask_ = 0;
  bool upgraded_ = false;
  std::vector<std::string>* lines_ = nullptr;  // during hear
};

std::string_view take_word(std::string_view& rest) {
  const std::size_t space = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(std::min(space + 1, rest.size()));
  return word;
}

std::string_view take_field(std::string_view& rest) {
  const std::size_t colon = std::min(rest.find(':'), rest.size());
  const std::string_view field = rest.substr(0, colon);
  rest.remove_prefix(std::min(colon + 1, rest.size()));
  return field;
}

// IRC, as far as the tests' vocabulary goes; what has no translation is said as it is.
class IrcSpeech final : public Speech {
 public:
  std::string say(std::string_view line) override {
    std::string_view rest = line;
    const std::string verb(take_field(rest));
    const auto with_room = [&rest](std::string command) {
      return command.append(" #").append(take_field(rest)) + std::string(rest.empty() ? "" : " :") +
             std::string(rest) + "\r\n";
    };
    if (verb == "HELLO") {
      return "CAP REQ :message-tags server-time\r\n";
    }
    if (verb == "REGISTER") {
      name_ = rest;
      return "NICK " + name_ + "\r\nUSER " + name_ + " 0 * :" + name_ + "\r\nCAP END\r\n";
    }
    if (verb == "BROADCAST") {
      return "PRIVMSG #lobby :" + std::string(rest) + "\r\n";
    }
    if (verb == "CHAT") {
      const std::string to(take_field(rest));
      return "PRIVMSG " + to + " :" + std::string(rest) + "\r\n";
    }
    if (verb == "SAY") {
      return with_room("PRIVMSG");
    }
    if (verb == "JOIN" || verb == "PART") {
      return with_room(verb);
    }
    if (verb == "PING") {
      return "PING :" + std::string(rest) + "\r\n";
    }
    return std::string(line) + "\r\n";
  }

  void hear(std::string& bytes, std::vector<std::string>& lines) override {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = bytes.find("\r\n", begin)) != std::string::npos;) {
      lines.push_back(translated(std::string_view(bytes).substr(begin, end - begin)));
      begin = end + 2;
    }
    bytes.erase(0, begin);
  }

 private:
  std::string translated(std::string_view line) {
    std::string whole(line);
    const std::string tags(line.starts_with('@') ? take_word(line) : std::string_view());
    std::string_view prefix =
        line.starts_with(':') ? take_word(line).substr(1) : std::string_view();
    const std::string_view sender = prefix.substr(0, prefix.find('!'));
    const std::string_view command = take_word(line);
    if (command == "001") {
      return "REGISTERED:" + std::string(take_word(line));
    }
    if (command == "PRIVMSG") {
      return message(tags, sender, line);
    }
    if ((command == "JOIN" || command == "PART") && sender == name_) {
      const std::string_view room = take_word(line).substr(1);
      return (command == "JOIN" ? "JOINED:" : "PARTED:") + std::string(room);
    }
    if (command == "ERROR") {
      return "BYE:" + std::string(line.substr(1));
    }
    return whole;
  }

  static std::string message(const std::string& tags, std::string_view sender,
                             std::string_view rest) {
    const std::string_view target = take_word(rest);
    const std::string text = ":" + std::string(sender) + std::string(rest);  // with its colon
    const std::size_t id = tags.find("msgid=");
    std::string line = "@id=" + (id == std::string::npos ? "0" : tags.substr(id + 6)) + " ";
    line.resize(std::min(line.size(), line.find(';')));
    line += line.ends_with(' ') ? "" : " ";
    if (!target.starts_with('#')) {
      return line + "DIRECT" + text;
    }
    const std::string room(target.substr(1));
    return line + (room == "lobby" ? "MESSAGE" : "ROOM_MESSAGE:" + room) + text;
  }

  std::string name_;
};

}  // namespace

std::unique_ptr<Speech> make_speech(Speaks speaks) {
  if (speaks == Speaks::kIrc) {
    return std::make_unique<IrcSpeech>();
  }
  if (speaks == Speaks::kWebSocket) {
    return std::make_unique<WebSocketSpeech>();
  }
  return std::make_unique<NativeSpeech>();
}

}  // namespace sim
