// A checked rule set to a Program.
#pragma once

#include <memory>

#include "compiler/base/diagnostics.h"
#include "compiler/check/module.h"
#include "compiler/ir/program.h"
#include "compiler/lower/expression.h"

namespace weir::lower {

// The module must have been checked without errors. Memos are not planned yet (opt/pipeline.h does).
ir::Program lower_module(const check::Module& module, std::shared_ptr<base::SourceMap> sources, Simplify simplify,
                         base::DiagnosticSink& sink);

// Puts rule `index` of the module, which was checked again, into a program that was lowered from it and whose memos
// are not planned. What only the rule before it used stays behind.
void lower_rule(const check::Module& module, size_t index, ir::Program& program, Simplify simplify,
                base::DiagnosticSink& sink);

// An expression checked with check_on_event, added to the program's graph.
ir::NodeId lower_on_event(const syntax::Expr& expr, const check::Module& module, int event,
                          const check::Annotations& annotations, ir::Program& program, Simplify simplify,
                          base::DiagnosticSink& sink);

}  // namespace weir::lower
