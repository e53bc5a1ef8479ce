// Checking one expression against an environment of variables: `weir eval`, --where, conformance cases, embedding
// hosts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/check/annotations.h"
#include "compiler/syntax/ast.h"
#include "compiler/types/builtins.h"
#include "compiler/types/type.h"

namespace weir::check {

struct Variable {
  std::string name;  // may be qualified: "com.example.y"
  const types::Type* type = nullptr;
  bool optional = false;  // may be missing
};

struct HostOverload {  // declared, without a body
  std::string function;
  bool member = false;
  std::vector<const types::Type*> params;  // may hold type parameters
  const types::Type* result = nullptr;
};

struct ExprEnv {
  std::string container;            // names resolve as container.name, then outwards
  std::vector<Variable> variables;  // variable i is row slot i
  std::vector<HostOverload> functions;
};

// The deduced type; annotations are filled for every node. Null if it does not check (see the sink).
const types::Type* check_expression(const syntax::Expr& expr, const ExprEnv& env, types::TypeTable& types,
                                    const types::OverloadTable& overloads, Annotations& annotations,
                                    base::DiagnosticSink& sink);

// Names resolved as far as they can be, every operation left to run time (kDynCall), unknown names annotated as
// kUnresolved: CEL's parse-only evaluation. Cannot fail.
void resolve_unchecked(const syntax::Expr& expr, const ExprEnv& env, types::TypeTable& types,
                       const types::OverloadTable& overloads, Annotations& annotations);

}  // namespace weir::check
