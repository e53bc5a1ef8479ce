// Batches and single events: the same rules true, in error and missing.
#include <gtest/gtest.h>

#include "runtime/batch/selection.h"
#include "tests/unit/index/index_fixture.h"
#include "tests/unit/index/random_rules.h"

namespace weir::batch {
namespace {

using index::CompiledRules;
using index::GroupEvaluation;
using index::RandomRules;
using value::Truth;
using value::Value;

class Agreement : public testing::TestWithParam<int> {
 protected:
  static constexpr size_t kRules = 150;

  void SetUp() override {
    RandomRules random(static_cast<uint64_t>(GetParam()) + 500);
    auto types = std::make_shared<types::TypeTable>();
    check::ExprEnv env = RandomRules::environment(*types);
    while (texts_.size() < kRules) {
      std::string text = random.rule();
      if (driver::compile_expression(text, env, types, true).module) texts_.push_back(text);
    }
    rules_ = std::make_unique<CompiledRules>(texts_, env, types);
    ASSERT_NE(rules_->compiled.module, nullptr);
    for (size_t r = 0; r < 2 * kRows; ++r) rows_.push_back(random.row(row_arena_));
    // Long texts are searched in another way.
    constexpr size_t kText = 7;
    for (size_t r = 0; r < 2 * kRows; r += 37) {
      Value& text = rows_[r][kText];
      const std::string longer = std::string(r % 2 == 0 ? 1100 : 5000, 'x') + std::string(text.str());
      text = Value::string({row_arena_.copy(longer), longer.size()});
    }
    plan_ = std::make_unique<Plan>(*rules_->compiled.module, rules_->compiled.roots);
    selection_ = std::make_unique<Selection>(*plan_);
  }

  // Rows `first`, `first` + 1, …, at most as many as a batch has.
  void compare(size_t first, size_t count) {
    std::vector<const Value*> rows;
    for (size_t r = 0; r < count; ++r) rows.push_back(rows_[first + r].data());
    selection_->select(rows.data(), count, *rules_->interpreter, rules_->on(rows_[first]));
    GroupEvaluation group(*rules_->interpreter, 0, kRules, nullptr);
    std::vector<Truth> expected(kRules);
    for (size_t r = 0; r < count; ++r) {
      rules_->interpreter->eval_rules(0, rules_->on(rows_[first + r]), expected.data());
      std::vector<Truth> actual(kRules, Truth::kFalse);
      uint32_t before = 0;
      for (const auto& [rule, truth] :
           group.run(rules_->on(rows_[first + r]), selection_->row(r), rules_->compiled.roots)) {
        ASSERT_TRUE(rule == 0 || rule > before) << "out of order";
        before = rule;
        actual[rule] = truth;
      }
      for (size_t i = 0; i < kRules; ++i)
        ASSERT_EQ(actual[i], expected[i]) << count << " rows, row " << r << ", rule " << texts_[i];
    }
  }

  std::vector<std::string> texts_;
  std::unique_ptr<CompiledRules> rules_;
  value::Arena row_arena_;
  std::vector<std::vector<Value>> rows_;
  std::unique_ptr<Plan> plan_;
  std::unique_ptr<Selection> selection_;
};

// The second batch is looked at in another order, and finds what the first left behind.
TEST_P(Agreement, WholeBatches) {
  compare(0, kRows);
  compare(kRows, kRows);
  compare(0, kRows);
  EXPECT_GT(selection_->certain(), 0u);
  EXPECT_LT(selection_->undecided(), 2 * kRules * kRows) << "nothing was decided";
}

TEST_P(Agreement, Tails) {
  for (size_t count : {1, 2, 63, 64, 65, 511, 512, 513, 1000, 1023, 1, 7})
    compare(static_cast<size_t>(GetParam()), count);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Agreement, testing::Range(0, 20));

}  // namespace
}  // namespace weir::batch
