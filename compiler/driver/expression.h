// One CEL expression, compiled by itself: `weir eval`, the conformance runner, fuzzers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/base/source.h"
#include "compiler/check/expression.h"
#include "compiler/ir/ir.h"

namespace weir::driver {

struct CompiledExpressions {
  std::shared_ptr<base::SourceMap> sources;  // expression i is file i
  std::vector<base::Diagnostic> diagnostics;
  std::shared_ptr<types::TypeTable> types;
  std::shared_ptr<ir::Module> module;       // one graph for all, memos planned; null if any failed
  std::vector<ir::NodeId> roots;            // parallel to the texts
  std::vector<const types::Type*> deduced;  // likewise; null where an expression failed, dyn if unchecked
};

// With check = false names are resolved as far as they can be and everything else is left to run time, as CEL's
// parse-only evaluation does; only a parse error fails then. `types` must be the table of the environment's types.
CompiledExpressions compile_expressions(const std::vector<std::string>& texts, const check::ExprEnv& env,
                                        const std::shared_ptr<types::TypeTable>& types, bool check);

struct CompiledExpression {
  std::shared_ptr<base::SourceMap> sources;
  std::vector<base::Diagnostic> diagnostics;
  std::shared_ptr<types::TypeTable> types;
  std::shared_ptr<ir::Module> module;  // null on error
  ir::NodeId root = ir::kNoNode;
  const types::Type* type = nullptr;  // deduced
};
CompiledExpression compile_expression(std::string_view text, const check::ExprEnv& env,
                                      std::shared_ptr<types::TypeTable> types, bool check);

}  // namespace weir::driver
