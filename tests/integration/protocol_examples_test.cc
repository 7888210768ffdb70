#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/process.h"

// Replays the examples of the protocol's description against a server, so that the two agree.
namespace integration {
namespace {

// One line of an example: who says it to the server, or hears it.
struct Step {
  std::size_t line_number = 0;
  std::string who;
  bool sends = false;
  std::string text;
};

struct Example {
  std::string title;  // the paragraph in front of it
  std::size_t line_number = 0;
  std::vector<Step> steps;

  // What the test's output shows.
  friend std::ostream& operator<<(std::ostream& out, const Example& example) {
    return out << "line " << example.line_number << ", " << example.title;
  }
};

std::optional<Step> parse_step(const std::string& line, std::size_t line_number) {
  const std::size_t arrow = line.find_first_of("<>");
  if (arrow == std::string::npos || arrow == 0 || line.compare(arrow + 1, 1, " ") != 0) {
    return std::nullopt;
  }
  return Step{line_number, line.substr(0, arrow), line[arrow] == '>', line.substr(arrow + 2)};
}

std::vector<Example> read_examples(const std::string& path) {
  std::ifstream file(path);
  std::vector<Example> examples;
  std::string paragraph;
  bool inside = false;
  std::string line;
  for (std::size_t line_number = 1; std::getline(file, line); ++line_number) {
    if (!inside && line == "```example") {
      inside = true;
      examples.push_back({paragraph, line_number, {}});
    } else if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      const std::optional<Step> step = parse_step(line, line_number);
      EXPECT_TRUE(step) << path << ":" << line_number << ": not a line of an example: " << line;
      examples.back().steps.push_back(step.value_or(Step{}));
    } else if (!line.empty()) {
      paragraph = line;
    }
  }
  EXPECT_FALSE(inside) << "the last example has no end";
  return examples;
}

// Takes the digits at the front of text; false if there are none.
bool skip_number(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(size);
  return size > 0;
}

// {n} in the pattern matches a number, {text} the rest of the line, everything else itself.
bool matches(std::string_view pattern, std::string_view text) {
  while (!pattern.empty()) {
    if (pattern == "{text}") {
      return true;
    }
    if (pattern.starts_with("{n}")) {
      if (!skip_number(text)) {
        return false;
      }
      pattern.remove_prefix(3);
      continue;
    }
    if (text.empty() || text.front() != pattern.front()) {
      return false;
    }
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }
  return text.empty();
}

// The people of one example and their connections, each made when it is first needed.
class Cast {
 public:
  explicit Cast(std::uint16_t port) : port_(port) {}

  void play(const Step& step) {
    LineClient& client = clients_.try_emplace(step.who, port_).first->second;
    if (step.sends) {
      ASSERT_TRUE(client.send_line(with_token(step.text)));
      return;
    }
    const std::optional<std::string> line = client.read_line();
    ASSERT_TRUE(line) << step.who << " should have got '" << step.text << "' but got nothing";
    if (step.text == "SESSION:{token}") {
      token_ = line->substr(line->find(':') + 1);
    }
    ASSERT_TRUE(matches(with_token(step.text), *line))
        << step.who << " should have got '" << step.text << "' but got '" << *line << "'";
    if (step.text.starts_with("BYE:")) {
      ASSERT_TRUE(client.expect_end()) << step.who;
      clients_.erase(step.who);
    }
  }

  // Nobody has got anything that the example does not tell.
  void expect_nothing_more() {
    for (auto& [who, client] : clients_) {
      ASSERT_TRUE(client.send_line("PING:the end")) << who;
      ASSERT_TRUE(client.expect_line("PONG:the end")) << who;
    }
  }

 private:
  // {token} stands for the last session's.
  std::string with_token(std::string text) const {
    constexpr std::string_view kPlace = "{token}";
    if (const std::size_t at = text.find(kPlace); at != std::string::npos) {
      text.replace(at, kPlace.size(), token_);
    }
    return text;
  }

  std::uint16_t port_;
  std::map<std::string, LineClient> clients_;
  std::string token_ = "none";
};

class ProtocolExamples : public ::testing::TestWithParam<Example> {};

TEST_P(ProtocolExamples, Example_HappensAsWritten) {
  ServerProcess server(CHAT_SERVER_PATH);
  Cast cast(server.port());
  for (const Step& step : GetParam().steps) {
    SCOPED_TRACE(CHAT_PROTOCOL_MD ":" + std::to_string(step.line_number));
    ASSERT_NO_FATAL_FAILURE(cast.play(step)) << server.output();
  }
  cast.expect_nothing_more();
}

INSTANTIATE_TEST_SUITE_P(ProtocolMd, ProtocolExamples,
                         ::testing::ValuesIn(read_examples(CHAT_PROTOCOL_MD)));

TEST(ProtocolMd, ItsExamples_AreFound) { EXPECT_GE(read_examples(CHAT_PROTOCOL_MD).size(), 7U); }

TEST(ProtocolMd, Placeholders_MatchWhatTheyStandFor) {
  EXPECT_TRUE(matches("@id={n};ts={n} DIRECT:A:x", "@id=1;ts=234 DIRECT:A:x"));
  EXPECT_FALSE(matches("@id={n};ts={n} DIRECT:A:x", "@id=;ts=234 DIRECT:A:x"));
  EXPECT_TRUE(matches("ERROR:404:Bob:{text}", "ERROR:404:Bob:anything"));
  EXPECT_FALSE(matches("ERROR:404:Bob:{text}", "ERROR:404:Bo:anything"));
  EXPECT_FALSE(matches("REGISTERED:Bob", "REGISTERED:Bobby"));
  EXPECT_FALSE(matches("REGISTERED:Bobby", "REGISTERED:Bob"));
}

}  // namespace
}  // namespace integration
