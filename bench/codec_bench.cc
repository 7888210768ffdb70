// What does the line protocol cost: a command that is parsed, a message that is encoded?

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "chat/limits.h"
#include "chat/protocol/native.h"

namespace {

using benchmark::Counter;

constexpr int kLines = 100;

class CountingSink final : public chat::CommandSink {
 public:
  bool on_command(const chat::Command& command, std::size_t wire_bytes) override {
    benchmark::DoNotOptimize(command.text.data());
    benchmark::DoNotOptimize(wire_bytes);
    ++commands;
    return true;
  }
  std::int64_t commands = 0;
};

std::string repeated(std::string_view head, std::size_t text_bytes) {
  std::string lines;
  for (int i = 0; i < kLines; ++i) {
    lines.append(head).append(text_bytes, 'x').append("\n");
  }
  return lines;
}

void report(benchmark::State& state, std::int64_t lines, std::size_t bytes_per_turn) {
  const auto count = static_cast<double>(lines);
  state.counters["lines/s"] = Counter(count, Counter::kIsRate);
  state.counters["time/line"] = Counter(count, Counter::kIsRate | Counter::kInvert);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes_per_turn));
}

// A hundred lines that have come with one read.
void parse(benchmark::State& state, std::string_view hello, const std::string& lines) {
  const chat::Limits limits;
  chat::NativeCodec codec(limits);
  CountingSink sink;
  codec.parse(hello, sink);
  sink.commands = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(codec.parse(lines, sink));
  }
  if (sink.commands != state.iterations() * kLines) {
    state.SkipWithError("not every line was a command");
  }
  report(state, sink.commands, lines.size());
}

void BM_Parse_BroadcastOfAProgram(benchmark::State& state) {
  parse(state, "HELLO:1:\n", repeated("BROADCAST:", static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(BM_Parse_BroadcastOfAProgram)->ArgName("bytes")->Arg(64)->Arg(512);

void BM_Parse_LineTypedByHand(benchmark::State& state) {
  parse(state, "", repeated("", static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(BM_Parse_LineTypedByHand)->ArgName("bytes")->Arg(64)->Arg(512);

void BM_Parse_LineThatIsRefused(benchmark::State& state) {
  parse(state, "HELLO:1:\n", repeated("NONSENSE:", static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(BM_Parse_LineThatIsRefused)->ArgName("bytes")->Arg(64);

// A message on its way to those who want it in one format; done once for all of them.
void encode(benchmark::State& state, chat::WireFormat format) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  const chat::Limits limits;
  chat::Event event;
  event.kind = chat::EventKind::kMessage;
  event.room_id = chat::kLobby;
  event.id = 123'456'789;
  event.unix_ms = 1'700'000'000'000;
  event.room = chat::kLobbyName;
  event.subject = "Alice";
  event.text = text;
  std::string line;
  for ([[maybe_unused]] auto _ : state) {
    line.clear();
    chat::encode_native(event, format, limits, line);
    benchmark::DoNotOptimize(line.data());
  }
  report(state, state.iterations(), line.size());
}

void BM_Encode_MessageForANetcat(benchmark::State& state) {
  encode(state, chat::WireFormat::kByHand);
}
BENCHMARK(BM_Encode_MessageForANetcat)->ArgName("bytes")->Arg(64)->Arg(512);

void BM_Encode_MessageForAProgram(benchmark::State& state) {
  encode(state, chat::WireFormat::kProgram);
}
BENCHMARK(BM_Encode_MessageForAProgram)->ArgName("bytes")->Arg(64)->Arg(512);

void BM_Encode_MessageWithTags(benchmark::State& state) {
  encode(state, chat::WireFormat::kTagged);
}
BENCHMARK(BM_Encode_MessageWithTags)->ArgName("bytes")->Arg(64)->Arg(512);

}  // namespace
