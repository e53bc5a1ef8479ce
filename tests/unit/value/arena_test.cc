#include "runtime/value/arena.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace weir::value {
namespace {

TEST(Arena, AlignsAndCopies) {
  Arena arena;
  EXPECT_NE(arena.allocate(0), nullptr);
  EXPECT_NE(arena.copy(""), nullptr);
  const char* text = arena.copy("abc");
  ASSERT_NE(text, nullptr);
  EXPECT_EQ(std::string_view(text, 3), "abc");
  for (size_t bytes : {1, 15, 16, 17, 100000}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.allocate(bytes)) % 16, 0u) << bytes;
  }
}

TEST(Arena, StopsAtItsBudgetAndRecovers) {
  Arena arena(size_t{1} << 20);
  size_t allocated = 0;
  while (arena.allocate(size_t{100} << 10) != nullptr) allocated += size_t{100} << 10;
  EXPECT_GE(allocated, size_t{800} << 10);
  EXPECT_LE(arena.bytes_used(), size_t{1} << 20);
  EXPECT_EQ(arena.allocate(SIZE_MAX / 2), nullptr);
  arena.reset();
  EXPECT_EQ(arena.bytes_used(), 0u);
  EXPECT_NE(arena.allocate(size_t{500} << 10), nullptr);
}

TEST(Arena, ReusesItsBlocks) {
  Arena arena;
  void* first = arena.allocate(100);
  arena.allocate(size_t{100} << 10);
  arena.reset();
  EXPECT_EQ(arena.allocate(100), first);
}

}  // namespace
}  // namespace weir::value
