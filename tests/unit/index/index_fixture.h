// Rules of one event type, compiled, with and without an index.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/driver/expression.h"
#include "runtime/index/group_evaluation.h"
#include "runtime/interp/interpreter.h"
#include "runtime/value/constants.h"

namespace weir::index {

struct CompiledRules {
  explicit CompiledRules(const std::vector<std::string>& texts, const check::ExprEnv& env,
                         const std::shared_ptr<types::TypeTable>& types)
      : compiled(driver::compile_expressions(texts, env, types, true)) {
    if (!compiled.module) return;
    constants = std::make_unique<value::ConstantPool>(*compiled.module);
    interpreter =
        std::make_unique<interp::Interpreter>(*compiled.module, std::vector<std::vector<ir::NodeId>>{compiled.roots});
    index = std::make_unique<PredicateIndex>(*compiled.module, compiled.roots);
    memo.resize(compiled.module->memo_count + 1);
    locals.resize(compiled.module->local_count + 1);
    ctx.memo = memo.data();
    ctx.locals = locals.data();
    ctx.constants = constants->values();
    ctx.arena = &arena;
    ctx.module = compiled.module.get();
  }

  value::EvalContext& on(const std::vector<value::Value>& row) {
    ctx.row = row.data();
    ++ctx.epoch;
    ctx.steps = 1'000'000;
    arena.reset();
    return ctx;
  }

  driver::CompiledExpressions compiled;
  std::unique_ptr<value::ConstantPool> constants;
  std::unique_ptr<interp::Interpreter> interpreter;
  std::unique_ptr<PredicateIndex> index;
  value::Arena arena;
  std::vector<value::Memo> memo;
  std::vector<value::Value> locals;
  value::EvalContext ctx;
};

}  // namespace weir::index
