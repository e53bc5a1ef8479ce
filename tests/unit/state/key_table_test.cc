#include "runtime/state/key_table.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace weir::state {
namespace {

// Keys that share their home slot, so that probing and backward shifts are exercised.
Key key_of(uint64_t n) { return {(n % 7) << 61, n * 0x9e3779b97f4a7c15ULL}; }

struct Number {
  Number(int number = 0) : n(number) {}  // NOLINT(google-explicit-constructor): stands for an int
  operator int() const { return n; }     // NOLINT(google-explicit-constructor)
  void save(Writer& out) const { out.zigzag(n); }
  bool load(Reader& in) { return n = static_cast<int>(in.zigzag()), in.ok(); }
  int n;
};

struct Numbers : std::vector<int> {
  void save(Writer& out) const { out.varint(size()); }
};

TEST(KeyTable, AgreesWithAMapAndAListOverRandomOperations) {
  KeyTable<Number> table;
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
        const Number* found = table.find(key_of(k), step);
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
  KeyTable<Number> table;
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
  KeyTable<Numbers> table;
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
    const Numbers* found = table.peek(key_of(n));
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
  KeyTable<Number> table;
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
      const Number* found = table.peek(spread(asked));
      const auto known = model.find(asked);
      ASSERT_EQ(found != nullptr, known != model.end());
      if (found != nullptr) {
        ASSERT_EQ(*found, known->second);
      }
    }
    ASSERT_EQ(table.size(), model.size());
    for (const auto& [k, v] : model) {
      const Number* found = table.peek(spread(k));
      ASSERT_NE(found, nullptr) << phase;
      ASSERT_EQ(*found, v);
    }
  }
}

std::string saved(KeyTable<Number>& table) {
  Writer out;
  table.begin_copy();
  EXPECT_TRUE(table.copy_some(UINT32_MAX));
  table.end_copy(out);
  return out.take();
}

// One random change of a table: an update, a touch, an erasure of any kind.
void change(KeyTable<Number>& table, std::mt19937& random, uint64_t clock, uint64_t keys) {
  const Key key = key_of(random() % keys);
  switch (random() % 6) {
    case 0:
    case 1:
      table.find_or_add(key, clock) = static_cast<int>(clock);
      break;
    case 2:
      if (Number* found = table.find(key, clock)) ++found->n;
      break;
    case 3:
      table.erase(key);
      break;
    case 4:
      if (!table.empty() && random() % 2 == 0) table.erase_oldest();
      break;
    case 5:
      table.sweep(3, [](const Number& v) { return v.n % 5 == 0; });
      break;
  }
}

// Growth, shrinking, holes and orders of every kind, from one entry to several chunks.
TEST(KeyTable, ACopyIsAsOfItsBeginningWhateverChanges) {
  std::mt19937 random(11);
  uint64_t clock = 0;
  for (int round = 0; round < 400; ++round) {
    KeyTable<Number> table;
    const uint64_t keys = 1 + random() % 1500;
    for (uint64_t i = 0; i < keys; ++i) table.find_or_add(key_of(i), ++clock) = static_cast<int>(clock);
    for (uint64_t i = random() % (keys + 1); i > 0; --i) change(table, random, ++clock, keys);
    const std::string before = saved(table);
    table.begin_copy();
    bool done = table.copy_some(random() % 3);
    for (uint64_t i = random() % (2 * keys); i > 0; --i) {
      change(table, random, ++clock, keys + 200);
      if (random() % 100 == 0) done = table.copy_some(1);
    }
    while (!done) done = table.copy_some(1);
    Writer out;
    table.end_copy(out);
    ASSERT_EQ(out.bytes(), before) << round;

    KeyTable<Number> loaded;
    Reader in(out.bytes());
    ASSERT_TRUE(loaded.load(in)) << in.failure();
    ASSERT_EQ(in.left(), 0u);
    ASSERT_EQ(saved(loaded), before) << round;
  }
}

TEST(KeyTable, KeysInNoOrderAreRefused) {
  KeyTable<Number> table;
  for (uint64_t n = 0; n < 5; ++n) table.find_or_add(key_of(n), n + 1) = static_cast<int>(n);
  const std::string good = saved(table);
  int refused = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (const char bits : {1, 2, 4, 8}) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ bits);
      KeyTable<Number> loaded;
      Reader in(bytes, 1 << 20);
      if (!loaded.load(in)) {
        ++refused;
        continue;
      }
      uint64_t clock = 100;
      while (!loaded.empty()) loaded.erase_oldest(), ++clock;  // whole: every key is reached
    }
  }
  EXPECT_GT(refused, 40);
}

TEST(KeyTable, SweepReachesEveryEntry) {
  KeyTable<Number> table;
  for (uint64_t n = 0; n < 1000; ++n) table.find_or_add(key_of(n), n + 1) = static_cast<int>(n);
  for (int i = 0; i < 600; ++i) table.sweep(4, [](int v) { return v % 3 == 0; });
  EXPECT_EQ(table.size(), 666u);
  table.for_each([](const Key&, int v) { EXPECT_NE(v % 3, 0); });
}

}  // namespace
}  // namespace weir::state
