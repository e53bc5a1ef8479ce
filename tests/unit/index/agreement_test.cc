// With and without the index, in both tiers: the same rules true, in error and missing.
#include <gtest/gtest.h>

#include "tests/unit/index/index_fixture.h"
#include "tests/unit/index/random_rules.h"
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::index {
namespace {

using value::Truth;

class Agreement : public testing::TestWithParam<int> {
 protected:
  static constexpr int kRows = 100;

  explicit Agreement(int rules = 150) : rules_count_(rules) {}

  void SetUp() override {
    RandomRules random(static_cast<uint64_t>(GetParam()));
    auto types = std::make_shared<types::TypeTable>();
    check::ExprEnv env = RandomRules::environment(*types);
    while (texts_.size() < static_cast<size_t>(rules_count_)) {
      std::string text = random.rule();
      if (driver::compile_expression(text, env, types, true).module) texts_.push_back(text);
    }
    rules_ = std::make_unique<CompiledRules>(texts_, env, types);
    ASSERT_NE(rules_->compiled.module, nullptr);
    for (int r = 0; r < kRows; ++r) rows_.push_back(random.row(row_arena_));
  }

  void compare(const value::Evaluator& evaluator) {
    GroupEvaluation indexed(evaluator, 0, texts_.size(), rules_->index.get());
    std::vector<Truth> expected(texts_.size());
    for (int r = 0; r < kRows; ++r) {
      rules_->interpreter->eval_rules(0, rules_->on(rows_[r]), expected.data());
      std::vector<Truth> actual(texts_.size(), Truth::kFalse);
      for (const auto& [rule, truth] : indexed.run(rules_->on(rows_[r]))) actual[rule] = truth;
      for (int i = 0; i < rules_count_; ++i)
        ASSERT_EQ(actual[i], expected[i]) << evaluator.name() << ", row " << r << ", rule " << texts_[i];
    }
    EXPECT_LT(indexed.visited(), static_cast<uint64_t>(rules_count_) * kRows) << "nothing was left out";
  }

  const int rules_count_;
  std::vector<std::string> texts_;
  std::unique_ptr<CompiledRules> rules_;
  value::Arena row_arena_;
  std::vector<std::vector<value::Value>> rows_;
};

TEST_P(Agreement, Interpreter) { compare(*rules_->interpreter); }

#ifdef WEIR_HAVE_JIT
class NativeAgreement : public Agreement {
 protected:
  NativeAgreement() : Agreement(static_cast<int>(jit::kMinIndexedRules)) {}
};

TEST_P(NativeAgreement, Native) {
  jit::NativeOptions options;
  options.level = jit::OptLevel::kO0;
  auto native =
      jit::compile(*rules_->compiled.module, rules_->index->computed(), {rules_->compiled.roots}, options, nullptr);
  ASSERT_TRUE(native.ok()) << native.status();
  compare(**native);
}

INSTANTIATE_TEST_SUITE_P(Seeds, NativeAgreement, testing::Range(100, 102));

// All rules of a group at once, without an index: texts of every length are searched for constants that they are also
// compared with.
TEST_P(Agreement, NativeAtOnce) {
  auto native = jit::compile(*rules_->compiled.module, {}, {rules_->compiled.roots}, jit::NativeOptions(), nullptr);
  ASSERT_TRUE(native.ok()) << native.status();
  std::vector<Truth> expected(texts_.size()), actual(texts_.size());
  for (int r = 0; r < kRows; ++r) {
    rules_->interpreter->eval_rules(0, rules_->on(rows_[r]), expected.data());
    (*native)->eval_rules(0, rules_->on(rows_[r]), actual.data());
    for (int i = 0; i < rules_count_; ++i) ASSERT_EQ(actual[i], expected[i]) << "row " << r << ", rule " << texts_[i];
  }
}
#endif

INSTANTIATE_TEST_SUITE_P(Seeds, Agreement, testing::Range(0, 20));

}  // namespace
}  // namespace weir::index
