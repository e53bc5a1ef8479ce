// Three-valued logic, exhaustively over {true, false, missing, error, not a bool}.
#include "tests/unit/jit/native_fixture.h"

namespace weir::jit {
namespace {

std::vector<Value> outcomes(bool dynamic) {
  std::vector<Value> all = {Value::boolean(false), Value::boolean(true), Value::missing(),
                            Value::fail(ErrorCode::kOverflow)};
  if (dynamic) all.push_back(Value::integer(3));
  return all;
}

TEST(NativeLogic, EqualInterpreter) {
  for (bool dynamic : {false, true}) {
    Graph g;
    const types::Type* type = dynamic ? g.t.dyn() : g.t.boolean();
    const types::Type* result = g.t.boolean();
    NodeId a = g.slot(0, type), b = g.slot(1, type), c = g.slot(2, type);
    std::vector<NodeId> nodes;
    for (Op op : {Op::kAnd, Op::kOr}) {
      Op other = op == Op::kAnd ? Op::kOr : Op::kAnd;
      nodes.push_back(g.op(op, result, {a, b}));
      nodes.push_back(g.op(op, result, {g.op(op, result, {a, b}), c}));
      nodes.push_back(g.op(op, result, {a, g.op(other, result, {b, c})}));
      nodes.push_back(
          g.op(op, result, {g.op(Op::kNot, result, {a}), g.op(Op::kNot, result, {g.op(other, result, {b, c})})}));
      nodes.push_back(g.op(op, result, {expensive(g, a), b}));
      nodes.push_back(g.op(op, result, {a, expensive(g, b)}));
      nodes.push_back(g.op(op, result, {g.op(op, result, {expensive(g, a), b}), expensive(g, c)}));
      nodes.push_back(g.op(op, result, {expensive(g, a), g.op(other, result, {b, expensive(g, c)})}));
      nodes.push_back(g.op(Op::kNotStrictlyFalse, result, {g.op(op, result, {a, b})}));
      nodes.push_back(g.op(op, result, {g.boolean(true), a}));
      nodes.push_back(g.op(op, result, {a, g.boolean(false)}));
    }
    nodes.push_back(g.op(Op::kNotStrictlyFalse, result, {a}));
    nodes.push_back(g.op(Op::kAnd, result, {a, g.integer(32)}));
    nodes.push_back(g.op(Op::kNot, result, {g.string("no bool")}));
    nodes.push_back(g.op(Op::kCond, type, {a, b, c}));
    nodes.push_back(g.op(Op::kCond, result, {a, expensive(g, b), expensive(g, c)}));
    nodes.push_back(g.op(Op::kCond, g.t.dyn(), {a, b, g.integer(7)}));
    nodes.push_back(g.op(Op::kCond, g.t.integer(), {a, g.integer(6), g.integer(7)}));
    std::vector<NodeId> rules = nodes;
    rules.pop_back();
    g.compile(nodes, rules);
    std::vector<Value> all = outcomes(dynamic);
    for_each_row({all, all, all}, [&](const std::vector<Value>& row) { g.check(row); });
    if (HasFatalFailure()) return;
  }
}

// Operands that cannot fail take other paths.
TEST(NativeLogic, WithoutFailures) {
  Graph g;
  const types::Type* t = g.t.boolean();
  NodeId a = g.slot(0, t, 0), b = g.slot(1, t, ir::kMayMissing), c = g.slot(2, t, ir::kMayError);
  std::vector<NodeId> nodes;
  for (Op op : {Op::kAnd, Op::kOr})
    for (NodeId x : {a, b, c})
      for (NodeId y : {a, b, c}) nodes.push_back(g.op(op, t, {x, y}));
  for (NodeId y : {a, b, c}) nodes.push_back(g.op(Op::kCond, t, {a, y, b}));
  nodes.push_back(g.op(Op::kHasSlot, t, {}, 1));
  g.compile(nodes, nodes);
  for_each_row({{Value::boolean(false), Value::boolean(true)},
                {Value::boolean(false), Value::boolean(true), Value::missing()},
                {Value::boolean(false), Value::boolean(true), Value::fail(ErrorCode::kNoSuchKey)}},
               [&](const std::vector<Value>& row) { g.check(row); });
}

}  // namespace
}  // namespace weir::jit
