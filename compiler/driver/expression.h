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

struct CompiledExpression {
  std::shared_ptr<base::SourceMap> sources;
  std::vector<base::Diagnostic> diagnostics;
  std::shared_ptr<types::TypeTable> types;
  std::shared_ptr<ir::Module> module;  // memos planned; null on error
  ir::NodeId root = ir::kNoNode;
  const types::Type* type = nullptr;  // deduced; dyn if unchecked
};

// With check = false names are resolved as far as they can be and everything else is left to run time, as CEL's
// parse-only evaluation does; only a parse error fails then. `types` must be the table of the environment's types.
CompiledExpression compile_expression(std::string_view text, const check::ExprEnv& env,
                                      std::shared_ptr<types::TypeTable> types, bool check);

}  // namespace weir::driver
