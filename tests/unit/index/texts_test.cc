// Parts of texts, and texts by number.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "runtime/index/part_search.h"
#include "runtime/index/text_numbers.h"
#include "runtime/index/text_table.h"

namespace weir::index {
namespace {

TEST(PartSearch, FindsWhatStringFindFinds) {
  std::mt19937_64 random(5);
  const auto text = [&](size_t most) {
    std::string out(random() % (most + 1), 'a');
    for (char& c : out) c = static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string in = text(i % 100 == 0 ? 5000 : 70), part = text(9);
    ASSERT_EQ(contains_part(in, part), in.find(part) != std::string::npos) << in << ' ' << part;
  }
}

// Lengths on both sides of what the ends of a text tell.
std::string text_of(size_t length, char middle) {
  std::string out(length, 'x');
  if (length > 0) out[length / 2] = middle;
  return out;
}

TEST(TextNumbers, TellsTextsApart) {
  TextNumbers numbers;
  TextTable table;
  for (int round = 0; round < 2; ++round) {
    size_t expected = 0;
    for (size_t length = 1; length <= TextNumbers::kMaxSize; ++length) {
      for (char middle : {'a', 'b'}) {
        EXPECT_EQ(numbers.number_of(text_of(length, middle)), expected++);
        if (round == 0) EXPECT_EQ(table.add(text_of(length, middle)), expected);
      }
    }
    if (round == 0) table.build();
  }
  EXPECT_EQ(numbers.size(), TextNumbers::kMax);
  EXPECT_EQ(numbers.number_of("one too many"), std::nullopt);
  EXPECT_EQ(numbers.number_of(text_of(TextNumbers::kMaxSize + 1, 'a')), std::nullopt);
  for (size_t length = 1; length <= TextNumbers::kMaxSize; ++length) {
    EXPECT_EQ(table.find(text_of(length, 'a')), 2 * length - 1);
    EXPECT_EQ(table.find(text_of(length, 'c')), 0u);
  }
}

}  // namespace
}  // namespace weir::index
