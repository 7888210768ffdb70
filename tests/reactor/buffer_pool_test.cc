#include "reactor/buffer_pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace reactor {
namespace {

TEST(BufferPool, Borrow_GivesTheSmallestPowerOfTwoThatFits) {
  BufferPool pool;
  for (const auto& [bytes, capacity] :
       std::vector<std::pair<std::size_t, std::size_t>>{{0, 512},
                                                        {1, 512},
                                                        {512, 512},
                                                        {513, 1024},
                                                        {1024, 1024},
                                                        {1025, 2048},
                                                        {65537, 131072}}) {
    const Block block = pool.borrow(bytes);
    EXPECT_EQ(block.capacity, capacity) << bytes << " bytes wanted";
    EXPECT_EQ(pool.bytes_lent(), capacity);
    pool.give_back(block);
  }
  EXPECT_EQ(pool.bytes_lent(), 0U);
}

TEST(BufferPool, ReturnedBlock_IsLentAgain) {
  BufferPool pool;
  const Block first = pool.borrow(700);
  pool.give_back(first);
  EXPECT_EQ(pool.bytes_kept(), 1024U);
  const Block other_size = pool.borrow(100);
  const Block same_size = pool.borrow(1000);
  EXPECT_EQ(same_size.data, first.data);
  EXPECT_NE(other_size.data, first.data);
  EXPECT_EQ(pool.bytes_kept(), 0U);
  EXPECT_EQ(pool.bytes_lent(), 1536U);
  pool.give_back(same_size);
  pool.give_back(other_size);
}

TEST(BufferPool, Trim_KeepsWhatWasNeededSinceTheLastOne) {
  BufferPool pool;
  std::vector<Block> blocks(10);
  for (Block& block : blocks) {
    block = pool.borrow(512);
  }
  for (const Block& block : blocks) {
    pool.give_back(block);
  }
  pool.trim();
  EXPECT_EQ(pool.bytes_kept(), 10U * 512) << "all ten were lent at once since the start";

  const Block one = pool.borrow(512);
  const Block two = pool.borrow(512);
  pool.give_back(one);
  pool.trim();
  EXPECT_EQ(pool.bytes_kept(), 512U) << "two were needed, one of them still is";
  pool.give_back(two);
  EXPECT_EQ(pool.bytes_kept(), 2U * 512);
}

TEST(BufferPool, TwoQuietIntervals_FreeEverything) {
  BufferPool pool;
  pool.give_back(pool.borrow(512));
  pool.give_back(pool.borrow(100'000));
  pool.trim();
  EXPECT_EQ(pool.bytes_kept(), 512U + 131'072U);
  pool.trim();
  EXPECT_EQ(pool.bytes_kept(), 0U);
}

TEST(BufferPool, Trim_TouchesNoLentBlock) {
  BufferPool pool;
  const Block block = pool.borrow(512);
  pool.trim();
  pool.trim();
  EXPECT_EQ(pool.bytes_lent(), 512U);
  block.data[511] = 'x';
  pool.give_back(block);
}

TEST(BufferPoolDeathTest, BlockReturnedTwice_Aborts) {
  BufferPool pool;
  const Block block = pool.borrow(512);
  pool.give_back(block);
  EXPECT_DEATH(pool.give_back(block), "a block is returned twice");
}

TEST(BufferPoolDeathTest, MoreThanTheLargestBlock_Aborts) {
  BufferPool pool;
  EXPECT_DEATH(pool.borrow(std::size_t{BufferPool::kBlockBytesMax} + 1), "no block is that large");
}

}  // namespace
}  // namespace reactor
