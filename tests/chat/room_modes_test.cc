#include "chat/room_modes.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "chat/limits.h"

namespace chat {
namespace {

// "+o alice -k".
std::string read(std::string_view text) {
  std::string read;
  ModeReader reader(text);
  while (const std::optional<ModeChange> change = reader.next()) {
    read += change->adds ? " +" : " -";
    read += change->letter;
    read += change->parameter ? " " + std::string(*change->parameter) : "";
  }
  return read.empty() ? read : read.substr(1);
}

TEST(RoomModes, NewRoom_TakesNothingFromOutside) { EXPECT_EQ(RoomModes().describe(true), "+n"); }

TEST(RoomModes, Description_HasLettersThenTheirParameters) {
  RoomModes modes;
  for (const char letter : {'t', 's', 'm', 'i'}) {
    *modes.flag(letter) = true;
  }
  modes.key = "secret";
  modes.members_max = 20;
  EXPECT_EQ(modes.describe(true), "+imnstkl secret 20");
  EXPECT_EQ(modes.describe(false), "+imnstkl * 20");
  modes = RoomModes();
  modes.is_for_members = false;
  EXPECT_EQ(modes.describe(true), "+");
}

TEST(RoomModes, Letters_NameWhatTheySay) {
  RoomModes modes;
  EXPECT_EQ(modes.flag('i'), &modes.is_for_invited);
  EXPECT_EQ(modes.flag('m'), &modes.is_moderated);
  EXPECT_EQ(modes.flag('n'), &modes.is_for_members);
  EXPECT_EQ(modes.flag('s'), &modes.is_secret);
  EXPECT_EQ(modes.flag('t'), &modes.is_topic_locked);
  EXPECT_EQ(modes.masks('b'), &modes.bans);
  EXPECT_EQ(modes.masks('e'), &modes.exceptions);
  EXPECT_EQ(modes.masks('I'), &modes.invite_exceptions);
  for (const char letter : {'k', 'l', 'o', 'v', 'x', 'N'}) {
    EXPECT_EQ(modes.flag(letter), nullptr) << letter;
    EXPECT_EQ(modes.masks(letter), nullptr) << letter;
  }
}

TEST(RoomModes, Key_IsOneWordAndOneItem) {
  EXPECT_TRUE(is_room_key("secret:42="));
  EXPECT_TRUE(is_room_key(std::string(kRoomKeyBytesMax, 'k')));
  for (const std::string& key :
       {std::string(), std::string("a b"), std::string("a,b"), std::string(":a"),
        std::string("a\n"), std::string("\xC3\xA9"), std::string(kRoomKeyBytesMax + 1, 'k')}) {
    EXPECT_FALSE(is_room_key(key)) << key;
  }
}

TEST(ModeReader, Parameters_GoToTheLettersThatHaveThem) {
  EXPECT_EQ(read("+o-k+ns-l+l alice secret 20"), "+o alice -k secret +n +s -l +l 20");
  EXPECT_EQ(read("ov bob carol"), "+o bob +v carol");
  EXPECT_EQ(read("+b"), "+b");
  EXPECT_EQ(read("b-b x"), "+b x -b");
  EXPECT_EQ(read("-k"), "-k");
  EXPECT_EQ(read("x?o alice"), "+x +? +o alice");
}

TEST(ModeReader, Spaces_MakeNoParameters) {
  EXPECT_EQ(read("  +ov   alice   bob  "), "+o alice +v bob");
  EXPECT_EQ(read("+o "), "+o");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("   "), "");
  EXPECT_EQ(read("+-+"), "");
}

TEST(ModeText, SaysWhatWasChangedAndNoMore) {
  ModeText text;
  EXPECT_TRUE(text.empty());
  text.add(true, 'o', "alice");
  text.add(true, 'n');
  text.add(false, 'k', "*");
  text.add(false, 's');
  text.add(true, 't');
  EXPECT_EQ(text.text(), "+on-ks+t alice *");
}

RoomState example() {
  RoomState state;
  state.made_unix_ms = 1234;
  state.operators = {"Alice", "bob"};
  state.voices = {"_x-1"};
  state.modes.is_secret = true;
  state.modes.is_for_members = false;
  state.modes.key = "k=e=y";
  state.modes.members_max = 20;
  state.modes.bans = {{"*!*@a=b", "Alice", 5000}, {"x!*@*", "bob", 6000}};
  state.modes.exceptions = {{"y!*@*", "bob", 1}};
  state.modes.invite_exceptions = {{"z!?@*", "bob", 2}};
  return state;
}

TEST(RoomStateText, IsReadAsItWasWritten) {
  EXPECT_EQ(read_room_state(write_room_state(example())), example());
  RoomState bare;
  bare.modes.is_for_members = false;
  EXPECT_EQ(read_room_state(write_room_state(bare)), bare);
  EXPECT_EQ(read_room_state(write_room_state(RoomState())), RoomState());
  EXPECT_EQ(write_room_state(example()).find('\n'), std::string::npos);
}

TEST(RoomStateText, WhatCannotBe_IsLeftOut) {
  const RoomState nothing;
  for (const char* text :
       {"", " ", "x", "=", "k=", "k=a,b", "l=-5", "l=x", "o=", "o=a:b", "b=", "b=bob,Alice,5",
        "b=bob!*@*", "b=bob!*@*,,5", "b=a b!*@*,x,5", "q=7", "t=99999999999999999999"}) {
    EXPECT_EQ(read_room_state(text), nothing) << text;
  }
  EXPECT_EQ(read_room_state("zz=1 o=Alice o=:: v=bob").operators,
            std::vector<std::string>{"Alice"});
}

TEST(RoomStateText, AnyBytes_AreReadAndWhatWasReadIsWrittenTheSame) {
  const char* const only = std::getenv("CHAT_STATE_SEED");
  std::mt19937 random(only == nullptr ? 1 : static_cast<std::uint32_t>(std::atoi(only)));
  const std::string whole = write_room_state(example());
  for (int i = 0; i < 5000; ++i) {
    std::string text = whole.substr(0, random() % (whole.size() + 1));
    for (std::size_t changes = random() % 5; changes > 0 && !text.empty(); --changes) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    const RoomState state = read_room_state(text);
    ASSERT_EQ(read_room_state(write_room_state(state)), state) << text;
  }
}

}  // namespace
}  // namespace chat
