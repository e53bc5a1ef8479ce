#include "compiler/driver/expression.h"

#include <fmt/format.h>

#include "compiler/driver/constant_folding.h"
#include "compiler/lower/expression.h"
#include "compiler/syntax/parse.h"
#include "runtime/value/value.h"

namespace weir::driver {

static_assert(ir::kErrorUndeclared == static_cast<uint32_t>(value::ErrorCode::kUndeclared));
static_assert(ir::kErrorUnbound == static_cast<uint32_t>(value::ErrorCode::kUnbound));

CompiledExpressions compile_expressions(const std::vector<std::string>& texts, const check::ExprEnv& env,
                                        const std::shared_ptr<types::TypeTable>& types, bool check) {
  CompiledExpressions out;
  out.sources = std::make_shared<base::SourceMap>();
  out.types = types;
  syntax::AstArena arena;
  base::DiagnosticSink sink;
  types::OverloadTable overloads(*types);
  check::Annotations annotations;
  auto module = std::make_shared<ir::Module>();
  lower::ExpressionLowering lowering(*module, *types, annotations, fold_constant, sink);
  lower::Environment slots;
  slots.slot_flags = [&env](int32_t slot) -> uint8_t {
    return env.variables[static_cast<size_t>(slot)].optional ? ir::kMayMissing : 0;
  };

  for (size_t i = 0; i < texts.size(); ++i) {
    base::FileId file =
        out.sources->add(texts.size() == 1 ? "<expression>" : fmt::format("<expression {}>", i + 1), texts[i]);
    const types::Type* type = nullptr;
    size_t errors = sink.error_count();
    syntax::Expr* expr = syntax::parse_expression(file, *out.sources, arena, sink);
    if (expr != nullptr && sink.error_count() == errors) {
      if (check) {
        type = check::check_expression(*expr, env, *types, overloads, annotations, sink);
      } else {
        check::resolve_unchecked(*expr, env, *types, overloads, annotations);
        type = types->dyn();
      }
    }
    if (type != nullptr && sink.error_count() == errors) out.roots.push_back(lowering.lower(*expr, slots));
    out.deduced.push_back(type);
  }
  if (!sink.has_errors()) {
    module->plan_memos(out.roots);
    out.module = std::move(module);
  }
  out.diagnostics = sink.sorted();
  return out;
}

CompiledExpression compile_expression(std::string_view text, const check::ExprEnv& env,
                                      std::shared_ptr<types::TypeTable> types, bool check) {
  CompiledExpressions all = compile_expressions({std::string(text)}, env, std::move(types), check);
  CompiledExpression out;
  out.sources = std::move(all.sources);
  out.diagnostics = std::move(all.diagnostics);
  out.types = std::move(all.types);
  out.module = std::move(all.module);
  if (out.module) out.root = all.roots[0];
  out.type = all.deduced[0];
  return out;
}

}  // namespace weir::driver
