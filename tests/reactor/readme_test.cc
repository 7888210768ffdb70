#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string content(const std::string& path) {
  std::ifstream file(std::string(SOURCE_DIR) + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// readme_example.cc is built with the tests, so the example in the README compiles.
TEST(Readme, ExampleIsTheProgramThatIsCompiled) {
  const std::string example = content("/tests/reactor/readme_example.cc");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(content("/reactor/README.md").find("```cpp\n" + example + "```\n"), std::string::npos)
      << "the example in reactor/README.md is not tests/reactor/readme_example.cc";
}

}  // namespace
