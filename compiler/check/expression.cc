#include "compiler/check/expression.h"

#include "compiler/check/infer.h"
#include "compiler/check/scope.h"

namespace weir::check {

const types::Type* check_expression(const syntax::Expr& expr, const ExprEnv& env, types::TypeTable& types,
                                    const types::OverloadTable& overloads, Annotations& annotations,
                                    base::DiagnosticSink& sink) {
  EnvScope scope(env, types, overloads);
  return Inference(scope, types, overloads, annotations, sink).check_whole(expr);
}

}  // namespace weir::check
