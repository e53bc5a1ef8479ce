// Every aggregation over every kind of window against a naive model that keeps all raw events.
#include "runtime/state/feature_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "tests/unit/state/reference_model.h"
#include "tests/unit/state/store_driver.h"

namespace weir::state {
namespace {

using ir::Aggregation;
using model::agrees;
using model::all;
using model::as_double;
using model::Case;
using model::exact;
using model::last;
using model::Model;
using model::panes;
using model::session;
using value::Value;

void run(const Case& c, uint32_t seed, bool disorder) {
  ir::Feature feature;
  feature.aggregation = c.aggregation;
  feature.value_kind = c.kind;
  feature.window = c.window;
  feature.param = c.param;
  StoreDriver store(make_feature_store(feature));
  ASSERT_NE(store.store, nullptr);
  value::Arena arena;
  std::mt19937 random(seed);
  std::map<int, Model> models;
  const int64_t lateness = disorder ? 30 : 0;
  int64_t now = -500, newest = INT64_MIN + 1;  // crosses the epoch: floor, not truncation
  uint64_t late = 0;
  for (int step = 0; step < 3000; ++step) {
    const bool jump = random() % 100 == 0;
    now += jump ? static_cast<int64_t>(random() % 500) : static_cast<int64_t>(random() % 4);  // ties too
    const int64_t t = disorder ? now - static_cast<int64_t>(random() % (random() % 10 == 0 ? 200 : 20)) : now;
    newest = std::max(newest, t);
    const int64_t horizon = newest - lateness;
    const int key = static_cast<int>(random() % 5);
    Value v = c.kind == types::Kind::kDouble ? Value::dbl(static_cast<double>(random() % 1000) / 7.0)
                                             : Value::integer(static_cast<int64_t>(random() % 50));
    store.advance(static_cast<uint64_t>(step) + 1, horizon);
    Model& model = models.try_emplace(key, c).first->second;
    const Added added = store.add(make_key(Value::integer(key)), t, v);
    ASSERT_EQ(added == Added::kAdded, model.add(horizon, t, v)) << "step " << step;
    late += added == Added::kLate;
    const int other = static_cast<int>(random() % 6);
    for (int k : {key, other}) {
      std::optional<Value> expected;
      if (auto it = models.find(k); it != models.end()) expected = it->second.read(horizon, t);
      const Value got = store.read(make_key(Value::integer(k)), t, arena);
      if (expected) {
        ASSERT_TRUE(agrees(c, got, *expected))
            << "step " << step << " got " << (got.ok() ? value::to_literal(got) : "missing") << " expected "
            << value::to_literal(*expected);
      } else if (c.aggregation == Aggregation::kCount || c.aggregation == Aggregation::kSum ||
                 c.aggregation == Aggregation::kDistinct) {
        ASSERT_EQ(as_double(got), 0) << "step " << step;
        ASSERT_TRUE(got.ok());
      } else {
        ASSERT_TRUE(got.is_missing()) << "step " << step;
      }
    }
  }
  if (disorder && c.window.kind == ir::WindowKind::kDuration && c.window.nanos < 200) {
    EXPECT_GT(late, 0u);
  }
  EXPECT_EQ(static_cast<ptrdiff_t>(store.bytes()), store.access.grown);
  while (store.keys() > 0) store.store->evict_oldest(0);
  EXPECT_LT(store.bytes(), 1000u) << "heap accounting does not return to nothing";
}

class FeatureStoreModel : public testing::TestWithParam<Aggregation> {};

TEST_P(FeatureStoreModel, AgreesOnRandomStreams) {
  for (types::Kind kind : {types::Kind::kInt, types::Kind::kDouble}) {
    const Aggregation a = GetParam();
    const double param = a == Aggregation::kTopK ? 3 : 0.9;
    uint32_t seed = 1;
    for (const ir::Window& w : {panes(60, 1), panes(60, 10), panes(600, 10), panes(100, 100), exact(60), last(1),
                                last(7), session(5), all()}) {
      SCOPED_TRACE(testing::Message() << ir::aggregation_name(a) << " window " << w.nanos << '/' << w.pane_nanos << '/'
                                      << w.count);
      run({a, kind, w, param}, seed++, true);
    }
    for (const ir::Window& w : {session(5), all(), panes(60, 1), exact(60)}) {
      SCOPED_TRACE(testing::Message() << ir::aggregation_name(a) << " in order, window " << w.nanos);
      run({a, kind, w, param}, seed++, false);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Aggregations, FeatureStoreModel,
                         testing::Values(Aggregation::kCount, Aggregation::kSum, Aggregation::kMin, Aggregation::kMax,
                                         Aggregation::kMean, Aggregation::kStddev, Aggregation::kDistinct,
                                         Aggregation::kLast, Aggregation::kFirst, Aggregation::kTopK,
                                         Aggregation::kQuantile, Aggregation::kEntropy),
                         [](const auto& info) { return std::string(ir::aggregation_name(info.param)); });

StoreDriver store_of(ir::Feature& feature, Aggregation a, types::Kind kind, ir::Window w) {
  feature.aggregation = a;
  feature.value_kind = kind;
  feature.window = w;
  return StoreDriver(make_feature_store(feature));
}

TEST(FeatureStore, AnIntegerSumThatOverflowsIsAnErrorWhenReadAndRecovers) {
  ir::Feature feature;
  auto store = store_of(feature, Aggregation::kSum, types::Kind::kInt, all());
  value::Arena arena;
  const Key key = make_key(Value::string("k"));
  store.add(key, 0, Value::integer(INT64_MAX));
  store.add(key, 1, Value::integer(1));
  EXPECT_EQ(store.read(key, 1, arena).error_code(), value::ErrorCode::kOverflow);
  store.add(key, 2, Value::integer(-1));
  EXPECT_EQ(store.read(key, 2, arena).i, INT64_MAX);
}

TEST(FeatureStore, ExtremesOwnTheirText) {
  ir::Feature feature;
  auto store = store_of(feature, Aggregation::kMax, types::Kind::kString, all());
  value::Arena arena;
  const Key key = make_key(Value::string("k"));
  for (std::string text : {"b", "c", "a"}) {
    store.add(key, 0, Value::string(text));
    text = "overwritten";
  }
  EXPECT_EQ(store.read(key, 0, arena).str(), "c");
}

TEST(FeatureStore, StandardDeviationIsTheSamplesAndMergesPanes) {
  ir::Feature feature;
  auto store = store_of(feature, Aggregation::kStddev, types::Kind::kDouble, panes(10, 1));
  value::Arena arena;
  const Key key = make_key(Value::string("k"));
  store.add(key, 0, Value::dbl(2));
  EXPECT_TRUE(store.read(key, 0, arena).is_missing());
  const double values[] = {4, 4, 4, 5, 5, 7, 9};
  int64_t t = 1;
  for (double v : values) store.add(key, t++, Value::dbl(v));
  EXPECT_NEAR(store.read(key, 8, arena).d, std::sqrt(32.0 / 7), 1e-12);
}

TEST(FeatureStore, DistinctIsExactToItsCapThenWithinTheSketchsError) {
  for (int64_t n : {1, 5, 999, 1000, 1001, 5000, 200000}) {
    ir::Feature feature;
    auto store = store_of(feature, Aggregation::kDistinct, types::Kind::kInt, panes(60, 1));
    value::Arena arena;
    const Key key = make_key(Value::string("k"));
    for (int64_t i = 0; i < n; ++i) {
      store.add(key, i % 60, Value::integer(i));
      store.add(key, (i + 7) % 60, Value::integer(i));  // again, in another pane
    }
    const int64_t got = store.read(key, 59, arena).i;
    if (n <= 1000) {
      EXPECT_EQ(got, n);
    } else {
      EXPECT_NEAR(static_cast<double>(got), static_cast<double>(n), 0.05 * static_cast<double>(n));  // three sigma
    }
  }
}

TEST(FeatureStore, ASparseCountCostsLessThan64BytesAKey) {
  ir::Feature feature;
  auto store = store_of(feature, Aggregation::kCount, types::Kind::kInt, panes(3600, 60));
  for (int64_t i = 0; i < 200000; ++i) store.add(make_key(Value::integer(i)), 5, Value::null());
  EXPECT_EQ(store.keys(), 200000u);
  EXPECT_LT(static_cast<double>(store.bytes()) / 200000, 64);
}

TEST(FeatureStore, IdleKeysAreFreedAsTimePasses) {
  ir::Feature feature;
  auto store = store_of(feature, Aggregation::kCount, types::Kind::kInt, panes(60, 1));
  for (int64_t t = 0; t < 100000; ++t) {
    store.advance(static_cast<uint64_t>(t), t);
    store.add(make_key(Value::integer(t)), t, Value::null());
  }
  EXPECT_LE(store.keys(), 61u);
  EXPECT_EQ(store.store->counters().evicted, 0u);
}

TEST(Key, EqualValuesHaveEqualKeysAndUnlikeOnesDoNot) {
  EXPECT_EQ(make_key(Value::integer(1)), make_key(Value::uint(1)));
  EXPECT_EQ(make_key(Value::integer(1)), make_key(Value::dbl(1)));
  EXPECT_EQ(make_key(Value::dbl(0.0)), make_key(Value::dbl(-0.0)));
  EXPECT_NE(make_key(Value::string("1")), make_key(Value::integer(1)));
  EXPECT_NE(make_key(Value::string("a")), make_key(Value::bytes("a")));
  const Value ab[] = {Value::string("a"), Value::string("b")}, ba[] = {Value::string("b"), Value::string("a")};
  const Value joined[] = {Value::string("ab"), Value::string("")};
  EXPECT_NE(make_key(ab, 2), make_key(ba, 2));
  EXPECT_NE(make_key(ab, 2), make_key(joined, 2));
}

}  // namespace
}  // namespace weir::state
