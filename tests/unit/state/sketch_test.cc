// Sketches against exact computation, and that the order of values does not show.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "runtime/state/frequency_table.h"
#include "runtime/state/hyperloglog.h"
#include "runtime/state/quantile_sketch.h"
#include "runtime/value/operations.h"
#include "tests/unit/state/store_driver.h"

namespace weir::state {
namespace {

using value::Value;

TEST(HyperLogLog, StaysWithinThreeStandardErrors) {
  std::mt19937_64 random(1);
  for (int n : {10, 100, 2000, 10'000, 100'000, 1'000'000}) {
    HyperLogLog sketch;
    for (int i = 0; i < n; ++i) sketch.add(random());
    EXPECT_NEAR(sketch.estimate(), n, 3 * 0.01625 * n + 1) << n;
  }
}

TEST(QuantileSketch, KeepsItsRelativeErrorInAnyOrderAndMerged) {
  std::mt19937 random(2);
  std::lognormal_distribution<double> large(3, 2);
  std::vector<double> values;
  for (int i = 0; i < 20'000; ++i) values.push_back((i % 3 == 0 ? -1 : 1) * large(random));
  for (int i = 0; i < 100; ++i) values.push_back(0);
  QuantileSketch forward, backward, first_half, second_half;
  for (size_t i = 0; i < values.size(); ++i) {
    forward.add(values[i]);
    backward.add(values[values.size() - 1 - i]);
    (i % 2 ? first_half : second_half).add(values[i]);
  }
  first_half.merge(second_half);
  std::sort(values.begin(), values.end());
  for (double q : {0.0, 0.01, 0.2, 0.331, 0.5, 0.9, 0.99, 1.0}) {
    const double exact = values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
    EXPECT_NEAR(forward.quantile(q), exact, 0.0100001 * std::abs(exact)) << q;
    EXPECT_EQ(forward.quantile(q), backward.quantile(q));
    EXPECT_EQ(forward.quantile(q), first_half.quantile(q));
  }
}

TEST(FrequencyTable, IsExactBelowItsCapAndBoundsItsErrorAbove) {
  for (uint64_t distinct : {5u, 17u, 1000u, 1024u, 5000u}) {
    FrequencyTable table;
    std::map<uint64_t, uint64_t> exact;
    std::mt19937_64 random(distinct);
    for (int i = 0; i < 100'000; ++i) {
      const double u = static_cast<double>(random() % 1'000'000) / 1e6;
      const auto value = static_cast<uint64_t>(u * u * u * static_cast<double>(distinct)) * 0x9e3779b97f4a7c15ULL + 1;
      bool evicts;
      table.add(value, 1, &evicts);
      ++exact[value];
    }
    EXPECT_EQ(table.total(), 100'000u);
    for (size_t i = 0; i < table.size(); ++i) {
      const uint64_t truth = exact[table.hash(i)];
      EXPECT_GE(table.count(i), truth);
      EXPECT_LE(table.count(i), truth + (distinct <= 1024 ? 0 : table.total() / FrequencyTable::kTracked));
    }
    EXPECT_EQ(table.size(), std::min<size_t>(exact.size(), FrequencyTable::kTracked));
  }
}

struct Store {
  Store(ir::Aggregation a, types::Kind kind, double param) {
    feature.aggregation = a;
    feature.value_kind = kind;
    feature.param = param;
    feature.window = {ir::WindowKind::kDuration, 60, 1, 0, false};
    store.store = make_feature_store(feature);
  }
  Value read(int64_t t) { return store.read(key, t, arena); }
  ir::Feature feature;
  StoreDriver store{nullptr};
  value::Arena arena;
  Key key = make_key(Value::string("k"));
};

TEST(Top, OrdersByFrequencyThenByValueOverPanes) {
  Store s(ir::Aggregation::kTopK, types::Kind::kList, 3);
  EXPECT_TRUE(s.read(0).is_missing());
  const char* words[] = {"b", "a", "c", "b", "d", "c", "a"};
  for (int64_t t = 0; const char* w : words) s.store.add(s.key, t++, Value::string(w));
  EXPECT_EQ(value::to_literal(s.read(6)), R"(["a", "b", "c"])");
  s.store.add(s.key, 7, Value::string("d"));
  s.store.add(s.key, 7, Value::string("d"));
  EXPECT_EQ(value::to_literal(s.read(7)), R"(["d", "a", "b"])");
  EXPECT_EQ(value::to_literal(s.read(64)), R"(["d", "a", "c"])");  // panes 5 to 64: c, a, d, d
}

TEST(Entropy, OfEqualAndOfSkewedFrequencies) {
  Store s(ir::Aggregation::kEntropy, types::Kind::kDouble, 0);
  EXPECT_TRUE(s.read(0).is_missing());
  s.store.add(s.key, 0, Value::string("a"));
  EXPECT_EQ(s.read(0).d, 0);
  for (const char* w : {"b", "c", "d"}) s.store.add(s.key, 1, Value::string(w));
  EXPECT_EQ(s.read(1).d, 2);
  for (int i = 0; i < 4; ++i) s.store.add(s.key, 2, Value::string("a"));
  // a: 5/8, others 1/8
  EXPECT_NEAR(s.read(2).d, -(5.0 / 8 * std::log2(5.0 / 8) + 3 * (1.0 / 8 * std::log2(1.0 / 8))), 1e-12);
  Store many(ir::Aggregation::kEntropy, types::Kind::kDouble, 0);
  for (int64_t i = 0; i < 4096; ++i) many.store.add(many.key, i % 60, Value::integer(i));
  EXPECT_NEAR(many.read(59).d, 12, 1e-9);  // beyond the cap, unique values still count as such
}

TEST(Quantile, OverPanes) {
  Store s(ir::Aggregation::kQuantile, types::Kind::kDouble, 0.5);
  EXPECT_TRUE(s.read(0).is_missing());
  for (int64_t i = 1; i <= 60; ++i) s.store.add(s.key, i - 1, Value::integer(i));
  EXPECT_NEAR(s.read(59).d, 30, 0.3);
  EXPECT_NEAR(s.read(59 + 40).d, 50, 0.5);  // 41 to 60 are left
}

TEST(Text, ReadOfTwoKeysStaysValid) {
  Store s(ir::Aggregation::kMax, types::Kind::kString, 0);
  const Key other = make_key(Value::string("other"));
  for (int64_t t = 0; t < 3; ++t) {
    s.store.add(s.key, t, Value::string("mine"));
    s.store.add(other, t, Value::string("theirs"));
  }
  const Value mine = s.read(2);
  const Value theirs = s.store.read(other, 2, s.arena);
  EXPECT_EQ(mine.str(), "mine");
  EXPECT_EQ(theirs.str(), "theirs");
}

}  // namespace
}  // namespace weir::state
