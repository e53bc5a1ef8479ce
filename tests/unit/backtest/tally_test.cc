#include "runtime/backtest/tally.h"

#include <gtest/gtest.h>

#include "runtime/backtest/reservoir.h"

namespace weir::backtest {
namespace {

// Reference values: statsmodels.stats.proportion.proportion_confint(method="wilson").
TEST(Proportion, WilsonIntervals) {
  const struct {
    uint64_t part, whole;
    double low, high;
  } cases[] = {{0, 10, 0.0, 0.27753},
               {10, 10, 0.72247, 1.0},
               {5, 10, 0.23659, 0.76341},
               {98, 100, 0.92999, 0.99450},
               {0, 0, 0, 1}};
  for (auto c : cases) {
    Proportion p{c.part, c.whole};
    EXPECT_NEAR(p.low(), c.low, 1e-5) << c.part << "/" << c.whole;
    EXPECT_NEAR(p.high(), c.high, 1e-5) << c.part << "/" << c.whole;
  }
}

TEST(Label, AsLogsWriteThem) {
  using value::Value;
  LabelSpec plain = parse_label_spec("label"), named = parse_label_spec("kind=spam");
  EXPECT_EQ(named.path, "kind");
  const std::pair<Value, Label> cases[] = {
      {Value::integer(1), Label::kPositive}, {Value::integer(0), Label::kNegative},
      {Value::integer(2), Label::kNone},     {Value::boolean(true), Label::kPositive},
      {Value::dbl(1.0), Label::kPositive},   {Value::string("1"), Label::kPositive},
      {Value::string(""), Label::kNegative}, {Value::string("ham"), Label::kNone},
      {Value::null(), Label::kNone},         {Value::missing(), Label::kNone}};
  for (auto& [v, want] : cases) EXPECT_EQ(read_label(v, plain), want);
  EXPECT_EQ(read_label(Value::string("spam"), named), Label::kPositive);
  EXPECT_EQ(read_label(Value::string("ham"), named), Label::kNegative);
  EXPECT_EQ(read_label(Value::missing(), named), Label::kNone);
}

engine::EventResult result(std::vector<std::pair<uint32_t, engine::Outcome>> hits) {
  engine::EventResult r;
  for (auto [rule, outcome] : hits) {
    engine::Hit hit;
    hit.rule = rule;
    hit.outcome = outcome;
    r.hits.push_back(hit);
  }
  return r;
}

TEST(Tally, CountsEventsEntitiesUniqueCatchesAndOverlaps) {
  using enum engine::Outcome;
  EntityTable entities;
  EntityId a = entities.intern(0, "a"), b = entities.intern(0, "b"), c = entities.intern(0, "c");
  EXPECT_EQ(entities.intern(0, "a"), a);
  EXPECT_NE(entities.intern(1, "a"), a);
  Tally tally(3);
  auto add = [&](auto hits, ir::Verdict v, Label label, EntityId e) { tally.add(result(hits), v, label, e); };
  using Hits = std::vector<std::pair<uint32_t, engine::Outcome>>;
  add(Hits{{0, kFired}, {1, kFired}}, ir::Verdict::kBlock, Label::kPositive, a);
  add(Hits{{0, kFired}, {2, kError}}, ir::Verdict::kReview, Label::kPositive, a);
  add(Hits{{1, kTripped}, {2, kMissing}}, ir::Verdict::kAllow, Label::kPositive, b);    // missed
  add(Hits{{0, kFired}, {1, kSuppressed}}, ir::Verdict::kReview, Label::kNegative, c);  // false alarm
  add(Hits{}, ir::Verdict::kAllow, Label::kNegative, c);
  add(Hits{}, ir::Verdict::kAllow, Label::kNone, kNoEntity);
  Figures f = tally.figures();

  EXPECT_EQ(f.events, 6u);
  EXPECT_EQ(f.labelled, 5u);
  EXPECT_EQ(f.positive, 3u);
  EXPECT_EQ(f.alerts, 3u);
  EXPECT_EQ(f.verdicts, (std::array<uint64_t, 4>{3, 2, 0, 1}));
  EXPECT_EQ(f.verdicts_by_label[1][static_cast<size_t>(Label::kNegative)], 1u);
  EXPECT_EQ(f.event.true_positive, 2u);
  EXPECT_EQ(f.event.false_positive, 1u);
  EXPECT_EQ(f.event.false_negative, 1u);
  EXPECT_EQ(f.event.true_negative, 1u);
  EXPECT_EQ(f.entities, 3u);
  EXPECT_EQ(f.entity.true_positive, 1u);   // a
  EXPECT_EQ(f.entity.false_negative, 1u);  // b
  EXPECT_EQ(f.entity.false_positive, 1u);  // c, once alerted

  const RuleFigures &r0 = f.rules[0], &r1 = f.rules[1], &r2 = f.rules[2];
  EXPECT_EQ(r0.fires, 3u);
  EXPECT_EQ(r0.entities, 2u);
  EXPECT_EQ(r0.unique, 2u);
  EXPECT_EQ(r0.unique_positive, 1u);
  EXPECT_EQ(r0.event.precision().part, 2u);
  EXPECT_EQ(r0.event.precision().whole, 3u);
  EXPECT_EQ(r0.event.recall().whole, 3u);
  EXPECT_EQ(r1.fires, 2u);
  EXPECT_EQ(r1.tripped, 1u);
  EXPECT_EQ(r1.suppressed, 1u);
  EXPECT_EQ(r1.entity.true_positive, 2u);
  ASSERT_EQ(r0.overlaps.size(), 1u);
  EXPECT_EQ(r0.overlaps[0].rule, 1u);
  EXPECT_EQ(r0.overlaps[0].both, 1u);
  EXPECT_EQ(r2.errors, 1u);
  EXPECT_EQ(r2.missing, 1u);
  EXPECT_EQ(r2.fires, 0u);
}

TEST(Reservoir, KeepsTheFirstThenAFairShare) {
  int taken = 0, hit_last_slot = 0;
  Reservoir reservoir(10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(reservoir.offer(), static_cast<size_t>(i));
  for (int i = 10; i < 100000; ++i) {
    size_t slot = reservoir.offer();
    taken += slot < 10;
    hit_last_slot += slot == 9;
  }
  // Expected: 10 * ln(10^4) = 92 replacements, a tenth of them in each slot.
  EXPECT_GT(taken, 50);
  EXPECT_LT(taken, 150);
  EXPECT_GT(hit_last_slot, 0);
}

}  // namespace
}  // namespace weir::backtest
