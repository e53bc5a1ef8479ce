// What the index sees of a rule.
#include "runtime/index/guards.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "compiler/driver/expression.h"
#include "tests/unit/index/random_rules.h"

namespace weir::index {
namespace {

// Operands by slot or as `(computed)`; terms on lines of their own; `~`: the term is not exact.
std::string describe(const ir::Module& module, const Guards& guards) {
  constexpr const char* kRelations[] = {"", "<", "<=", ">", ">=", "==", "in", "contains", "starts", "ends", "matches"};
  constexpr const char* kSlots[] = {"i", "j", "u", "d", "e", "b", "c", "s", "t", "l", "m"};
  std::vector<std::string> terms;
  for (const Term& term : guards.rules[0]) {
    std::vector<std::string> clauses;
    for (const Clause& clause : term.all) {
      std::vector<std::string> tests;
      for (uint32_t t : clause.any) {
        const Test& test = guards.tests[t];
        const Operand& operand = guards.operands[test.operand];
        std::string text = test.negated ? "not " : "";
        text += operand.computed ? "(computed)" : kSlots[module.node(operand.node).index];
        if (test.relation != Relation::kTrue)
          text += fmt::format(" {}", kRelations[static_cast<size_t>(test.relation)]);
        tests.push_back(text);
      }
      clauses.push_back(fmt::format("{}", fmt::join(tests, " or ")));
    }
    terms.push_back((term.exact ? "" : "~") + fmt::format("{}", fmt::join(clauses, " and ")));
  }
  return fmt::format("{}", fmt::join(terms, " | "));
}

struct Case {
  const char* rule;
  const char* guard;
};

class GuardsOf : public testing::TestWithParam<Case> {};

TEST_P(GuardsOf, Rule) {
  auto types = std::make_shared<types::TypeTable>();
  auto compiled = driver::compile_expression(GetParam().rule, RandomRules::environment(*types), types, true);
  ASSERT_NE(compiled.module, nullptr) << base::render_all(compiled.diagnostics, *compiled.sources);
  const ir::NodeId roots[] = {compiled.root};
  EXPECT_EQ(describe(*compiled.module, find_guards(*compiled.module, roots)), GetParam().guard) << GetParam().rule;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, GuardsOf,
    testing::Values(Case{"i > 1 && s == 'a'", "i > and s =="}, Case{"1 < i", "i >"}, Case{"!(i > 1)", "not i >"},
                    Case{"!(i > 1 || b)", "not i > and not b"}, Case{"i > 1 || b", "i > | b"},
                    Case{"s == 'a' || s in ['b', 'c']", "s == or s in"},
                    Case{"(i > 1 || b) && c", "i > and c | b and c"},
                    Case{"b ? i > 1 : i < 0", "b and i > | not b and i <"},
                    Case{"c ? i > 1 : i < 0", "~"},  // the condition may be missing: then so is the rule
                    Case{"t.contains('x')", "t contains"}, Case{"!t.contains('x')", "~"},
                    Case{"l.exists(x, x == 'a')", "l =="}, Case{"'a' in l", "l =="}, Case{"l.exists(x, x != 'a')", "~"},
                    Case{"i > 1 && l.exists(x, x != 'a')", "~i >"},
                    Case{"i < j", "~"},  // used once: not worth computing for every event
                    Case{"i > 1.5", "~"}, Case{"true", ""}, Case{"b != true", "not b"}));

TEST(Guards, ComputedOperandsAreWorthItForManyRules) {
  auto types = std::make_shared<types::TypeTable>();
  std::vector<std::string> rules;
  for (uint32_t k = 0; k < kMinComputedUses; ++k) rules.push_back(fmt::format("i + i > {} && i < j", k));
  auto compiled = driver::compile_expressions(rules, RandomRules::environment(*types), types, true);
  ASSERT_NE(compiled.module, nullptr);
  EXPECT_EQ(describe(*compiled.module, find_guards(*compiled.module, compiled.roots)), "(computed) > and (computed)");
}

}  // namespace
}  // namespace weir::index
