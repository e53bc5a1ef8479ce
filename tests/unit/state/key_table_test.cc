#include "runtime/state/key_table.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>
#include <vector>

namespace weir::state {
namespace {

// Keys that share their home slot, so that probing and backward shifts are exercised.
Key key_of(uint64_t n) { return {(n % 7) << 61, n * 0x9e3779b97f4a7c15ULL}; }

TEST(KeyTable, AgreesWithAMapAndAListOverRandomOperations) {
  KeyTable<int> table;
  std::map<uint64_t, int> model;
  std::list<uint64_t> order;  // least recently touched first, as noted
  std::map<uint64_t, uint64_t> noted;
  std::mt19937 random(3);
  const auto touch = [&](uint64_t k, uint64_t clock) {
    const bool known = noted.count(k) == 1;
    if (known && clock - noted[k] < (clock - noted[order.front()]) / 4) return;
    if (known) order.remove(k);
    order.push_back(k);
    noted[k] = clock;
  };
  for (uint64_t step = 1; step < 30000; ++step) {
    const uint64_t k = random() % 300;
    switch (random() % 4) {
      case 0:
        table.find_or_add(key_of(k), step) = static_cast<int>(step);
        model[k] = static_cast<int>(step);
        touch(k, step);
        break;
      case 1: {
        const int* found = table.find(key_of(k), step);
        ASSERT_EQ(found != nullptr, model.count(k) == 1);
        if (found != nullptr) {
          ASSERT_EQ(*found, model[k]);
          touch(k, step);
        }
        break;
      }
      case 2:
        ASSERT_EQ(table.erase(key_of(k)), model.erase(k) == 1);
        order.remove(k);
        noted.erase(k);
        break;
      case 3:
        if (step % 3 == 0 && !table.empty()) {
          ASSERT_EQ(table.oldest().key, key_of(order.front()));
          table.erase_oldest();
          model.erase(order.front());
          noted.erase(order.front());
          order.pop_front();
        }
        break;
    }
    ASSERT_EQ(table.size(), model.size());
  }
  auto next = order.begin();
  table.for_each([&](const Key& key, int) { EXPECT_EQ(key, key_of(*next++)); });
}

TEST(KeyTable, AKeyTouchedEachThreeQuartersOfItsAgeStaysAndOthersGoInOrder) {
  KeyTable<int> table;
  uint64_t clock = 0;
  table.find_or_add(key_of(0), ++clock);
  constexpr uint64_t kRoom = 1000;
  for (uint64_t n = 1; n <= 20 * kRoom; ++n) {
    table.find_or_add(key_of(n), ++clock);
    if (n % (kRoom * 7 / 10) == 0) {
      ASSERT_NE(table.find(key_of(0), ++clock), nullptr);
    }
    if (table.size() > kRoom) table.erase_oldest();
  }
  EXPECT_NE(table.peek(key_of(0)), nullptr);
  uint64_t last = 0;
  table.for_each_entry([&](const auto& entry) {
    EXPECT_LE(last, entry.touched);
    last = entry.touched;
  });
}

TEST(KeyTable, GivesMemoryBackWhenItShrinksAndKeepsEveryKey) {
  KeyTable<std::vector<int>> table;
  constexpr uint64_t kKeys = 20'000;
  for (uint64_t n = 0; n < kKeys; ++n) table.find_or_add(key_of(n), n + 1).assign(3, static_cast<int>(n));
  const size_t full = table.bytes();
  for (uint64_t n = 0; n < kKeys; ++n) {
    if (n % 50 != 0) {
      ASSERT_TRUE(table.erase(key_of(n)));
    }
  }
  EXPECT_EQ(table.size(), kKeys / 50);
  EXPECT_LT(table.bytes(), full / 25);
  for (uint64_t n = 0; n < kKeys; n += 50) {
    const std::vector<int>* found = table.peek(key_of(n));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found, std::vector<int>(3, static_cast<int>(n)));
  }
  uint64_t next = 0;
  table.for_each([&](const Key& key, const auto&) { EXPECT_EQ(key, key_of(50 * next++)); });
  EXPECT_EQ(next, kKeys / 50);
}

// Large enough that an index is replaced step by step, both ways, while keys are found, come and go.
TEST(KeyTable, FindsEveryKeyWhileItsIndexIsReplaced) {
  const auto spread = [](uint64_t n) {
    n *= 0x9e3779b97f4a7c15ULL;
    n ^= n >> 29;
    return Key{n * 0xbf58476d1ce4e5b9ULL, n};
  };
  KeyTable<int> table;
  std::map<uint64_t, int> model;
  std::mt19937 random(4);
  uint64_t clock = 0;
  for (int phase = 0; phase < 6; ++phase) {
    const bool grows = phase % 2 == 0;
    for (int i = 0; i < 60'000; ++i) {
      const uint64_t k = random() % 40'000;
      if (random() % 10 < (grows ? 9u : 1u)) {
        table.find_or_add(spread(k), ++clock) = i;
        model[k] = i;
      } else {
        ASSERT_EQ(table.erase(spread(k)), model.erase(k) == 1);
      }
      const uint64_t asked = random() % 40'000;
      const int* found = table.peek(spread(asked));
      const auto known = model.find(asked);
      ASSERT_EQ(found != nullptr, known != model.end());
      if (found != nullptr) {
        ASSERT_EQ(*found, known->second);
      }
    }
    ASSERT_EQ(table.size(), model.size());
    for (const auto& [k, v] : model) {
      const int* found = table.peek(spread(k));
      ASSERT_NE(found, nullptr) << phase;
      ASSERT_EQ(*found, v);
    }
  }
}

TEST(KeyTable, SweepReachesEveryEntry) {
  KeyTable<int> table;
  for (uint64_t n = 0; n < 1000; ++n) table.find_or_add(key_of(n), n + 1) = static_cast<int>(n);
  for (int i = 0; i < 600; ++i) table.sweep(4, [](int v) { return v % 3 == 0; });
  EXPECT_EQ(table.size(), 666u);
  table.for_each([](const Key&, int v) { EXPECT_NE(v % 3, 0); });
}

}  // namespace
}  // namespace weir::state
