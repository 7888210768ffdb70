#include "tools/client_terminal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace chat {
namespace {

class CursorRow : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr); }
  void TearDown() override { std::setlocale(LC_CTYPE, "C"); }
};

TEST_F(CursorRow, TextWithinTheFirstRow_IsInRowZero) {
  EXPECT_EQ(cursor_row(L"", 10), 0U);
  EXPECT_EQ(cursor_row(L"> 3456789", 10), 0U);
}

TEST_F(CursorRow, FullRow_PutsTheCursorIntoTheNext) {
  EXPECT_EQ(cursor_row(L"> 34567890", 10), 1U);
  EXPECT_EQ(cursor_row(std::wstring(29, L'x'), 10), 2U);
  EXPECT_EQ(cursor_row(std::wstring(30, L'x'), 10), 3U);
}

TEST_F(CursorRow, WideCharacter_IsNotBrokenAtTheEdge) {
  EXPECT_EQ(cursor_row(L"12345678日", 10), 1U);
  EXPECT_EQ(cursor_row(L"123456789日", 10), 1U);
  EXPECT_EQ(cursor_row(L"123456789日1234567", 10), 1U);
  EXPECT_EQ(cursor_row(L"123456789日12345678", 10), 2U);
}

TEST_F(CursorRow, ControlCharacters_TakeTheRoomOfTheirPictures) {
  EXPECT_EQ(cursor_row(L"1234567\x01", 10), 0U);
  EXPECT_EQ(cursor_row(L"12345678\x01", 10), 1U) << "^A";
  EXPECT_EQ(cursor_row(L"123456789\x01", 10), 1U) << "broken between ^ and A";
}

TEST_F(CursorRow, Tab_GoesToTheNextStopOrTheEdge) {
  EXPECT_EQ(cursor_row(L"1\t", 10), 0U);
  EXPECT_EQ(cursor_row(L"1\t2", 10), 0U);
  EXPECT_EQ(cursor_row(L"1\t\t", 10), 1U);
  EXPECT_EQ(cursor_row(L"1\t\t12345678", 20), 1U);
}

TEST(PlainOutput, Lines_AppearAsTheyAre) {
  char* written = nullptr;
  std::size_t size = 0;
  std::FILE* const file = open_memstream(&written, &size);
  PlainOutput output(file);
  output.set_prompt("> ");
  output.print("one");
  output.print("two\nthree");
  EXPECT_TRUE(output.flush());
  EXPECT_EQ(std::string(written, size), "one\ntwo\nthree\n");
  std::fclose(file);
  std::free(written);
}

TEST(PlainOutput, WhatNobodyReads_IsNoticed) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  std::FILE* const file = fdopen(ends[1], "w");
  PlainOutput output(file);
  output.print("lost");
  EXPECT_FALSE(output.flush());
  std::fclose(file);
  std::signal(SIGPIPE, before);
}

TEST(Terminal, WhatIsNoTerminal_IsNotUsable) {
  std::FILE* const null = std::fopen("/dev/null", "r+");
  ASSERT_NE(null, nullptr);
  EXPECT_FALSE(Terminal::is_usable(null, null));
  std::fclose(null);
}

}  // namespace
}  // namespace chat
