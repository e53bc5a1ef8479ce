#include "compiler/check/module_scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace weir::check {

using syntax::Expr;
using types::Type;

ModuleScope::ModuleScope(const Module& module, const Symbols& symbols, const Imports* imports, types::TypeTable& types)
    : module_(module), symbols_(symbols), imports_(imports), types_(types) {}

void ModuleScope::set_place(Place place, base::FileId file) {
  place_ = std::move(place);
  file_ = file;
}

const Symbol* ModuleScope::visible_value(std::string_view name) const {
  if (imports_ != nullptr) {
    const Symbol* plain = symbols_.find_value(name);
    if (plain == nullptr) name = imports_->unqualified(file_, name);
  }
  const Symbol* symbol = symbols_.find_value(name);
  return symbol != nullptr && is_visible(*symbol) ? symbol : nullptr;
}

// Whether what belongs to an event can be read here. An open place takes the first event for its own.
bool ModuleScope::event_fits(int event) {
  if (event == Place::kNoEvent) return true;
  if (place_.event_open && place_.event == Place::kNoEvent) place_.event = event;
  return place_.event == event;
}

std::optional<Binding> ModuleScope::find_variable(std::string_view name) const {
  Binding binding;
  binding.ref.kind = RefKind::kSlot;
  for (size_t i = place_.row.size(); i-- > 0;) {
    if (place_.row[i].first != name) continue;
    binding.type = place_.row[i].second;
    binding.ref.index = static_cast<int32_t>(i);
    return binding;
  }
  if (place_.event == Place::kNoEvent) return std::nullopt;
  const Event& event = module_.events[static_cast<size_t>(place_.event)];
  if (place_.each_var != nullptr && place_.each_var->text == name) {
    binding.type = place_.each_type;
    binding.ref.index = event.each_slot();
    return binding;
  }
  if (place_.score && name == "score") {
    binding.type = types_.dbl();
    binding.ref.index = event.score_slot();
    return binding;
  }
  return std::nullopt;
}

std::optional<Binding> ModuleScope::find(std::string_view name, bool absolute) {
  if (!absolute)
    if (auto variable = find_variable(name)) return variable;
  Binding binding;
  if (const Symbol* symbol = visible_value(name)) {
    auto index = static_cast<size_t>(symbol->index);
    binding.ref.index = symbol->index;
    switch (symbol->kind) {
      case Symbol::Kind::kLet: {
        const Let& let = module_.lets[index];
        if (!event_fits(let.event)) return std::nullopt;
        binding.type = let.type != nullptr ? let.type : types_.error();
        binding.ref.kind = RefKind::kLet;
        return binding;
      }
      case Symbol::Kind::kFeature: {
        const Feature& feature = module_.features[index];
        if (feature.each_list != nullptr || !event_fits(feature.event)) return std::nullopt;
        binding.type = feature.type != nullptr ? feature.type : types_.error();
        binding.ref.kind = RefKind::kFeature;
        return binding;
      }
      default:
        return std::nullopt;
    }
  }
  if (size_t dot = name.rfind('.'); dot != std::string_view::npos) {
    const Symbol* symbol = visible_value(name.substr(0, dot));
    if (symbol != nullptr && symbol->kind == Symbol::Kind::kEvent) {
      const Event& event = module_.events[static_cast<size_t>(symbol->index)];
      int slot = event.schema.find(name.substr(dot + 1));
      if (slot < 0 || !event_fits(symbol->index)) return std::nullopt;
      binding.type = event.schema.fields[static_cast<size_t>(slot)].type;
      binding.ref.kind = RefKind::kSlot;
      binding.ref.index = slot;
      return binding;
    }
  }
  return find_type_name(name, types_);
}

std::string ModuleScope::find_function(std::string_view name) {
  if (!name.empty() && name[0] == '.') name.remove_prefix(1);
  return module_.overloads->has_function(name) ? std::string(name) : std::string();
}

bool ModuleScope::allow_function(std::string_view function, base::Span span, base::DiagnosticSink& sink) {
  if (imports_ == nullptr) return true;
  std::string_view import = import_needed(function);
  if (import.empty() || imports_->imports(file_, import)) return true;
  sink.emit(base::DiagKind::kNotImported, span, fmt::format("`{}` is used without its import", function))
      .hint(fmt::format("write `import {}` at the top of this file", import));
  return false;
}

