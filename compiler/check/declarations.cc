#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/module_checker.h"

namespace weir::check {

using syntax::StatementKind;
using types::Kind;
using types::Type;

namespace {

constexpr std::string_view kListKinds[] = {"cidr", "domain", "regex"};

bool is_type_name(std::string_view name) {
  auto names = type_names();
  return std::find(names.begin(), names.end(), name) != names.end() || name == "timestamp" || name == "duration";
}

std::string with_article(Symbol::Kind kind) {
  std::string_view name = kind_name(kind);
  bool vowel = std::string_view("aeiou").find(name[0]) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "an" : "a", name);
}

// The statement that declares a name, as one would start to write it.
std::string declaration_of(Symbol::Kind kind, std::string_view name, const Module& module) {
  switch (kind) {
    case Symbol::Kind::kEntity:
      return fmt::format("entity {}: string", name);
    case Symbol::Kind::kEvent:
      return fmt::format("event {} {{ field: string }}", name);
    case Symbol::Kind::kLabel:
      return fmt::format("label {} on {}", name, module.entities.size() == 1 ? module.entities[0].name : "Entity");
    case Symbol::Kind::kAction:
      return fmt::format("action {}(parameter: string)", name);
    default:
      return {};
  }
}

// Names with a meaning of their own in expressions.
bool is_reserved(std::string_view name, Symbol::Kind kind) {
  if (kind == Symbol::Kind::kEntity) {
    return is_type_name(name) || std::find(std::begin(kListKinds), std::end(kListKinds), name) != std::end(kListKinds);
  }
  if (kind == Symbol::Kind::kEvent) return is_type_name(name);
  if (kind != Symbol::Kind::kLet && kind != Symbol::Kind::kFeature && kind != Symbol::Kind::kList) return false;
  for (std::string_view import : std_imports())
    if (import.substr(import.find('.') + 1) == name) return true;
  return is_type_name(name) || name == "labels" || name == "score" || name == "cel";
}

}  // namespace

void ModuleChecker::check_imports() {
  for (const syntax::FileAst& file : module_->files) {
    for (const syntax::Name& import : file.imports) {
      std::vector<std::string_view> known = std_imports();
      known.insert(known.end(), imports_.packages().begin(), imports_.packages().end());
      if (std::find(known.begin(), known.end(), import.text) != known.end()) continue;
      std::sort(known.begin(), known.end());
      auto diagnostic = sink_.emit(base::DiagKind::kUnknownImport, import.span,
                                   fmt::format("there is no package `{}` among these files", import.text));
      std::string_view guess = base::did_you_mean(import.text, known);
      if (!guess.empty()) {
        diagnostic.hint(fmt::format("did you mean `{}`?", guess));
      } else if (import.text.substr(0, 4) == "std.") {
        diagnostic.hint("the standard packages are std.text, std.url and std.ip");
      }
    }
  }
}

bool ModuleChecker::declare(const syntax::Name& name, Symbol::Kind kind, int index) {
  if (name.text.empty()) return false;  // did not parse
  if (is_reserved(name.text, kind)) {
    sink_
        .emit(base::DiagKind::kReservedName, name.span,
              fmt::format("`{}` is built in and cannot be the name of {}", name.text, with_article(kind)))
        .hint("choose another name");
    return false;
  }
  const Symbol* taken = symbols_.add(name.text, {kind, index, imports_.package_of(file_), name.span});
  if (taken == nullptr) return true;
  sink_
      .emit(base::DiagKind::kDuplicateName, name.span,
            taken->kind == kind ? fmt::format("{} `{}` is declared twice", kind_name(kind), name.text)
                                : fmt::format("`{}` is already {}", name.text, with_article(taken->kind)))
      .label(taken->span, "first declared here");
  return false;
}

