#include "compiler/check/module.h"

#include <fmt/format.h>

#include <utility>

#include "compiler/check/lint.h"
#include "compiler/check/module_checker.h"

namespace weir::check {

using types::Type;

namespace {

std::unique_ptr<Module> make_module(std::vector<syntax::FileAst> files, std::shared_ptr<syntax::AstArena> arena) {
  auto module = std::make_unique<Module>();
  module->files = std::move(files);
  module->arena = std::move(arena);
  module->types = std::make_shared<types::TypeTable>();
  module->overloads = std::make_shared<types::OverloadTable>(*module->types);
  return module;
}

}  // namespace

ModuleChecker::ModuleChecker(std::vector<syntax::FileAst> files, std::shared_ptr<syntax::AstArena> arena,
                             CheckOptions options, base::DiagnosticSink& sink)
    : owned_(make_module(std::move(files), std::move(arena))),
      module_(owned_.get()),
      options_(std::move(options)),
      sink_(sink),
      types_(*module_->types),
      scope_(*module_, symbols_, &imports_, types_),
      inference_(scope_, types_, *module_->overloads, module_->annotations, sink),
      unifier_(types_) {}

std::unique_ptr<Module> ModuleChecker::run() {
  for (const syntax::FileAst& file : module_->files) imports_.add_file(file);
  check_imports();
  declare_entities();
  declare_events();
  declare_lists();
  declare_labels();
  declare_actions();
  declare_lets();
  declare_rules();
  order_definitions();
  for (const Definition& definition : definition_order_) {
    auto index = static_cast<size_t>(definition.index);
    if (definition.is_feature) {
      check_feature(module_->features[index]);
    } else {
      check_let(module_->lets[index]);
    }
  }
  check_rules();
  check_decides();
  check_tests();
  check_regexes();
  if (options_.lint && !sink_.has_errors()) lint(*module_, sink_);
  options_.read_file = nullptr;
  return std::move(owned_);
}

const Type* ModuleChecker::check_at(const syntax::Expr* expr, const Place& place) {
  if (expr == nullptr) return nullptr;
  scope_.set_place(place, expr->span.file);
  return inference_.check_whole(*expr);
}

void ModuleChecker::check_condition(const syntax::Expr* expr, const Place& place, std::string_view what) {
  const Type* type = check_at(expr, place);
  if (type == nullptr || fits(type, types_.boolean())) return;
  auto diagnostic = sink_.emit(base::DiagKind::kNotBool, expr->span,
                               fmt::format("{} is a `bool`, this is `{}`", what, types::to_string(type)));
  if (is_number(type)) diagnostic.hint("compare it with something: `... > 0`");
}

bool ModuleChecker::fits(const Type* seen, const Type* wanted) {
  unifier_.reset();
  return unifier_.assignable(seen, wanted);
}

// Keys are hashed and written to snapshots: texts, whole numbers and bools only.
bool ModuleChecker::check_key(const syntax::Expr& key, const Type* type) {
  switch (type->base()->kind()) {
    case types::Kind::kString:
    case types::Kind::kInt:
    case types::Kind::kUint:
    case types::Kind::kBool:
      return true;
    default:
      break;
  }
  auto diagnostic =
      sink_.emit(base::DiagKind::kBadKey, key.span, fmt::format("`{}` cannot be a key", types::to_string(type)));
  if (type->is(types::Kind::kList)) {
    diagnostic.hint("to count each element by itself write `each x in LIST by x`");
  } else {
    diagnostic.hint("keys are strings, ints, uints, bools and entities");
  }
  return false;
}

Place ModuleChecker::at_event(std::string_view what, int event) const {
  Place place;
  place.what = what;
  place.event = event;
  return place;
}

std::unique_ptr<Module> check_module(std::vector<syntax::FileAst> files, std::shared_ptr<syntax::AstArena> arena,
                                     const base::SourceMap&, const CheckOptions& options, base::DiagnosticSink& sink) {
  return ModuleChecker(std::move(files), std::move(arena), options, sink).run();
}

const Type* check_on_event(const syntax::Expr& expr, const Module& module, int event, Annotations& annotations,
                           base::DiagnosticSink& sink) {
  Symbols symbols(module);
  ModuleScope scope(module, symbols, Imports::everything(), *module.types);
  Place place;
  place.event = event;
  scope.set_place(place, expr.span.file);
  return Inference(scope, *module.types, *module.overloads, annotations, sink).check_whole(expr);
}

}  // namespace weir::check