void ModuleScope::report_undeclared(const Expr& chain, std::span<const std::string_view> locals,
                                    base::DiagnosticSink& sink) {
  std::vector<const Expr*> parts = selection_chain(chain);
  const Expr& root = *parts.back();
  std::string name;
  if (qualified_name(chain, &name, max_parts()) || qualified_name(root, &name, 1)) {
    // The longest prefix that names something explains best why it is no value here.
    for (size_t end = name.size(); end != std::string::npos && end > 0; end = name.rfind('.', end - 1)) {
      std::string_view prefix = std::string_view(name).substr(0, end);
      const Symbol* symbol = symbols_.find_value(prefix);
      if (symbol == nullptr && imports_ != nullptr) symbol = symbols_.find_value(imports_->unqualified(file_, prefix));
      if (symbol != nullptr) return report_symbol(*symbol, chain, sink);
    }
  } else if (const Symbol* symbol = symbols_.find_value(root.name)) {
    return report_symbol(*symbol, chain, sink);  // has(post.x)
  }

  auto diagnostic = sink.emit(base::DiagKind::kUndeclared, root.span, fmt::format("`{}` is not declared", root.name));
  for (size_t i = 0; i < module_.events.size(); ++i) {
    const types::EventSchema& schema = module_.events[i].schema;
    bool here = place_.event_open ? place_.event == Place::kNoEvent || place_.event == static_cast<int>(i)
                                  : place_.event == static_cast<int>(i);
    if (!here || schema.find(root.name) <= types::EventSchema::kIdSlot) continue;
    diagnostic.hint(fmt::format("did you mean the field `{}.{}`?", schema.name, root.name));
    return;
  }
  if (symbols_.find(Symbol::Kind::kLabel, root.name) != nullptr) {
    diagnostic.hint(fmt::format("a label is asked for as `\"{}\" in labels(key)`", root.name));
    return;
  }
  if (symbols_.find(Symbol::Kind::kRule, root.name) != nullptr) {
    diagnostic.hint("rules do not read each other: name what they share with `let`");
    return;
  }
  if (place_.each_var != nullptr || root.name != "score") {
    std::vector<std::string_view> names(locals.begin(), locals.end());
    for (Symbol::Kind kind : {Symbol::Kind::kLet, Symbol::Kind::kFeature, Symbol::Kind::kList, Symbol::Kind::kEvent}) {
      std::vector<std::string_view> declared = symbols_.names(kind);
      names.insert(names.end(), declared.begin(), declared.end());
    }
    for (const auto& [variable, type] : place_.row) names.push_back(variable);
    if (place_.each_var != nullptr) names.push_back(place_.each_var->text);
    names.insert(names.end(), type_names().begin(), type_names().end());
    std::string_view guess = base::did_you_mean(root.name, names);
    if (!guess.empty()) diagnostic.hint(fmt::format("did you mean `{}`?", guess));
    return;
  }
  diagnostic.hint("`score` is known in `decide` only");
}

