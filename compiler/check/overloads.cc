#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/infer.h"
#include "compiler/syntax/macros.h"

namespace weir::check {

using syntax::Expr;
using types::CallStyle;
using types::Kind;
using types::Type;

namespace {

constexpr Intrinsic kIntrinsics[] = {
    {"_&&_", "(bool, bool) -> bool", RefKind::kNone},
    {"_||_", "(bool, bool) -> bool", RefKind::kNone},
    {"!_", "(bool) -> bool", RefKind::kNone},
    {"@not_strictly_false", "(bool) -> bool", RefKind::kNone},
    {"_?_:_", "(bool, T, T) -> T", RefKind::kNone},
    {"cel.@mapInsert", "(map<K, V>, K, V) -> map<K, V>", RefKind::kNone},
    {"_[?_]", "(list<V>, int) -> optional<V>", RefKind::kNone},
    {"_[?_]", "(map<K, V>, K) -> optional<V>", RefKind::kNone},
    {"_[?_]", "(optional<list<V>>, int) -> optional<V>", RefKind::kNone},
    {"_[?_]", "(optional<map<K, V>>, K) -> optional<V>", RefKind::kNone},
    {"_[_]", "(optional<list<V>>, int) -> optional<V>", RefKind::kDynCall},
    {"_[_]", "(optional<map<K, V>>, K) -> optional<V>", RefKind::kDynCall},
};

struct OperatorText {
  std::string_view function;
  std::string_view text;
};
constexpr OperatorText kOperatorTexts[] = {
    {"_+_", "+"},
    {"_-_", "-"},
    {"_*_", "*"},
    {"_/_", "/"},
    {"_%_", "%"},
    {"-_", "-"},
    {"_==_", "=="},
    {"_!=_", "!="},
    {"_<_", "<"},
    {"_<=_", "<="},
    {"_>_", ">"},
    {"_>=_", ">="},
    {"@in", "in"},
    {"_[_]", "[]"},
    {"_&&_", "&&"},
    {"_||_", "||"},
    {"!_", "!"},
    {"_?_:_", "? :"},
    {"_[?_]", "[?]"},
    {"_?._", ".?"},
    {"@not_strictly_false", "a condition"},
    {"cel.@mapInsert", "transformMap"},
};

std::string type_list(const std::vector<const Type*>& types, size_t from = 0) {
  std::string out;
  for (size_t i = from; i < types.size(); ++i) {
    if (i > from) out += ", ";
    out += types::to_string(types[i]);
  }
  return out;
}

bool is_number(const Type* type) { return type->is(Kind::kInt) || type->is(Kind::kUint) || type->is(Kind::kDouble); }

bool is_comparison(std::string_view function) {
  return function == "_==_" || function == "_!=_" || function == "_<_" || function == "_<=_" || function == "_>_" ||
         function == "_>=_";
}

// A literal of a type with the content of another literal if it has one, else any: what could be written instead.
std::string example_literal(const Type* type, const syntax::Constant& c) {
  using syntax::ConstKind;
  switch (type->base()->kind()) {
    case Kind::kString:
      return c.kind == ConstKind::kInt    ? fmt::format("\"{}\"", c.i)
             : c.kind == ConstKind::kBool ? fmt::format("\"{}\"", c.b)
                                          : "\"text\"";
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble: {
      bool digits = c.kind == ConstKind::kString && !c.s.empty() && c.s.size() < 10 &&
                    c.s.find_first_not_of("0123456789") == std::string::npos && (c.s[0] != '0' || c.s.size() == 1);
      return fmt::format("{}{}", digits ? c.s : "1", type->is(Kind::kUint) ? "u" : type->is(Kind::kDouble) ? ".0" : "");
    }
    case Kind::kBool:
      return "true";
    case Kind::kTimestamp:
      return "timestamp(\"2026-01-31T00:00:00Z\")";
    case Kind::kDuration:
      return "duration(\"10m\")";
    default:
      return {};
  }
}

std::string comparison_hint(std::string_view op, const std::vector<const Expr*>& args,
                            const std::vector<const Type*>& types) {
  bool constant[2] = {args[0]->kind == syntax::ExprKind::kConst, args[1]->kind == syntax::ExprKind::kConst};
  if (constant[0] != constant[1]) {
    const Type* other = types[constant[0] ? 1 : 0];
    std::string example = example_literal(other, args[constant[0] ? 0 : 1]->constant);
    if (!example.empty() && !(other->base()->is(Kind::kBool) && op.size() == 1))
      return fmt::format("compare it with {} `{}`, such as `{}`", other->base()->is(Kind::kInt) ? "an" : "a",
                         types::to_string(other->base()), example);
  }
  if (types[0]->base()->is(Kind::kList) != types[1]->base()->is(Kind::kList))
    return "to ask for a member write `x in list`";
  for (size_t i = 0; i < 2; ++i)
    if (types[i]->base()->is(Kind::kString) && (is_number(types[1 - i]) || types[1 - i]->is(Kind::kBool)))
      return fmt::format("convert one side: `string(...)`, or `{}(...)`", types::to_string(types[1 - i]));
  return op == "==" || op == "!=" ? fmt::format("`{}` compares two values of one type", op) : std::string();
}

std::string membership_hint(const std::vector<const Type*>& types) {
  switch (types[1]->base()->kind()) {
    case Kind::kList:
    case Kind::kMap:
      return fmt::format("its {} are `{}`", types[1]->base()->is(Kind::kList) ? "elements" : "keys",
                         types::to_string(types[1]->base()->arg(0)));
    case Kind::kString:
      return "to look for a part of a text write `text.contains(\"...\")`";
    default:
      return "`in` asks a list or a map, such as `x in [1, 2]`";
  }
}

}  // namespace

std::span<const Intrinsic> intrinsics() { return kIntrinsics; }

bool is_operator(std::string_view function) {
  return std::any_of(std::begin(kOperatorTexts), std::end(kOperatorTexts),
                     [&](const OperatorText& entry) { return entry.function == function; });
}

std::string_view operator_text(std::string_view function) {
  for (const OperatorText& entry : kOperatorTexts)
    if (entry.function == function) return entry.text;
  return function;
}

std::vector<const Expr*> call_arguments(const Expr& call, bool member) {
  std::vector<const Expr*> args;
  args.reserve(call.args.size() + 1);
  if (member) args.push_back(call.operand);
  args.insert(args.end(), call.args.begin(), call.args.end());
  return args;
}

std::vector<Inference::Candidate> Inference::candidates(std::string_view function, CallStyle style) {
  std::vector<Candidate> result;
  for (const types::Overload* overload : overloads_.find(function, style)) {
    result.push_back({&overload->params, overload->result, overload, RefKind::kCall});
  }
  if (style == CallStyle::kOperator) {
    for (const IntrinsicOverload& i : intrinsics_)
      if (i.function == function) result.push_back({&i.overload.params, i.overload.result, nullptr, i.kind});
  }
  for (const HostOverload* host : scope_->host_overloads(function)) {
    if (host->member == (style == CallStyle::kMember)) {
      result.push_back({&host->params, host->result, nullptr, RefKind::kHostCall});
    }
  }
  return result;
}

void Inference::finish_call(const Frame& frame) {
  const Expr& e = *frame.expr;
  if (e.name == "_?._" && e.args.size() == 2) {
    set(*e.args[1], types_.string());
    set(e, select_field(e, *e.args[0], e.args[1]->constant.s, true));
    return;
  }
  std::vector<const Expr*> args = call_arguments(e, frame.member);
  std::vector<const Type*> arg_types;
  arg_types.reserve(args.size());
  bool failed = false;
  for (size_t i = 0; i < args.size(); ++i) {
    // The first was checked on the way here.
    arg_types.push_back(i == 0 ? annotations_.at(*args[i]).type : check(*args[i]));
    failed |= arg_types.back()->is(Kind::kError);
  }
  CallStyle style = frame.member ? CallStyle::kMember : is_operator(e.name) ? CallStyle::kOperator : CallStyle::kGlobal;
  std::string_view function = frame.member || frame.function.empty() ? std::string_view(e.name) : frame.function;
  std::vector<Candidate> all = candidates(function, style);
  if (all.empty()) {
    // What it is called on may be a misspelt name, already reported.
    if (!frame.member || !arg_types[0]->is(Kind::kError)) report_unknown_function(e, function, style);
    set(e, types_.error());
    return;
  }
  if (!scope_->allow_function(function, e.name_span, sink_)) failed = true;
  if (failed) {
    set(e, types_.error());
    return;
  }

  const Type* result = nullptr;
  const Candidate* match = nullptr;
  size_t matches = 0;
  for (const Candidate& candidate : all) {
    if (candidate.params->size() != arg_types.size()) continue;
    Unifier::Instance instance(unifier_);
    std::vector<const Type*> params;
    params.reserve(candidate.params->size());
    for (const Type* param : *candidate.params) params.push_back(instance(param));
    if (!unifier_.assignable(arg_types, params)) continue;
    const Type* type = resolved(instance(candidate.result));
    if (result == nullptr) {
      result = type;
    } else if (!result->is(Kind::kDyn) && result != type) {
      result = types_.dyn();
    }
    if (matches++ == 0 || candidate.overload != nullptr) match = &candidate;
  }
  if (result == nullptr) {
    report_no_overload(e, function, style, args, std::move(arg_types), all);
    set(e, types_.error());
    return;
  }
  Ref ref;
  ref.kind = match->kind == RefKind::kCall ? RefKind::kDynCall : match->kind;
  if (ref.kind == RefKind::kDynCall && function != e.name) ref.text = function;
  ref.style = style;
  set(e, result, std::move(ref));
  if (matches == 1 && match->overload != nullptr) pending_.push_back({&e, match->overload});
}

void Inference::report_unknown_function(const Expr& call, std::string_view function, CallStyle style) {
  if (!function.empty() && function[0] == '.') function.remove_prefix(1);
  bool member = style == CallStyle::kMember;
  CallStyle other = member ? CallStyle::kGlobal : CallStyle::kMember;
  if (!candidates(function, other).empty()) {
    sink_
        .emit(base::DiagKind::kUnknownFunction, call.name_span,
              member ? fmt::format("`{}` is not called on a value", function)
                     : fmt::format("`{}` is called on a value", function))
        .hint(member ? fmt::format("write `{}(x, ...)`", function) : fmt::format("write `x.{}(...)`", function));
    return;
  }
  auto diagnostic =
      sink_.emit(base::DiagKind::kUnknownFunction, call.name_span, fmt::format("there is no function `{}`", function));
  std::vector<std::string_view> names;
  for (std::string_view name : overloads_.function_names()) {
    if (is_operator(name) || name.find('@') != std::string_view::npos) continue;
    if (!overloads_.find(name, style).empty()) names.push_back(name);
  }
  for (const syntax::MacroInfo& macro : syntax::macros()) {
    if ((macro.style == syntax::MacroInfo::Style::kMember) != member) continue;
    if (macro.name == function) {
      diagnostic.hint(fmt::format("`{}` is a macro: {}", function, macro.forms));
      return;
    }
    names.push_back(macro.name);
  }
  std::string_view guess = base::did_you_mean(function, names);
  if (!guess.empty()) diagnostic.hint(fmt::format("did you mean `{}`?", guess));
}

void Inference::report_no_overload(const Expr& call, std::string_view function, CallStyle style,
                                   const std::vector<const Expr*>& args, std::vector<const Type*> arg_types,
                                   const std::vector<Candidate>& all) {
  for (const Type*& type : arg_types) type = unifier_.resolve(type, true);
  std::string_view text = operator_text(function);

  // If it would do with entities taken for what they are made of, they are what is wrong.
  std::vector<const Type*> bases;
  for (const Type* type : arg_types) bases.push_back(erase_entities(type, types_));
  bool entities = bases != arg_types && std::any_of(all.begin(), all.end(), [&](const Candidate& candidate) {
                    if (candidate.params->size() != bases.size()) return false;
                    Unifier::Instance instance(unifier_);
                    std::vector<const Type*> params;
                    for (const Type* param : *candidate.params) params.push_back(instance(param));
                    return unifier_.assignable(bases, params);
                  });

  std::string message;
  if (entities) {
    message = fmt::format("`{}` mixes different entities: {}", text, type_list(arg_types));
  } else if (style == CallStyle::kMember) {
    message = fmt::format("`{}` cannot be called on `{}` with ({})", text, types::to_string(arg_types[0]),
                          type_list(arg_types, 1));
  } else if (style == CallStyle::kOperator) {
    message = fmt::format("`{}` cannot be applied to ({})", text, type_list(arg_types));
  } else {
    message = fmt::format("`{}` cannot be called with ({})", text, type_list(arg_types));
  }
  auto diagnostic = sink_.emit(entities ? base::DiagKind::kEntityMismatch : base::DiagKind::kNoOverload, call.span,
                               std::move(message));
  for (size_t i = 0; i < args.size(); ++i) {
    diagnostic.label(args[i]->span, fmt::format("this is `{}`", types::to_string(arg_types[i])));
  }
  if (entities) {
    diagnostic.hint("if it is meant, compare texts: `string(x)` is no longer an entity");
    return;
  }
  if (style == CallStyle::kOperator && arg_types.size() == 2 && is_number(arg_types[0]) && is_number(arg_types[1])) {
    diagnostic.hint(fmt::format(
        "convert one side: `{}(...)`",
        types::to_string(arg_types[0]->is(Kind::kDouble) || arg_types[1]->is(Kind::kDouble) ? types_.dbl()
                                                                                            : types_.integer())));
    return;
  }
  if (style == CallStyle::kOperator && args.size() == 2) {
    std::string hint = is_comparison(function) ? comparison_hint(text, args, arg_types)
                       : function == "@in"     ? membership_hint(arg_types)
                                               : std::string();
    if (!hint.empty()) {
      diagnostic.hint(std::move(hint));
      return;
    }
  }
  // Those that fit most of the arguments are likely to be meant.
  std::vector<std::pair<size_t, const Candidate*>> ranked;
  for (const Candidate& candidate : all) {
    size_t wrong = 0;
    for (size_t i = 0; i < candidate.params->size(); ++i) {
      const Type* param = (*candidate.params)[i];
      wrong += i >= arg_types.size() || (param->kind() != arg_types[i]->base()->kind() && !param->is(Kind::kParam));
    }
    ranked.emplace_back(wrong, &candidate);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  constexpr size_t kShown = 4;
  std::string hint = fmt::format("`{}` takes ", text);
  for (size_t i = 0; i < ranked.size() && i <= kShown; ++i) {
    if (i == kShown) {
      hint += ", ...";
      break;
    }
    const std::vector<const Type*>& params = *ranked[i].second->params;
    bool member = style == CallStyle::kMember;
    hint +=
        fmt::format("{}{}({})", i > 0 ? " or " : "", member ? fmt::format("`{}`.", types::to_string(params[0])) : "",
                    type_list(params, member ? 1 : 0));
  }
  diagnostic.hint(std::move(hint));
}

}  // namespace weir::check
