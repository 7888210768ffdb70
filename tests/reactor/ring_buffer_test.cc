#include "reactor/ring_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "reactor/buffer_pool.h"

namespace reactor {
namespace {

std::string content(const RingBuffer& ring) {
  std::string bytes(ring.size(), '\0');
  ring.copy_to(bytes.data());
  return bytes;
}

std::string joined_parts(const RingBuffer& ring) {
  std::string bytes;
  for (const std::string_view part : ring.parts()) {
    bytes += part;
  }
  return bytes;
}

TEST(RingBuffer, Empty_OwnsNoBlock) {
  BufferPool pool;
  const RingBuffer ring(pool);
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.capacity(), 0U);
  EXPECT_EQ(joined_parts(ring), "");
  EXPECT_EQ(pool.bytes_lent(), 0U);
}

TEST(RingBuffer, AppendOfNothing_BorrowsNothing) {
  BufferPool pool;
  RingBuffer ring(pool);
  ring.append("");
  EXPECT_EQ(pool.bytes_lent(), 0U);
}

TEST(RingBuffer, LastByteConsumed_ReturnsTheBlock) {
  BufferPool pool;
  RingBuffer ring(pool);
  ring.append("hello");
  EXPECT_EQ(pool.bytes_lent(), BufferPool::kBlockBytesMin);
  ring.consume(4);
  EXPECT_EQ(pool.bytes_lent(), BufferPool::kBlockBytesMin);
  ring.consume(1);
  EXPECT_EQ(pool.bytes_lent(), 0U);
  EXPECT_EQ(pool.bytes_kept(), BufferPool::kBlockBytesMin);
}

TEST(RingBuffer, Destroyed_ReturnsTheBlock) {
  BufferPool pool;
  { RingBuffer(pool).append("left behind"); }
  EXPECT_EQ(pool.bytes_lent(), 0U);
}

TEST(RingBuffer, WrappedContent_ComesInTwoPartsInOrder) {
  BufferPool pool;
  RingBuffer ring(pool);
  ring.append(std::string(500, 'a'));
  ring.consume(490);
  ring.append("0123456789ABCDEF");
  EXPECT_EQ(ring.parts()[0], std::string(10, 'a') + "0123456789AB");
  EXPECT_EQ(ring.parts()[1], "CDEF");
  EXPECT_EQ(content(ring), std::string(10, 'a') + "0123456789ABCDEF");
}

TEST(RingBuffer, GrowsWhileWrapped_KeepsTheOrder) {
  BufferPool pool;
  RingBuffer ring(pool);
  ring.append(std::string(500, 'a'));
  ring.consume(490);
  ring.append("0123456789ABCDEF");
  ring.append(std::string(1000, 'z'));
  EXPECT_EQ(ring.capacity(), 2048U);
  EXPECT_EQ(content(ring), std::string(10, 'a') + "0123456789ABCDEF" + std::string(1000, 'z'));
  EXPECT_EQ(pool.bytes_lent(), 2048U) << "the smaller block went back";
}

TEST(RingBuffer, FilledToTheLastByte_DoesNotGrow) {
  BufferPool pool;
  RingBuffer ring(pool);
  ring.append(std::string(512, 'x'));
  EXPECT_EQ(ring.capacity(), 512U);
  ring.consume(200);
  ring.append(std::string(200, 'y'));
  EXPECT_EQ(ring.capacity(), 512U);
  EXPECT_EQ(content(ring), std::string(312, 'x') + std::string(200, 'y'));
}

TEST(RingBuffer, RandomAppendsAndConsumes_BehaveLikeAString) {
  BufferPool pool;
  RingBuffer ring(pool);
  std::string model;
  std::mt19937 random(20'221'122);
  char next = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t size_max = model.size() > 8'000 ? 100 : 700;
    if (random() % 2 == 0) {
      std::string bytes(random() % size_max, '\0');
      for (char& byte : bytes) {
        byte = next++;
      }
      ring.append(bytes);
      model += bytes;
    } else {
      const std::size_t count = random() % (model.size() + 1);
      ring.consume(count);
      model.erase(0, count);
    }
    ASSERT_EQ(ring.size(), model.size());
    ASSERT_EQ(joined_parts(ring), model) << "step " << step;
    ASSERT_EQ(content(ring), model) << "step " << step;
    ASSERT_EQ(pool.bytes_lent(), ring.capacity());
    ASSERT_EQ(ring.capacity() == 0, model.empty());
  }
}

TEST(RingBufferDeathTest, ConsumingMoreThanThereIs_Aborts) {
  BufferPool pool;
  RingBuffer ring(pool);
  ring.append("abc");
  EXPECT_DEATH(ring.consume(4), "more is consumed than there is");
}

}  // namespace
}  // namespace reactor
