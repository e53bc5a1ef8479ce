// Builds graphs by hand and compares native code with the interpreter, value for value.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/interp/interpreter.h"
#include "runtime/jit/native.h"
#include "runtime/value/constants.h"
#include "runtime/value/operations.h"

namespace weir::jit {

using ir::NodeId;
using ir::Op;
using types::BuiltinId;
using value::ErrorCode;
using value::Truth;
using value::Value;

// What two tiers must agree on.
inline std::string describe(const Value& v) {
  if (v.is_missing()) return "missing " + std::to_string(v.aux);
  if (v.is_error())
    return "error " + std::string(value::error_code_name(v.error_code())) + ": " +
           (v.error != nullptr ? std::string(v.error->message) : "");
  return std::string(value::type_name(v)) + " " + value::to_literal(v);
}

class Graph {
 public:
  static constexpr uint8_t kFallible = ir::kMayError | ir::kMayMissing;

  NodeId slot(uint32_t index, const types::Type* type, uint8_t flags = kFallible) {
    return m.add(Op::kSlot, type, {}, static_cast<int32_t>(index), BuiltinId::kCount, flags);
  }
  NodeId constant(ir::Constant c, const types::Type* type) {
    return m.add(Op::kConst, type, {}, static_cast<int32_t>(m.intern(std::move(c))));
  }
  NodeId integer(int64_t i) {
    ir::Constant c{ir::ConstantKind::kInt};
    c.i = i;
    return constant(c, t.integer());
  }
  NodeId boolean(bool b) {
    ir::Constant c{ir::ConstantKind::kBool};
    c.i = b;
    return constant(c, t.boolean());
  }
  NodeId string(const std::string& s) {
    ir::Constant c{ir::ConstantKind::kString};
    c.s = s;
    return constant(c, t.string());
  }
  NodeId strings(const std::vector<std::string>& items) {
    ir::Constant c{ir::ConstantKind::kList};
    for (const std::string& s : items) {
      ir::Constant item{ir::ConstantKind::kString};
      item.s = s;
      c.items.push_back(m.intern(item));
    }
    return constant(c, t.list(t.string()));
  }
  NodeId integers(const std::vector<int64_t>& items) {
    ir::Constant c{ir::ConstantKind::kList};
    for (int64_t i : items) {
      ir::Constant item{ir::ConstantKind::kInt};
      item.i = i;
      c.items.push_back(m.intern(item));
    }
    return constant(c, t.list(t.integer()));
  }
  NodeId op(Op o, const types::Type* type, std::vector<NodeId> args, int32_t index = -1, uint8_t flags = 0) {
    return m.add(o, type, args, index, BuiltinId::kCount, flags);
  }
  NodeId call(BuiltinId id, const types::Type* type, std::vector<NodeId> args) {
    return m.add(Op::kCall, type, args, -1, id);
  }

  // Plans memos, compiles the roots as values and, if boolean, as one group of rules; ready for check().
  void compile(std::vector<NodeId> values, std::vector<NodeId> rule_nodes, NativeOptions options = {}) {
    roots = std::move(values);
    rules = std::move(rule_nodes);
    std::vector<NodeId> all = roots;
    all.insert(all.end(), rules.begin(), rules.end());
    m.plan_memos(all);
    auto made = jit::compile(m, roots, {rules}, options, &stats);
    ASSERT_TRUE(made.ok()) << made.status();
    native = std::move(*made);
    interpreter = std::make_unique<interp::Interpreter>(m, std::vector<std::vector<NodeId>>{rules});
    pool = std::make_unique<value::ConstantPool>(m);
    memo.resize(m.memo_count);
    locals.resize(m.local_count);
  }

  value::EvalContext context(const std::vector<Value>& row) {
    arena.reset();
    value::EvalContext ctx;
    ctx.row = row.data();
    ctx.memo = memo.data();
    ctx.locals = locals.data();
    ctx.constants = pool->values();
    ctx.arena = &arena;
    ctx.state = state;
    ctx.epoch = ++epoch;
    ctx.steps = steps;
    ctx.module = &m;
    return ctx;
  }

  void check(const std::vector<Value>& row) {
    for (NodeId root : roots) {
      value::EvalContext ctx = context(row);
      std::string expected = describe(interpreter->eval(root, ctx));
      ctx.epoch = ++epoch;
      ctx.steps = steps;
      std::string actual = describe(native->eval(root, ctx));
      ASSERT_EQ(actual, expected) << "%" << root << " of\n" << text() << "over " << show(row);
    }
    std::vector<Truth> expected(rules.size()), actual(rules.size());
    value::EvalContext ctx = context(row);
    interpreter->eval_rules(0, ctx, expected.data());
    ctx.epoch = ++epoch;
    ctx.steps = steps;
    native->eval_rules(0, ctx, actual.data());
    for (size_t i = 0; i < rules.size(); ++i)
      ASSERT_EQ(int(actual[i]), int(expected[i])) << "rule %" << rules[i] << " of\n" << text() << "over " << show(row);
  }

  std::string text() const { return m.size() < 200 ? ir::print(m) : std::string(); }
  static std::string show(const std::vector<Value>& row) {
    std::string all;
    for (const Value& v : row) all += describe(v) + "; ";
    return all;
  }

  types::TypeTable t;
  ir::Module m;
  std::vector<NodeId> roots, rules;
  std::unique_ptr<value::Evaluator> native, interpreter;
  std::unique_ptr<value::ConstantPool> pool;
  std::vector<value::Memo> memo;
  std::vector<Value> locals;
  value::Arena arena;
  value::StateView* state = nullptr;
  NativeStats stats;
  uint64_t epoch = 1;
  int64_t steps = 1'000'000;
};

// A bool that costs more than a branch, so that both shapes of logic are emitted.
inline NodeId expensive(Graph& g, NodeId bit) {
  NodeId text = g.op(Op::kCond, g.t.string(), {bit, g.string("xx-yes-xx"), g.string("no")});
  return g.call(BuiltinId::contains_string, g.t.boolean(), {text, g.string("yes")});
}

// Every row with one of `choices[i]` in slot i.
template <typename Use>
void for_each_row(const std::vector<std::vector<Value>>& choices, Use use) {
  std::vector<size_t> at(choices.size(), 0);
  std::vector<Value> row(choices.size());
  while (true) {
    for (size_t i = 0; i < at.size(); ++i) row[i] = choices[i][at[i]];
    use(row);
    if (testing::Test::HasFatalFailure()) return;
    size_t i = 0;
    while (i < at.size() && ++at[i] == choices[i].size()) at[i++] = 0;
    if (i == at.size()) return;
  }
}

}  // namespace weir::jit
