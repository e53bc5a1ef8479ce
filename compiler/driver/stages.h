// What compile() and Recompiler have in common. Part of the driver, not of its interface.
#pragma once

#include <memory>
#include <vector>

#include "compiler/check/module_checker.h"
#include "compiler/driver/compile.h"

namespace weir::driver {

// Files parse in the order given, so that diagnostics and rule numbers do not depend on anything else.
std::unique_ptr<check::ModuleChecker> parse_and_check(std::vector<SourceText> sources, base::SourceMap& map,
                                                      std::shared_ptr<syntax::AstArena> arena,
                                                      const check::CheckOptions& options, base::DiagnosticSink& sink,
                                                      std::unique_ptr<check::Module>* module);

// Whether the rules are as many and as costly as they may be, and whose they may be.
void check_permitted(const check::Module& module, const CompileOptions& options, base::DiagnosticSink& sink);

}  // namespace weir::driver
