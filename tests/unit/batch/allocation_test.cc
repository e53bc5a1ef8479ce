// A stream of batches allocates nothing once it has warmed up.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runtime/batch/selection.h"
#include "tests/unit/index/count_allocations.h"
#include "tests/unit/index/index_fixture.h"

#if WEIR_COUNTS_ALLOCATIONS

namespace weir::batch {
namespace {

using value::Value;

TEST(Allocation, NoneInSteadyState) {
  auto types = std::make_shared<types::TypeTable>();
  check::ExprEnv env;
  env.variables = {{"n", types->integer(), false}, {"d", types->dbl(), false}, {"s", types->string(), true}};
  std::vector<std::string> texts;
  for (int r = 0; r < 200; ++r) {
    texts.push_back(fmt::format("n > {} && s.contains('w{}')", r % 40, r % 9));
    texts.push_back(fmt::format("double(n) / d > {}.5 || s in ['w1 {}', 'w{} w3']", r % 7, r, r));
    texts.push_back(fmt::format("s.matches('w[{}-9] .*{}') && n < {}", r % 9, r % 10, r % 90));
  }
  index::CompiledRules rules(texts, env, types);
  ASSERT_NE(rules.compiled.module, nullptr);
  value::Arena arena;
  std::vector<std::vector<Value>> rows;
  std::vector<const Value*> pointers;
  for (int i = 0; i < static_cast<int>(kRows); ++i) {
    const std::string s = fmt::format("w{} w{} {}", i % 11, i % 5, i % 3);
    rows.push_back({Value::integer(i % 100), Value::dbl(i % 13),
                    i % 10 == 0 ? Value::missing() : Value::string({arena.copy(s), s.size()})});
  }
  for (const auto& row : rows) pointers.push_back(row.data());

  const Plan plan(*rules.compiled.module, rules.compiled.roots);
  Selection selection(plan);
  for (int warm = 0; warm < 5; ++warm) selection.select(pointers.data(), kRows, *rules.interpreter, rules.on(rows[0]));
  EXPECT_GT(selection.certain(), 0u);
  EXPECT_GT(selection.matched(), 0u);
  const uint64_t before = allocations;
  ASSERT_GT(before, 0u) << "they are not counted";
  for (size_t size : {kRows, kRows, size_t{700}, kRows, kRows})  // the eighth is one in which the order is changed
    selection.select(pointers.data(), size, *rules.interpreter, rules.on(rows[0]));
  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace weir::batch

#endif
