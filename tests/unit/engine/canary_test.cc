#include "runtime/engine/canary.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::engine {
namespace {

int share_of(const ir::Rule& rule, int keys) {
  int in = 0;
  for (int i = 0; i < keys; ++i) {
    const std::string key = fmt::format("account{}", i);
    in += in_canary(rule, value::Value::string(key)) ? 1 : 0;
  }
  return in;
}

ir::Rule rule_of(std::string id, uint32_t percent) {
  ir::Rule rule;
  rule.id = std::move(id);
  rule.canary_percent = percent;
  return rule;
}

TEST(Canary, TakesItsShareOfTheKeys) {
  for (uint32_t percent : {1u, 5u, 50u, 99u}) {
    const double share = share_of(rule_of("R-1", percent), 100'000) / 1000.0;
    EXPECT_NEAR(share, percent, 0.5);
  }
  EXPECT_EQ(share_of(rule_of("R-1", 0), 1000), 0);
  EXPECT_EQ(share_of(rule_of("R-1", 100), 1000), 1000);
}

TEST(Canary, AGreaterShareKeepsWhoWasIn) {
  const ir::Rule few = rule_of("R-1", 10), more = rule_of("R-1", 20);
  for (int64_t key = 0; key < 10'000; ++key) {
    if (in_canary(few, value::Value::integer(key))) {
      EXPECT_TRUE(in_canary(more, value::Value::integer(key)));
    }
  }
}

TEST(Canary, OtherRulesDrawOtherKeys) {
  const ir::Rule a = rule_of("R-1", 10), b = rule_of("R-2", 10);
  int both = 0;
  for (int64_t key = 0; key < 100'000; ++key)
    both += in_canary(a, value::Value::integer(key)) && in_canary(b, value::Value::integer(key)) ? 1 : 0;
  EXPECT_NEAR(both, 1000, 150);
}

}  // namespace
}  // namespace weir::engine
