#include "compiler/driver/expression.h"

#include "compiler/driver/constant_folding.h"
#include "compiler/lower/expression.h"
#include "compiler/syntax/parse.h"
#include "runtime/value/value.h"

namespace weir::driver {

static_assert(ir::kErrorUndeclared == static_cast<uint32_t>(value::ErrorCode::kUndeclared));
static_assert(ir::kErrorUnbound == static_cast<uint32_t>(value::ErrorCode::kUnbound));

CompiledExpression compile_expression(std::string_view text, const check::ExprEnv& env,
                                      std::shared_ptr<types::TypeTable> types, bool check) {
  CompiledExpression out;
  out.sources = std::make_shared<base::SourceMap>();
  out.types = types;
  base::FileId file = out.sources->add("<expression>", std::string(text));
  syntax::AstArena arena;
  base::DiagnosticSink sink;
  types::OverloadTable overloads(*types);
  check::Annotations annotations;

  syntax::Expr* expr = syntax::parse_expression(file, *out.sources, arena, sink);
  if (expr != nullptr && !sink.has_errors()) {
    if (check) {
      out.type = check::check_expression(*expr, env, *types, overloads, annotations, sink);
    } else {
      check::resolve_unchecked(*expr, env, *types, overloads, annotations);
      out.type = types->dyn();
    }
  }
  if (out.type != nullptr && !sink.has_errors()) {
    auto module = std::make_shared<ir::Module>();
    lower::Environment slots;
    slots.slot_flags = [&env](int32_t slot) {
      return env.variables[static_cast<size_t>(slot)].optional ? ir::kMayMissing : 0;
    };
    ir::NodeId root = lower::ExpressionLowering(*module, *types, annotations, fold_constant, sink).lower(*expr, slots);
    if (!sink.has_errors()) {
      module->plan_memos(std::vector<ir::NodeId>{root});
      out.module = std::move(module);
      out.root = root;
    }
  }
  out.diagnostics = sink.sorted();
  return out;
}

}  // namespace weir::driver
