// One expression, evaluated once by one tier, without state.
#pragma once

#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/value/constants.h"
#include "runtime/value/evaluator.h"

namespace weir::differential {

inline constexpr int64_t kPlentyOfSteps = 1'000'000;

// `row`: the environment's slots. The result lives in the arena, the row and the constants. `left`, if given: the steps
// that are left, below 0 if there were not enough.
inline value::Value evaluate(const value::Evaluator& evaluator, const ir::Module& module, ir::NodeId root,
                             const value::ConstantPool& constants, value::Arena& arena, int64_t steps = kPlentyOfSteps,
                             const std::vector<value::Value>& row = {}, int64_t* left = nullptr) {
  std::vector<value::Memo> memo(module.memo_count + 1);
  std::vector<value::Value> locals(module.local_count + 1);
  value::EvalContext ctx;
  ctx.row = row.data();
  ctx.memo = memo.data();
  ctx.locals = locals.data();
  ctx.constants = constants.values();
  ctx.arena = &arena;
  ctx.steps = steps;
  ctx.module = &module;
  value::Value result = evaluator.eval(root, ctx);
  if (left != nullptr) *left = ctx.steps;
  return result;
}

}  // namespace weir::differential