const Symbol* ModuleChecker::look_up(Symbol::Kind kind, const syntax::Name& name) {
  if (name.text.empty()) return nullptr;
  const Symbol* symbol = std::as_const(symbols_).find(kind, imports_.unqualified(file_, name.text));
  if (symbol == nullptr) symbol = std::as_const(symbols_).find(kind, name.text);
  if (symbol == nullptr || symbol->kind != kind) {
    auto diagnostic = sink_.emit(base::DiagKind::kUndeclared, name.span,
                                 fmt::format("there is no {} `{}`", kind_name(kind), name.text));
    std::vector<std::string_view> names = symbols_.names(kind);
    std::string_view guess = base::did_you_mean(name.text, names);
    if (!guess.empty()) {
      diagnostic.hint(fmt::format("did you mean `{}`?", guess));
    } else if (std::string statement = declaration_of(kind, name.text, *module_); !statement.empty()) {
      diagnostic.hint(fmt::format("declare it: `{}`", statement));
    }
    return nullptr;
  }
  if (imports_.visible(file_, *symbol)) return symbol;
  sink_
      .emit(base::DiagKind::kNotImported, name.span,
            fmt::format("{} `{}` belongs to package `{}`", kind_name(kind), name.text, symbol->package))
      .hint(fmt::format("write `import {}` at the top of this file", symbol->package));
  return nullptr;
}

const Type* ModuleChecker::read_type(const syntax::TypeExpr& type) {
  auto arity = [&](size_t wanted) {
    if (type.args.size() == wanted) return true;
    sink_
        .emit(base::DiagKind::kUnknownType, type.span,
              wanted == 0 ? fmt::format("`{}` has no type arguments", type.name)
                          : fmt::format("`{}` needs {} type argument{}", type.name, wanted, wanted == 1 ? "" : "s"))
        .hint(type.name == "map" ? "write `map<string, int>`"
              : wanted == 1      ? "write `list<string>`"
                                 : "");
    return false;
  };
  if (type.name == "list") {
    if (!arity(1)) return nullptr;
    const Type* element = read_type(type.args[0]);
    return element == nullptr ? nullptr : types_.list(element);
  }
  if (type.name == "map") {
    if (!arity(2)) return nullptr;
    const Type* key = read_type(type.args[0]);
    const Type* value = read_type(type.args[1]);
    return key == nullptr || value == nullptr ? nullptr : types_.map(key, value);
  }
  for (std::string_view name : {"bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration", "dyn"}) {
    if (type.name == name) return arity(0) ? types_.parse(name) : nullptr;
  }
  if (const Symbol* entity = std::as_const(symbols_).find(Symbol::Kind::kEntity, type.name)) {
    if (!arity(0)) return nullptr;
    if (!imports_.visible(file_, *entity)) {
      look_up(Symbol::Kind::kEntity, {type.name, type.span});
      return nullptr;
    }
    return module_->entities[static_cast<size_t>(entity->index)].type;
  }
  if (type.name.empty()) return nullptr;
  auto diagnostic =
      sink_.emit(base::DiagKind::kUnknownType, type.span, fmt::format("there is no type `{}`", type.name));
  std::vector<std::string_view> names = symbols_.names(Symbol::Kind::kEntity);
  for (std::string_view name :
       {"bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration", "list", "map"})
    names.push_back(name);
  std::string_view guess = base::did_you_mean(type.name, names);
  if (type.name == "optional") {
    diagnostic.hint("a field that may be missing is written `T?`");
  } else if (!guess.empty()) {
    diagnostic.hint(fmt::format("did you mean `{}`?", guess));
  }
  return nullptr;
}

void ModuleChecker::declare_entities() {
  for_each_statement(StatementKind::kEntity, [&](const syntax::Statement& s) {
    const syntax::EntityStmt& ast = *s.entity;
    const Type* base = ast.type.name == "string" ? types_.string() : types_.integer();
    if (ast.type.name != "string" && ast.type.name != "int" && !ast.type.name.empty()) {
      sink_
          .emit(base::DiagKind::kUnknownType, ast.type.span,
                fmt::format("an entity cannot be made of `{}`", ast.type.name))
          .hint("entities are strings or ints");
    }
    if (!declare(ast.name, Symbol::Kind::kEntity, static_cast<int>(module_->entities.size()))) return;
    module_->entities.push_back({ast.name.text, types_.entity(ast.name.text, base), ast.name.span});
  });
}

