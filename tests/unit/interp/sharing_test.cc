// What hash-consing and memos must not change: each expression is true.
#include <gtest/gtest.h>

#include "compiler/driver/expression.h"
#include "runtime/interp/interpreter.h"
#include "runtime/value/operations.h"
#include "tests/differential/evaluate.h"

namespace weir::interp {
namespace {

value::Value evaluate(const std::string& text, value::Arena& arena) {
  driver::CompiledExpression e = driver::compile_expression(text, {}, std::make_shared<types::TypeTable>(), true);
  if (!e.module) {
    ADD_FAILURE() << base::render_all(e.diagnostics, *e.sources);
    return value::Value::missing();
  }
  value::ConstantPool constants(*e.module);
  return differential::evaluate(Interpreter(*e.module, {}), *e.module, e.root, constants, arena);
}

class Sharing : public testing::TestWithParam<const char*> {};

TEST_P(Sharing, IsTrue) {
  value::Arena arena;
  value::Value v = evaluate(GetParam(), arena);
  EXPECT_TRUE(v.is_true()) << GetParam() << " is " << value::to_literal(v);
}

INSTANTIATE_TEST_SUITE_P(
    Expressions, Sharing,
    testing::Values(
        // Two folds share the node of their result: the second must not read the first one's memo.
        "[[1, 2], [3]].filter(x, [true].exists_one(y, y) && x.exists_one(z, z == 9)) == []",
        // ... and the nodes of their bodies.
        "[1, 2].map(x, x * x + x * x) + [3].map(x, x * x + x * x) == [2, 8, 18]",
        "[1, 2].exists(x, x + x == 4) && [3].all(x, x + x == 6) && ![5].exists(x, x + x == 4)",
        // An invariant of the outer loop that is a loop itself.
        "[1, 2, 3].map(x, [10, 20].map(y, y + 1).size() + x) == [3, 4, 5]",
        // A bound loop used inside and outside of another loop.
        "cel.bind(v, [1, 2].map(a, a + 1), [5, 6].map(b, v[0] + b + v.size()) + v) == [9, 10, 2, 3]",
        // Lists grown in place must not be seen growing.
        "cel.bind(v, [1, 2].map(a, a), v + v == [1, 2, 1, 2] && v.map(a, a) == v && v.size() == 2)",
        "[[1], [2]].map(x, x.map(y, [y])) == [[[1]], [[2]]]", "[1, 2].map(x, [x].filter(y, y > 1)) == [[], [2]]",
        // Macros that bind their receiver, one inside the other.
        "[[3, 1], [2]].sortBy(x, x.sortBy(y, y)[0]) == [[3, 1], [2]] && [3, 1].sortBy(x, [x].sortBy(y, -y)[0]) == [1, "
        "3]",
        "optional.of([2, 1]).optMap(x, x.sortBy(y, y)).value() == [1, 2]",
        // Errors are absorbed from either side, also when they were remembered.
        "[0, 1].exists(x, 1 / x == 1) && ([0].all(x, 1 / x == 1) || true)"));

}  // namespace
}  // namespace weir::interp
