#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/protocol/utf8.h"
#include "chat/web/http_conversation.h"
#include "reactor/check.h"

// Any bytes said to the HTTP server, whole and in pieces: the answers are the same.
namespace chat {
namespace {

// Small, so that the fuzzer reaches what happens at each of them.
Limits small_limits() {
  Limits limits;
  limits.http_header_bytes_max = 256;
  limits.http_target_bytes_max = 32;
  limits.http_headers_max = 6;
  limits.http_body_bytes_max = 40;
  return limits;
}

HttpSite make_site() {
  HttpSite site;
  site.router.add(Resource{"/", "text/html", "<html>", "\"tag\"", "no-cache"});
  site.router.add("/query", [](const HttpRequest& request) {
    CHECK(request.path == "/query", "another path", request.path);
    HttpResponse response;
    response.text = request.parameter("a").value_or("none");
    return response;
  });
  site.router.add_fallback([](const HttpRequest& request) {
    CHECK(is_text(request.path) &&
              (request.path.empty() || request.path == "*" || request.path.starts_with('/')),
          "a path that is not safe", request.path);
    CHECK((request.path + "/").find("/../") == std::string::npos, "a way out", request.path);
    return http_error(HttpStatus::kNotFound, "no such file");
  });
  site.router.add_websocket("/ws");
  return site;
}

struct Outcome {
  std::string said;
  std::size_t left_over = 0;
  HttpConversation::Next next = HttpConversation::Next::kRead;
  Subprotocol subprotocol = Subprotocol::kNone;

  bool operator==(const Outcome&) const = default;
};

bool goes_on(HttpConversation::Next next) {
  return next == HttpConversation::Next::kRead || next == HttpConversation::Next::kAnswer;
}

// sizes: of the pieces, again and again from its beginning; a zero stands for everything.
Outcome talk_in_pieces(std::string_view bytes, std::string_view sizes) {
  static const HttpSite site = make_site();
  const Limits limits = small_limits();
  HttpConversation conversation(site, limits, false);
  Outcome outcome;
  std::string pending;
  for (std::size_t i = 0; !bytes.empty() && goes_on(outcome.next); ++i) {
    const auto size = static_cast<std::uint8_t>(sizes[i % sizes.size()]);
    const std::string_view piece = bytes.substr(0, size == 0 ? bytes.size() : size);
    bytes.remove_prefix(piece.size());
    pending.append(piece);
    do {
      const HttpConversation::Step step = conversation.parse(pending, 0, outcome.said);
      CHECK(step.consumed <= pending.size(), "more consumed than there was", step.consumed);
      pending.erase(0, step.consumed);
      outcome.next = step.next;
    } while (outcome.next == HttpConversation::Next::kAnswer);
    CHECK(pending.size() <= limits.http_header_bytes_max || !goes_on(outcome.next),
          "too much is left", pending.size());
  }
  outcome.left_over = goes_on(outcome.next) ? pending.size() : 0;
  outcome.subprotocol = conversation.subprotocol();
  return outcome;
}

// Responses, and nothing of what was asked in their heads.
void check_answers(const std::string& said) {
  CHECK(said.empty() || said.starts_with("HTTP/1.1 "), "no response", said);
  for (std::size_t at = said.find("\r\n"); at != std::string::npos;
       at = said.find("\r\n", at + 2)) {
    CHECK(said[at + 2] != ' ', "a folded line", said);
  }
}

void check(std::string_view bytes) {
  const Outcome whole = talk_in_pieces(bytes, std::string_view("\0", 1));
  check_answers(whole.said);
  const Outcome byte_by_byte = talk_in_pieces(bytes, "\1");
  CHECK(byte_by_byte == whole, "single bytes make a difference", byte_by_byte.said, whole.said);
  // The input says itself how it is cut.
  const std::string backwards(bytes.rbegin(), bytes.rend());
  const Outcome in_pieces = talk_in_pieces(bytes, backwards);
  CHECK(in_pieces == whole, "the split made a difference", in_pieces.said, whole.said);
}

}  // namespace
}  // namespace chat

// libFuzzer chose the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) {
    chat::check({reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
