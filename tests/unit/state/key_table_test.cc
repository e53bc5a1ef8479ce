#include "runtime/state/key_table.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>

namespace weir::state {
namespace {

// Keys that share their home slot, so that probing and backward shifts are exercised.
Key key_of(uint64_t n) { return {(n % 7) << 61, n * 0x9e3779b97f4a7c15ULL}; }

TEST(KeyTable, AgreesWithAMapAndAListOverRandomOperations) {
  KeyTable<int> table;
  std::map<uint64_t, int> model;
  std::list<uint64_t> order;  // least recently touched first
  std::mt19937 random(3);
  const auto touch = [&](uint64_t k) {
    order.remove(k);
    order.push_back(k);
  };
  for (uint64_t step = 1; step < 30000; ++step) {
    const uint64_t k = random() % 300;
    switch (random() % 4) {
      case 0:
        table.find_or_add(key_of(k), step) = static_cast<int>(step);
        model[k] = static_cast<int>(step);
        touch(k);
        break;
      case 1: {
        const int* found = table.find(key_of(k), step);
        ASSERT_EQ(found != nullptr, model.count(k) == 1);
        if (found != nullptr) {
          ASSERT_EQ(*found, model[k]);
          touch(k);
        }
        break;
      }
      case 2:
        ASSERT_EQ(table.erase(key_of(k)), model.erase(k) == 1);
        order.remove(k);
        break;
      case 3:
        if (step % 3 == 0 && !table.empty()) {
          ASSERT_EQ(table.oldest().key, key_of(order.front()));
          table.erase_oldest();
          model.erase(order.front());
          order.pop_front();
        }
        break;
    }
    ASSERT_EQ(table.size(), model.size());
  }
  auto next = order.begin();
  table.for_each([&](const Key& key, int) { EXPECT_EQ(key, key_of(*next++)); });
}

}  // namespace
}  // namespace weir::state
