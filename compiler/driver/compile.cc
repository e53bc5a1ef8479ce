#include "compiler/driver/compile.h"

#include <fmt/format.h>

#include "compiler/driver/constant_folding.h"
#include "compiler/driver/stages.h"
#include "compiler/lower/module.h"
#include "compiler/syntax/parse.h"

namespace weir::driver {

namespace {

ir::NodeId add_extra(const ExtraExpression& extra, Compilation& out, syntax::AstArena& arena, ir::Program& program,
                     base::DiagnosticSink& sink) {
  base::FileId file = out.sources->add("<expression>", extra.text);
  int event = program.find_event(extra.event);
  if (event < 0) {
    sink.emit(base::DiagKind::kUndeclared, base::Span{file, 0, 0}, fmt::format("no event is called `{}`", extra.event));
    return ir::kNoNode;
  }
  syntax::Expr* expr = syntax::parse_expression(file, *out.sources, arena, sink);
  if (expr == nullptr) return ir::kNoNode;
  // Expressions number on from those of the rules, so the annotations of both fit in one table.
  check::Annotations& annotations = out.checked->annotations;
  if (check::check_on_event(*expr, *out.checked, event, annotations, sink) == nullptr) return ir::kNoNode;
  return lower::lower_on_event(*expr, *out.checked, event, annotations, program, fold_constant, sink);
}

}  // namespace

std::unique_ptr<check::ModuleChecker> parse_and_check(std::vector<SourceText> sources, base::SourceMap& map,
                                                      std::shared_ptr<syntax::AstArena> arena,
                                                      const check::CheckOptions& options, base::DiagnosticSink& sink,
                                                      std::unique_ptr<check::Module>* module) {
  std::vector<syntax::FileAst> files;
  for (SourceText& source : sources) {
    base::FileId file = map.add(std::move(source.name), std::move(source.text));
    files.push_back(syntax::parse_file(file, map, *arena, sink));
  }
  auto checker = std::make_unique<check::ModuleChecker>(std::move(files), std::move(arena), options, sink);
  *module = checker->run();
  return checker;
}

void check_permitted(const check::Module& module, const CompileOptions& options, base::DiagnosticSink& sink) {
  if (module.rules.size() > options.max_rules)
    sink.emit(base::DiagKind::kTooLarge, module.rules[options.max_rules].span,
              fmt::format("more than {} rules", options.max_rules));
  if (!sink.has_errors()) check::check_limits(module, options.limits, sink);
}

Compilation compile_with(std::vector<SourceText> sources, const std::vector<ExtraExpression>& extra,
                         const CompileOptions& options, std::vector<ir::NodeId>* extra_nodes) {
  Compilation out;
  out.sources = std::make_shared<base::SourceMap>();
  auto arena = std::make_shared<syntax::AstArena>();
  base::DiagnosticSink sink;
  parse_and_check(std::move(sources), *out.sources, arena, {options.read_file, options.lint}, sink, &out.checked);
  check_permitted(*out.checked, options, sink);
  if (!sink.has_errors()) {
    auto program = std::make_shared<ir::Program>(lower::lower_module(*out.checked, out.sources, fold_constant, sink));
    std::vector<ir::NodeId> roots = program->roots();
    for (const ExtraExpression& e : extra) {
      ir::NodeId node = add_extra(e, out, *arena, *program, sink);
      extra_nodes->push_back(node);
      if (node != ir::kNoNode) roots.push_back(node);
    }
    if (!sink.has_errors()) {
      program->module.plan_memos(roots);
      out.program = std::move(program);
    }
  }
  out.diagnostics = sink.sorted();
  return out;
}

Compilation compile(std::vector<SourceText> sources, const CompileOptions& options) {
  std::vector<ir::NodeId> none;
  return compile_with(std::move(sources), {}, options, &none);
}

}  // namespace weir::driver
