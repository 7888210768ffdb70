#include "tests/integration/loadgen_run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "tools/loadgen/result_json.h"

namespace integration {

Outcome run_loadgen(const Args& args) {
  Process process(kLoadgen, args);
  const int exit_code = process.wait_exit(kRunPatience).value_or(-1);
  return {exit_code, process.output()};
}

Measured measure(Args args) {
  const std::string path = fmt::format("{}loadgen_test.{}.json", testing::TempDir(), getpid());
  std::filesystem::remove(path);
  args.insert(args.end(), {"--json", path});
  Measured measured;
  static_cast<Outcome&>(measured) = run_loadgen(args);
  std::ifstream file(path);
  const std::string json{std::istreambuf_iterator<char>(file), {}};
  loadgen::ReadResult read = loadgen::from_json(json);
  EXPECT_EQ(read.error, "") << measured.output;
  measured.result = read.result.value_or(loadgen::Result{});
  EXPECT_EQ(static_cast<int>(measured.result.verdict), measured.exit_code) << measured.output;
  std::filesystem::remove(path);
  return measured;
}

Measured measure(std::uint16_t port, Args args) {
  args.push_back(fmt::format("127.0.0.1:{}", port));
  return measure(std::move(args));
}

std::uint64_t faults_made(const Process& server) {
  const std::string output = server.output();
  std::uint64_t count = 0;
  for (std::size_t at = 0; (at = output.find("fault\n", at)) != std::string::npos; ++at) {
    ++count;
  }
  return count;
}

}  // namespace integration
