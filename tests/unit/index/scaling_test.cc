// An event costs what it could match: counted, not timed. And nothing is allocated once a stream has warmed up.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/index/count_allocations.h"
#include "tests/unit/index/index_fixture.h"
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::index {
namespace {

// Rules of the forms that moderators write, over words and users of which there are as many as rules: whatever their
// number, an event matches about as many.
class Workload {
 public:
  explicit Workload(uint32_t rules) : size_(rules), random_(rules) {
    auto types = std::make_shared<types::TypeTable>();
    check::ExprEnv env;
    env.variables = {{"user", types->string(), false},
                     {"amount", types->integer(), false},
                     {"score", types->dbl(), false},
                     {"text", types->string(), false},
                     {"tags", types->list(types->string()), false}};
    std::vector<std::string> texts;
    for (uint32_t r = 0; r < rules; ++r) texts.push_back(rule());
    rules_ = std::make_unique<CompiledRules>(texts, env, types);
    for (int e = 0; e < 100; ++e) rows_.push_back(row());
  }

  CompiledRules& rules() { return *rules_; }
  size_t size() const { return size_; }

  struct Work {
    uint64_t visited, nodes, outcomes = 0;
  };
  Work run(const value::Evaluator& evaluator) {
    GroupEvaluation group(evaluator, 0, size_, rules_->index.get());
    return run(group);
  }
  Work run(GroupEvaluation& group) {
    const uint64_t nodes = rules_->ctx.counters[0], visited = group.visited();
    Work work{};
    for (const auto& row : rows_) work.outcomes += group.run(rules_->on(row)).size();
    work.visited = group.visited() - visited;
    work.nodes = rules_->ctx.counters[0] - nodes;
    return work;
  }

 private:
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  std::string word() { return fmt::format("w{}x", below(size_)); }
  std::string user() { return fmt::format("u{}", below(size_)); }

  std::string rule() {
    const std::string cheap =
        below(2) == 0 ? fmt::format("amount > {}", below(100)) : fmt::format("score <= 0.{}", below(100));
    switch (below(5)) {
      case 0:
        return fmt::format("text.contains('{}') && {}", word(), cheap);
      case 1:
        return fmt::format("{} && (user in ['{}', '{}', '{}'] || text.startsWith('{} '))", cheap, user(), user(),
                           user(), word());
      case 2:
        return fmt::format("tags.exists(t, t == '{}') && !({})", word(), cheap);
      case 3:
        return fmt::format("user == '{}' && size(text) > {}", user(), below(50));
      default:
        return fmt::format("{} && text.matches('{} .*{}')", cheap, word(), word());
    }
  }

  std::vector<value::Value> row() {
    using value::Value;
    auto text = [&](const std::string& t) { return Value::string({arena_.copy(t), t.size()}); };
    std::string words;
    for (int i = 0; i < 12; ++i) words += word() + " ";
    auto* rep = new (arena_.allocate(sizeof(value::ListRep))) value::ListRep{};
    auto* items = arena_.allocate_array<Value>(3);
    for (int i = 0; i < 3; ++i) items[rep->size++] = text(word());
    rep->items = items;
    return {text(user()), Value::integer(below(100)), Value::dbl(below(100) / 100.0), text(words), Value::of(rep)};
  }

  uint32_t size_;
  std::mt19937 random_;
  value::Arena arena_{SIZE_MAX};
  std::unique_ptr<CompiledRules> rules_;
  std::vector<std::vector<value::Value>> rows_;
};

TEST(Scaling, TenTimesTheRulesVisitLessThanTwiceAsMany) {
  Workload thousand(1000), ten_thousand(10000);
  ASSERT_NE(thousand.rules().compiled.module, nullptr);
  const auto few = thousand.run(*thousand.rules().interpreter),
             many = ten_thousand.run(*ten_thousand.rules().interpreter);
  EXPECT_GT(few.outcomes, 100u);  // an event matches some rules
  EXPECT_LT(many.visited, 2 * few.visited);
  EXPECT_LT(many.nodes, 2 * few.nodes);
  EXPECT_LT(few.visited, 100 * 1000 / 10u);
  // The index itself grows with the rules, and no faster.
  const PredicateIndex &small = *thousand.rules().index, &large = *ten_thousand.rules().index;
  EXPECT_LT(large.terms(), 11 * small.terms());
  EXPECT_LT(large.bytes(), 12 * small.bytes());
}

#if WEIR_COUNTS_ALLOCATIONS
// The second time the same events come.
void expect_no_allocation(Workload& workload, const value::Evaluator& evaluator) {
  GroupEvaluation group(evaluator, 0, workload.size(), workload.rules().index.get());
  const auto first = workload.run(group);
  const uint64_t before = allocations;
  ASSERT_GT(before, 0u) << "they are not counted";
  const auto second = workload.run(group);
  EXPECT_EQ(allocations - before, 0u) << evaluator.name();
  EXPECT_EQ(first.outcomes, second.outcomes);
}

TEST(Allocation, NoneInSteadyState) {
  Workload workload(800);  // enough for native code to be one function a rule
  expect_no_allocation(workload, *workload.rules().interpreter);
#ifdef WEIR_HAVE_JIT
  jit::NativeOptions options;
  options.level = jit::OptLevel::kO0;
  CompiledRules& rules = workload.rules();
  auto native = jit::compile(*rules.compiled.module, rules.index->computed(), {rules.compiled.roots}, options, nullptr);
  ASSERT_TRUE(native.ok()) << native.status();
  expect_no_allocation(workload, **native);
#endif
}
#endif

}  // namespace
}  // namespace weir::index