void ModuleChecker::declare_events() {
  for_each_statement(StatementKind::kEvent, [&](const syntax::Statement& s) {
    const syntax::EventStmt& ast = *s.event;
    Event event;
    event.span = ast.name.span;
    event.schema.name = ast.name.text;
    event.schema.fields.push_back({"time", types_.timestamp(), false, ast.name.span});
    event.schema.fields.push_back({"id", types_.string(), false, ast.name.span});
    for (const syntax::FieldDecl& field : ast.fields) {
      const Type* type = read_type(field.type);
      int taken = event.schema.find(field.name.text);
      if (taken >= 0) {
        auto diagnostic = sink_.emit(base::DiagKind::kDuplicateName, field.name.span,
                                     fmt::format("field `{}` is declared twice", field.name.text));
        if (taken <= types::EventSchema::kIdSlot) {
          diagnostic.hint("every event has `time: timestamp` and `id: string`");
        } else {
          diagnostic.label(event.schema.fields[static_cast<size_t>(taken)].span, "first declared here");
        }
        continue;
      }
      event.schema.fields.push_back(
          {field.name.text, type != nullptr ? type : types_.error(), field.optional, field.name.span});
    }
    if (!declare(ast.name, Symbol::Kind::kEvent, static_cast<int>(module_->events.size()))) return;
    module_->events.push_back(std::move(event));
  });
}

void ModuleChecker::declare_labels() {
  for_each_statement(StatementKind::kLabel, [&](const syntax::Statement& s) {
    const syntax::LabelStmt& ast = *s.label;
    const Symbol* entity = look_up(Symbol::Kind::kEntity, ast.entity);
    for (const syntax::Name& name : ast.names) {
      if (!declare(name, Symbol::Kind::kLabel, static_cast<int>(module_->labels.size()))) continue;
      module_->labels.push_back(
          {name.text, entity == nullptr ? -1 : entity->index, ast.max_age ? ast.max_age->nanos : 0, name.span});
    }
  });
}

void ModuleChecker::declare_actions() {
  for_each_statement(StatementKind::kAction, [&](const syntax::Statement& s) {
    const syntax::ActionStmt& ast = *s.action;
    Action action{ast.name.text, {}, ast.name.span};
    for (const syntax::ActionStmt::Param& param : ast.params) {
      const Type* type = read_type(param.type);
      action.params.emplace_back(param.name.text, type != nullptr ? type : types_.error());
    }
    if (!declare(ast.name, Symbol::Kind::kAction, static_cast<int>(module_->actions.size()))) return;
    module_->actions.push_back(std::move(action));
  });
}

// Lets and features by name; features get their indices when they are sorted.
void ModuleChecker::declare_lets() {
  for_each_statement(StatementKind::kLet, [&](const syntax::Statement& s) {
    const syntax::LetStmt& ast = *s.let;
    if (!declare(ast.name, Symbol::Kind::kLet, static_cast<int>(module_->lets.size()))) return;
    module_->lets.push_back({ast.name.text, ast.value, nullptr, Place::kNoEvent, ast.name.span});
    let_asts_.push_back(&ast);
  });
  for_each_statement(StatementKind::kFeature, [&](const syntax::Statement& s) {
    if (!declare(s.feature->name, Symbol::Kind::kFeature, static_cast<int>(feature_asts_.size()))) return;
    feature_asts_.push_back(&*s.feature);
  });
}

void ModuleChecker::declare_rules() {
  std::unordered_map<std::string, base::Span> ids;
  for_each_statement(StatementKind::kRule, [&](const syntax::Statement& s) {
    const syntax::RuleStmt& ast = *s.rule;
    if (!declare(ast.name, Symbol::Kind::kRule, static_cast<int>(rule_asts_.size()))) return;
    rule_asts_.push_back(&ast);
    rule_files_.push_back(file_);
    base::Span span = ast.id ? ast.id_span : ast.name.span;
    auto [taken, added] = ids.emplace(ast.id.value_or(ast.name.text), span);
    if (added) return;
    sink_.emit(base::DiagKind::kDuplicateId, span, fmt::format("rule id `{}` is used twice", taken->first))
        .label(taken->second, "first used here")
        .hint("an id names one rule for good: its history hangs on it");
  });
}

}  // namespace weir::check
