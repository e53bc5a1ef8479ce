#include "compiler/syntax/macros.h"

#include <fmt/format.h>

#include <utility>

namespace weir::syntax {
namespace {

constexpr MacroInfo kMacros[] = {
#define WEIR_MACRO(name, style, least, most, forms, doc, example) \
  {name, MacroInfo::Style::style, least, most, forms, doc, example},
#include "compiler/syntax/macros.def"
#undef WEIR_MACRO
};

// The macro's name with static storage, or empty: Expr::macro outlives the source.
std::string_view receiver_macro(std::string_view function, size_t args) {
  for (const MacroInfo& macro : kMacros) {
    if (macro.style == MacroInfo::Style::kMember && macro.name == function && args >= macro.least && args <= macro.most)
      return macro.name;
  }
  return {};
}

bool is_namespace(const Expr* receiver, std::string_view name) {
  return receiver != nullptr && receiver->kind == ExprKind::kIdent && receiver->name == name;
}

}  // namespace

std::span<const MacroInfo> macros() { return kMacros; }

Expr* MacroExpander::expand(Expr* call) {
  if (call->operand == nullptr) return call->name == "has" && call->args.size() == 1 ? expand_has(call) : call;
  if (is_namespace(call->operand, "cel")) return expand_cel_namespace(call);
  if (is_namespace(call->operand, "math") && (call->name == "greatest" || call->name == "least")) {
    return expand_extremum(call);
  }
  std::string_view macro = receiver_macro(call->name, call->args.size());
  if (macro.empty()) return call;
  if (macro == "map") return expand_map(call);
  if (macro == "filter") return expand_filter(call);
  if (macro == "sortBy") return expand_sort_by(call);
  if (macro == "optMap" || macro == "optFlatMap") return expand_optional_map(call);
  if (macro.substr(0, 9) == "transform") return expand_transform(call);
  return expand_quantifier(call);
}

Expr* MacroExpander::expand_cel_namespace(Expr* call) {
  size_t count = call->args.size();
  if (call->name == "bind" && count == 3) return expand_bind(call);
  if (call->name == "block" && count == 2) return expand_block(call);
  if (call->name == "index" && count == 1) return expand_index(call);
  if ((call->name == "iterVar" || call->name == "accuVar") && count == 2) return expand_block_variable(call);
  return call;
}

Expr* MacroExpander::expand_has(Expr* call) {
  Expr* selection = call->args[0];
  if (selection->kind == ExprKind::kError) return selection;
  if (selection->kind != ExprKind::kSelect || selection->test_only) {
    return bad_argument(call, selection->span, "`has` needs a field selection", "write `has(a.b)`");
  }
  selection->test_only = true;
  selection->span = call->span;
  selection->macro = "has";
  return selection;
}

Expr* MacroExpander::expand_quantifier(Expr* call) {
  std::string_view macro = receiver_macro(call->name, call->args.size());
  Comprehension parts;
  if (!variables(call, call->args.size() - 1, parts)) return bad_argument(call, call->span, {});
  Expr* predicate = call->args.back();
  if (macro == "all") {
    parts.accu_init = boolean(call, true);
    parts.loop_condition = call_of(call, "@not_strictly_false", {accumulator(call)});
    parts.loop_step = call_of(call, "_&&_", {accumulator(call), predicate});
    parts.result = accumulator(call);
  } else if (macro == "exists") {
    parts.accu_init = boolean(call, false);
    parts.loop_condition = call_of(call, "@not_strictly_false", {call_of(call, "!_", {accumulator(call)})});
    parts.loop_step = call_of(call, "_||_", {accumulator(call), predicate});
    parts.result = accumulator(call);
  } else {
    parts.accu_init = integer(call, 0);
    parts.loop_condition = boolean(call, true);
    parts.loop_step =
        conditional(call, predicate, call_of(call, "_+_", {accumulator(call), integer(call, 1)}), accumulator(call));
    parts.result = call_of(call, "_==_", {accumulator(call), integer(call, 1)});
  }
  return fold(call, macro, std::move(parts));
}

Expr* MacroExpander::expand_map(Expr* call) {
  Comprehension parts;
  if (!variables(call, 1, parts)) return bad_argument(call, call->span, {});
  Expr* step = call_of(call, "_+_", {accumulator(call), list(call, {call->args.back()})});
  if (call->args.size() == 3) step = conditional(call, call->args[1], step, accumulator(call));
  parts.accu_init = list(call);
  parts.loop_condition = boolean(call, true);
  parts.loop_step = step;
  parts.result = accumulator(call);
  return fold(call, "map", std::move(parts));
}

Expr* MacroExpander::expand_filter(Expr* call) {
  Comprehension parts;
  if (!variables(call, 1, parts)) return bad_argument(call, call->span, {});
  Expr* step = call_of(call, "_+_", {accumulator(call), list(call, {call->args[0]})});
  parts.accu_init = list(call);
  parts.loop_condition = boolean(call, true);
  parts.loop_step = conditional(call, call->args[1], step, accumulator(call));
  parts.result = accumulator(call);
  return fold(call, "filter", std::move(parts));
}

// The list is bound to a name no source can write; its keys are computed by a fold as that of map.
Expr* MacroExpander::expand_sort_by(Expr* call) {
  Comprehension parts;
  if (!variables(call, 1, parts)) return bad_argument(call, call->span, {});
  parts.iter_range = ident(call, kBoundTarget);
  parts.accu_init = list(call);
  parts.loop_condition = boolean(call, true);
  parts.loop_step = call_of(call, "_+_", {accumulator(call), list(call, {call->args[1]})});
  parts.result = accumulator(call);
  Expr* sorted = member_call(call, ident(call, kBoundTarget), "@sortByAssociatedKeys");
  sorted->args.push_back(fold(call, "map", std::move(parts)));
  return bind(call, "sortBy", std::string(kBoundTarget), call->operand, sorted);
}

Expr* MacroExpander::expand_transform(Expr* call) {
  std::string_view macro = receiver_macro(call->name, call->args.size());
  Comprehension parts;
  if (!variables(call, 2, parts)) return bad_argument(call, call->span, {});
  Expr* value = call->args.back();
  Expr* step = nullptr;
  if (macro == "transformList") {
    parts.accu_init = list(call);
    step = call_of(call, "_+_", {accumulator(call), list(call, {value})});
  } else {
    parts.accu_init = arena_.make(ExprKind::kMap, call->span);
    step = macro == "transformMap"
               ? call_of(call, "cel.@mapInsert", {accumulator(call), ident(call, parts.iter_var), value})
               : call_of(call, "cel.@mapInsert", {accumulator(call), value});
  }
  if (call->args.size() == 4) step = conditional(call, call->args[2], step, accumulator(call));
  parts.loop_condition = boolean(call, true);
  parts.loop_step = step;
  parts.result = accumulator(call);
  return fold(call, macro, std::move(parts));
}

Expr* MacroExpander::expand_bind(Expr* call) {
  std::string name;
  if (!variable(call, call->args[0], name)) return bad_argument(call, call->span, {});
  return bind(call, "cel.bind", std::move(name), call->args[1], call->args[2]);
}

Expr* MacroExpander::expand_block(Expr* call) {
  Expr* slots = call->args[0];
  if (slots->kind == ExprKind::kError) return slots;
  if (slots->kind != ExprKind::kList) {
    return bad_argument(call, slots->span, "`cel.block` needs a list literal as its first argument");
  }
  for (size_t i = 0; i < slots->args.size(); ++i) {
    if (slots->is_optional(i)) {
      return bad_argument(call, slots->args[i]->span, "`cel.block` takes no optional elements");
    }
  }
  Expr* result = call->args[1];
  for (size_t i = slots->args.size(); i-- > 0;) {
    result = bind(call, "cel.block", fmt::format("@index{}", i), slots->args[i], result);
  }
  return result;
}

Expr* MacroExpander::expand_index(Expr* call) {
  const Expr* index = call->args[0];
  if (index->kind != ExprKind::kConst || index->constant.kind != ConstKind::kInt || index->constant.i < 0) {
    return bad_argument(call, index->span, "`cel.index` needs a non-negative int literal");
  }
  return ident(call, fmt::format("@index{}", index->constant.i));
}

Expr* MacroExpander::expand_block_variable(Expr* call) {
  for (const Expr* arg : call->args) {
    if (arg->kind != ExprKind::kConst || arg->constant.kind != ConstKind::kInt || arg->constant.i < 0) {
      return bad_argument(call, arg->span, fmt::format("`cel.{}` needs two non-negative int literals", call->name));
    }
  }
  return ident(call, fmt::format("@{}:{}:{}", call->name == "iterVar" ? "it" : "ac", call->args[0]->constant.i,
                                 call->args[1]->constant.i));
}

// cel-go repeats the target, which grows chains exponentially; here it is bound once, to a name no source can write.
Expr* MacroExpander::expand_optional_map(Expr* call) {
  bool flat = call->name == "optFlatMap";
  std::string name;
  if (!variable(call, call->args[0], name)) return bad_argument(call, call->span, {});
  Expr* mapped = bind(call, {}, std::move(name), member_call(call, ident(call, kBoundTarget), "value"), call->args[1]);
  if (!flat) mapped = call_of(call, "optional.of", {mapped});
  Expr* choice = conditional(call, member_call(call, ident(call, kBoundTarget), "hasValue"), mapped,
                             call_of(call, "optional.none", {}));
  return bind(call, flat ? "optFlatMap" : "optMap", std::string(kBoundTarget), call->operand, choice);
}

namespace {

// Whether an argument of math.greatest can be a number: literals of other kinds cannot.
bool may_be_number(const Expr* arg) {
  switch (arg->kind) {
    case ExprKind::kConst:
      return arg->constant.kind == ConstKind::kInt || arg->constant.kind == ConstKind::kUint ||
             arg->constant.kind == ConstKind::kDouble;
    case ExprKind::kList:
    case ExprKind::kMap:
    case ExprKind::kStruct:
      return false;
    default:
      return true;
  }
}

bool is_list_of_numbers(const Expr* arg) {
  if (arg->kind != ExprKind::kList || arg->args.empty()) return false;
  for (const Expr* element : arg->args)
    if (!may_be_number(element)) return false;
  return true;
}

}  // namespace

Expr* MacroExpander::expand_extremum(Expr* call) {
  bool greatest = call->name == "greatest";
  std::string_view macro = greatest ? "math.greatest" : "math.least";
  if (call->args.empty()) {
    return bad_argument(call, call->span, fmt::format("`{}` needs at least one argument", macro));
  }
  bool one_list = call->args.size() == 1 && is_list_of_numbers(call->args[0]);
  for (const Expr* arg : call->args) {
    if (one_list || may_be_number(arg)) continue;
    return bad_argument(call, arg->span, fmt::format("`{}` compares numbers only", macro),
                        "arguments are numbers, or one list of numbers that is not empty");
  }
  std::vector<Expr*> args = call->args;
  if (args.size() > 2) args = {list(call, std::move(args))};
  Expr* result = call_of(call, greatest ? "math.@max" : "math.@min", std::move(args));
  result->macro = macro;
  return result;
}

Expr* MacroExpander::bad_argument(const Expr* call, base::Span span, std::string message, std::string hint) {
  if (!message.empty()) {
    auto report = sink_.emit(base::DiagKind::kBadMacroArgument, span, std::move(message));
    if (!hint.empty()) report.hint(std::move(hint));
  }
  return arena_.make(ExprKind::kError, call->span);
}

bool MacroExpander::variable(const Expr* call, const Expr* argument, std::string& name) {
  if (argument->kind == ExprKind::kError) return false;
  if (argument->kind != ExprKind::kIdent || argument->name[0] == '.' || argument->parenthesized) {
    bad_argument(call, argument->span, fmt::format("`{}` needs a variable name here", call->name),
                 "a comprehension variable is a plain name, such as `x`");
    return false;
  }
  if (argument->name == kAccumulator) {
    bad_argument(call, argument->span, fmt::format("`{}` cannot be a comprehension variable", argument->name));
    return false;
  }
  name = argument->name;
  return true;
}

bool MacroExpander::variables(const Expr* call, size_t count, Comprehension& parts) {
  if (!variable(call, call->args[0], parts.iter_var)) return false;
  if (count < 2) return true;
  if (!variable(call, call->args[1], parts.iter_var2)) return false;
  if (parts.iter_var == parts.iter_var2) {
    bad_argument(call, call->args[1]->span,
                 fmt::format("both variables of `{}` are called `{}`", call->name, parts.iter_var),
                 "give them different names");
    return false;
  }
  return true;
}

Expr* MacroExpander::ident(const Expr* at, std::string_view name) {
  Expr* e = arena_.make(ExprKind::kIdent, at->span);
  e->name = name;
  return e;
}

Expr* MacroExpander::boolean(const Expr* at, bool value) {
  Expr* e = arena_.make(ExprKind::kConst, at->span);
  e->constant.kind = ConstKind::kBool;
  e->constant.b = value;
  return e;
}

Expr* MacroExpander::integer(const Expr* at, int64_t value) {
  Expr* e = arena_.make(ExprKind::kConst, at->span);
  e->constant.kind = ConstKind::kInt;
  e->constant.i = value;
  return e;
}

Expr* MacroExpander::list(const Expr* at, std::vector<Expr*> elements) {
  Expr* e = arena_.make(ExprKind::kList, at->span);
  e->args = std::move(elements);
  return e;
}

Expr* MacroExpander::call_of(const Expr* at, std::string_view function, std::vector<Expr*> args) {
  Expr* e = arena_.make(ExprKind::kCall, at->span);
  e->name_span = at->name_span;
  e->name = function;
  e->args = std::move(args);
  return e;
}

Expr* MacroExpander::member_call(const Expr* at, Expr* receiver, std::string_view function) {
  Expr* e = call_of(at, function, {});
  e->operand = receiver;
  return e;
}

Expr* MacroExpander::conditional(const Expr* at, Expr* condition, Expr* yes, Expr* no) {
  return call_of(at, "_?_:_", {condition, yes, no});
}

Expr* MacroExpander::fold(const Expr* call, std::string_view macro, Comprehension parts) {
  Expr* e = arena_.make(ExprKind::kComprehension, call->span);
  e->name_span = call->name_span;
  e->macro = macro;
  if (parts.iter_range == nullptr) parts.iter_range = call->operand;
  if (parts.accu_var.empty()) parts.accu_var = kAccumulator;
  e->comprehension = std::make_unique<Comprehension>(std::move(parts));
  return e;
}

Expr* MacroExpander::bind(const Expr* call, std::string_view macro, std::string name, Expr* value, Expr* result) {
  Comprehension parts;
  parts.iter_var = kUnusedVariable;
  parts.accu_var = std::move(name);
  parts.iter_range = list(call);
  parts.accu_init = value;
  parts.loop_condition = boolean(call, false);
  parts.loop_step = ident(call, parts.accu_var);
  parts.result = result;
  return fold(call, macro, std::move(parts));
}

}  // namespace weir::syntax