void ModuleScope::report_symbol(const Symbol& symbol, const Expr& chain, base::DiagnosticSink& sink) {
  const Expr& root = *selection_chain(chain).back();
  auto index = static_cast<size_t>(symbol.index);
  std::string_view kind = kind_name(symbol.kind);
  if (!is_visible(symbol)) {
    sink.emit(base::DiagKind::kNotImported, root.span,
              fmt::format("{} `{}` belongs to package `{}`", kind, root.name, symbol.package))
        .hint(fmt::format("write `import {}` at the top of this file", symbol.package));
    return;
  }
  int event = symbol.kind == Symbol::Kind::kEvent     ? symbol.index
              : symbol.kind == Symbol::Kind::kLet     ? module_.lets[index].event
              : symbol.kind == Symbol::Kind::kFeature ? module_.features[index].event
                                                      : Place::kNoEvent;
  auto event_name = [&](int e) -> const std::string& { return module_.events[static_cast<size_t>(e)].schema.name; };
  if (symbol.kind == Symbol::Kind::kList) {
    sink.emit(base::DiagKind::kNotAValue, root.span, fmt::format("list `{}` is not a value", root.name))
        .hint(fmt::format("ask for a member: `x in {}`", root.name));
    return;
  }
  if (symbol.kind == Symbol::Kind::kFeature && module_.features[index].each_list != nullptr) {
    sink.emit(base::DiagKind::kNotAValue, root.span,
              fmt::format("feature `{}` is kept per element of a list and has no one value for an event", root.name))
        .hint(fmt::format("read it at a key: `{}[key]`", root.name))
        .label(symbol.span, "declared with `each`");
    return;
  }
  bool open = place_.event_open && place_.event == Place::kNoEvent;
  if (event != Place::kNoEvent && event != place_.event && !open) {
    auto diagnostic =
        sink.emit(base::DiagKind::kWrongEvent, chain.span,
                  place_.event == Place::kNoEvent
                      ? fmt::format("there is no current event in a {}", place_.what)
                      : fmt::format("this {} is about `{}`, {} of `{}`", place_.what, event_name(place_.event),
                                    symbol.kind == Symbol::Kind::kEvent ? "not" : fmt::format("`{}` is", root.name),
                                    event_name(event)));
    if (symbol.kind == Symbol::Kind::kFeature) diagnostic.hint(fmt::format("read it at a key: `{}[key]`", root.name));
    diagnostic.label(symbol.span, "declared here");
    return;
  }
  if (symbol.kind == Symbol::Kind::kEvent) return report_unknown_field(symbol.index, chain, sink);
  sink.emit(base::DiagKind::kUndeclared, root.span, fmt::format("{} `{}` is not a value here", kind, root.name));
}

void ModuleScope::report_unknown_field(int event, const Expr& chain, base::DiagnosticSink& sink) {
  const types::EventSchema& schema = module_.events[static_cast<size_t>(event)].schema;
  std::vector<const Expr*> parts = selection_chain(chain);
  if (parts.size() < 2) {
    sink.emit(base::DiagKind::kNotAValue, chain.span, fmt::format("event `{}` is not a value", schema.name))
        .hint(fmt::format("name one of its fields: `{}.{}`", schema.name, schema.fields.back().name));
    return;
  }
  const Expr& selection = *parts[parts.size() - 2];
  report_no_field(sink, schema, selection.name, selection.name_span);
}

bool ModuleScope::report_optional_field(std::string_view owner, const Expr& field, base::DiagnosticSink& sink) {
  const Symbol* symbol = visible_value(owner);
  if (symbol == nullptr || symbol->kind != Symbol::Kind::kEvent || !event_fits(symbol->index)) return false;
  report_no_field(sink, module_.events[static_cast<size_t>(symbol->index)].schema, field.constant.s, field.span);
  return true;
}

void report_no_field(base::DiagnosticSink& sink, const types::EventSchema& event, std::string_view field,
                     base::Span span) {
  constexpr size_t kMostListed = 12;
  auto diagnostic =
      sink.emit(base::DiagKind::kUnknownField, span, fmt::format("event `{}` has no field `{}`", event.name, field));
  std::vector<std::string_view> names;
  for (const types::Field& f : event.fields) names.push_back(f.name);
  std::string_view guess = base::did_you_mean(field, names);
  if (!guess.empty()) {
    diagnostic.hint(fmt::format("did you mean `{}`?", guess));
    return;
  }
  // Declared ones first, then `time` and `id`, which every event has.
  std::rotate(names.begin(), names.begin() + types::EventSchema::kIdSlot + 1, names.end());
  bool more = names.size() > kMostListed;
  if (more) names.resize(kMostListed);
  diagnostic.hint(fmt::format("it has {}{}", fmt::join(names, ", "), more ? ", ..." : ""));
}

base::DiagnosticSink::Builder report_mismatch(base::DiagnosticSink& sink, base::Span span, std::string_view what,
                                              const Type* wanted, const Type* seen) {
  bool entities = wanted->is(types::Kind::kEntity) && seen->is(types::Kind::kEntity);
  return sink.emit(entities ? base::DiagKind::kEntityMismatch : base::DiagKind::kTypeMismatch, span,
                   fmt::format("{} is `{}`, this is `{}`", what, types::to_string(wanted), types::to_string(seen)));
}

}  // namespace weir::check
