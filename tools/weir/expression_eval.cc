#include "tools/weir/expression_eval.h"

#include <fmt/format.h>

#include "runtime/explain/failure_text.h"
#include "runtime/interp/interpreter.h"
#include "runtime/value/operations.h"
#if WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::tools {

RunnableExpression::RunnableExpression(driver::CompiledExpression compiled)
    : compiled_(std::move(compiled)),
      constants_(*compiled_.module),
      memo_(compiled_.module->memo_count),
      locals_(compiled_.module->local_count) {}

absl::StatusOr<std::unique_ptr<RunnableExpression>> RunnableExpression::create(driver::CompiledExpression compiled,
                                                                               bool native) {
  std::unique_ptr<RunnableExpression> out(new RunnableExpression(std::move(compiled)));
  const ir::Module& module = *out->compiled_.module;
  if (!native) {
    out->evaluator_ = std::make_unique<interp::Interpreter>(module, std::vector<std::vector<ir::NodeId>>{});
    return out;
  }
#if WEIR_HAVE_JIT
  jit::NativeOptions options;
  options.level = jit::OptLevel::kO0;  // run once: the time is the compiler's
  auto evaluator = jit::compile(module, {out->compiled_.root}, {}, options, nullptr);
  if (!evaluator.ok()) return evaluator.status();
  out->evaluator_ = *std::move(evaluator);
  return out;
#else
  return absl::UnimplementedError("this weir was built without native code (WEIR_JIT=OFF)");
#endif
}

value::Value RunnableExpression::eval(const std::vector<value::Value>& row) {
  arena_.reset();
  value::EvalContext ctx;
  ctx.row = row.data();
  ctx.memo = memo_.data();
  ctx.locals = locals_.data();
  ctx.constants = constants_.values();
  ctx.arena = &arena_;
  ctx.epoch = ++epoch_;
  ctx.steps = 10'000'000;
  ctx.module = compiled_.module.get();
  return evaluator_->eval(compiled_.root, ctx);
}

driver::CompiledExpression ExpressionScope::compile(std::string_view text, bool color, Result* result) {
  driver::CompiledExpression compiled = driver::compile_expression(text, env_, types_, true);
  if (compiled.module == nullptr) {
    result->diagnostics = base::render_all(compiled.diagnostics, *compiled.sources, {color});
  } else {
    result->ok = true;
    result->type = compiled.type;
  }
  return compiled;
}

ExpressionScope::Result ExpressionScope::eval(std::string_view text, bool color) {
  Result result;
  driver::CompiledExpression compiled = compile(text, color, &result);
  if (!result.ok) return result;
  auto runnable = RunnableExpression::create(std::move(compiled), native_);
  if (!runnable.ok()) {
    result.ok = false;
    result.diagnostics = std::string(runnable.status().message()) + "\n";
    return result;
  }
  result.value = (*runnable)->eval(row_);
  kept_.push_back(*std::move(runnable));
  return result;
}

ExpressionScope::Result ExpressionScope::type_of(std::string_view text, bool color) {
  Result result;
  compile(text, color, &result);
  return result;
}

void ExpressionScope::bind(const std::string& name, const Result& result) {
  for (size_t i = 0; i < env_.variables.size(); ++i) {
    if (env_.variables[i].name != name) continue;
    env_.variables[i].type = result.type;
    row_[i] = result.value;
    return;
  }
  env_.variables.push_back({name, result.type, false});
  row_.push_back(result.value);
}

std::string result_text(const value::Value& v) {
  if (v.is_error()) return "error: " + explain::error_text(v);
  if (v.is_missing()) return "missing";
  return value::to_literal(v);
}

}  // namespace weir::tools
