#include "compiler/check/infer.h"

#include <fmt/format.h>

#include <utility>

namespace weir::check {

using syntax::Expr;
using syntax::ExprKind;
using types::Kind;
using types::Type;

Inference::Inference(Scope& scope, types::TypeTable& types, const types::OverloadTable& overloads,
                     Annotations& annotations, base::DiagnosticSink& sink)
    : scope_(&scope), types_(types), overloads_(overloads), annotations_(annotations), sink_(sink), unifier_(types) {
  for (const Intrinsic& intrinsic : intrinsics()) {
    types::Overload overload{};
    if (types::read_signature(intrinsic.signature, types, overload)) {
      intrinsics_.push_back({intrinsic.function, std::move(overload), intrinsic.kind});
    }
  }
}

const Type* Inference::check_whole(const Expr& expr) {
  unifier_.reset();
  visited_.clear();
  pending_.clear();
  too_deep_ = false;
  size_t errors = sink_.error_count();
  check(expr);
  finish_types();
  const Type* type = annotations_.at(expr).type;
  return sink_.error_count() > errors || type->is(Kind::kError) ? nullptr : type;
}

const Type* Inference::check(const Expr& root) {
  if (depth_ >= kMaxDepth) {
    if (!too_deep_) sink_.emit(base::DiagKind::kNestingTooDeep, root.span, "expression is nested too deeply");
    too_deep_ = true;
    return set(root, types_.error());
  }
  ++depth_;
  size_t base = spine_.size();
  for (const Expr* e = &root; e != nullptr;) {
    Frame frame{e};
    e = enter(frame);
    spine_.push_back(std::move(frame));
  }
  while (spine_.size() > base) {
    Frame frame = std::move(spine_.back());
    spine_.pop_back();
    if (!frame.done) finish(frame);
  }
  --depth_;
  return annotations_.at(root).type;
}

const Type* Inference::set(const Expr& expr, const Type* type, Ref ref) {
  if (unifier_.weight(type) > Unifier::kMaxWeight) {
    sink_.emit(base::DiagKind::kTooLarge, expr.span, "the type of this expression is too large");
    type = types_.error();
  }
  Annotation& annotation = annotations_.at(expr);
  annotation.type = type;
  annotation.ref = std::move(ref);
  visited_.push_back(&expr);
  return type;
}

// What can be decided on the way down. Returns the child to go to first, if there is one.
const Expr* Inference::enter(Frame& frame) {
  const Expr& e = *frame.expr;
  switch (e.kind) {
    case ExprKind::kError:
      set(e, types_.error());
      break;
    case ExprKind::kConst:
      set_constant(e);
      break;
    case ExprKind::kIdent:
      resolve_identifier(e);
      break;
    case ExprKind::kSelect:
      if (!resolve_chain(e)) return e.operand;
      break;
    case ExprKind::kCall:
      return enter_call(frame);
    case ExprKind::kStruct:
      sink_.emit(base::DiagKind::kUnknownType, e.name_span, fmt::format("there is no message type `{}`", e.name))
          .hint("a map literal is written `{\"key\": value}`");
      set(e, types_.error());
      break;
    case ExprKind::kList:
    case ExprKind::kMap:
      return nullptr;
    case ExprKind::kComprehension:
      return e.comprehension->iter_range;
  }
  frame.done = true;
  return nullptr;
}

const Expr* Inference::enter_call(Frame& frame) {
  const Expr& e = *frame.expr;
  frame.done = true;
  if (scope_->check_special(e, *this)) return nullptr;
  if (e.name == "_?._" && resolve_optional_field(e)) return nullptr;
  frame.done = false;
  const Expr* first_arg = e.args.empty() ? nullptr : e.args[0];
  if (e.operand == nullptr) {
    frame.function = is_operator(e.name) ? e.name : scope_->find_function(e.name);
    return first_arg;
  }
  std::string prefix;
  if (qualified_name(*e.operand, &prefix, scope_->max_parts()) && !is_local(selection_chain(*e.operand).back()->name)) {
    frame.function = scope_->find_function(fmt::format("{}.{}", prefix, e.name));
    if (!frame.function.empty()) return first_arg;
    if (report_unknown_in_namespace(e, prefix)) {
      frame.done = true;
      return nullptr;
    }
  }
  frame.member = true;
  return e.operand;
}

void Inference::finish(const Frame& frame) {
  const Expr& e = *frame.expr;
  switch (e.kind) {
    case ExprKind::kSelect:
      finish_select(e);
      break;
    case ExprKind::kCall:
      finish_call(frame);
      break;
    case ExprKind::kList:
      finish_list(e);
      break;
    case ExprKind::kMap:
      finish_map(e);
      break;
    case ExprKind::kComprehension:
      finish_comprehension(e);
      break;
    default:
      break;
  }
}

void Inference::set_constant(const Expr& e) {
  switch (e.constant.kind) {
    case syntax::ConstKind::kNull:
      set(e, types_.null());
      break;
    case syntax::ConstKind::kBool:
      set(e, types_.boolean());
      break;
    case syntax::ConstKind::kInt:
      set(e, types_.integer());
      break;
    case syntax::ConstKind::kUint:
      set(e, types_.uint());
      break;
    case syntax::ConstKind::kDouble:
      set(e, types_.dbl());
      break;
    case syntax::ConstKind::kString:
      set(e, types_.string());
      break;
    case syntax::ConstKind::kBytes:
      set(e, types_.bytes());
      break;
  }
}

void Inference::finish_select(const Expr& e) {
  const Type* type = select_field(e, *e.operand, e.name, false);
  if (e.test_only && !type->is(Kind::kError)) type = types_.boolean();
  set(e, type);
}

const Type* Inference::select_field(const Expr& expr, const Expr& operand, std::string_view field, bool optional) {
  const Type* target = resolved(annotations_.at(operand).type);
  if (target->is(Kind::kError)) return target;
  if (target->is(Kind::kOptional)) {
    target = target->arg(0);
    optional = true;
  }
  const Type* result = types_.dyn();
  switch (target->kind()) {
    case Kind::kMap:
      result = target->arg(1);
      break;
    case Kind::kParam:
      // Nothing may bind it to less than dyn later on.
      assignable(types_.dyn(), target);
      break;
    case Kind::kDyn:
    case Kind::kError:
      break;
    default:
      sink_
          .emit(base::DiagKind::kUnknownField, expr.name_span,
                fmt::format("`{}` has no field `{}`", types::to_string(target), field))
          .label(operand.span, fmt::format("this is `{}`", types::to_string(target)));
      return types_.error();
  }
  return optional ? types_.optional(result) : result;
}

// The type an element, key or value contributes; of an optional one (`?x`) the type it holds.
const Type* Inference::element_type(const Expr& element, bool optional) {
  const Type* type = resolved(check(element));
  if (!optional || type->is(Kind::kDyn) || type->is(Kind::kError)) return type;
  if (type->is(Kind::kOptional)) return type->arg(0);
  const Type* inner = unifier_.fresh();
  if (type->is(Kind::kParam) && assignable(type, types_.optional(inner))) return inner;
  sink_
      .emit(base::DiagKind::kTypeMismatch, element.span,
            fmt::format("`?` needs an optional, this is `{}`", types::to_string(type)))
      .hint("leave out the `?`, or write `optional.of(...)`");
  return types_.error();
}

void Inference::finish_list(const Expr& e) {
  const Type* joined = nullptr;
  bool failed = false;
  for (size_t i = 0; i < e.args.size(); ++i) {
    const Type* type = element_type(*e.args[i], e.is_optional(i));
    failed |= type->is(Kind::kError);
    joined = joined == nullptr ? type : unifier_.join(joined, type);
  }
  if (joined == nullptr) joined = unifier_.fresh();
  set(e, failed ? types_.error() : types_.list(joined));
}

void Inference::finish_map(const Expr& e) {
  const Type* key = nullptr;
  const Type* value = nullptr;
  bool failed = false;
  for (size_t i = 0; i + 1 < e.args.size(); i += 2) {
    const Type* k = element_type(*e.args[i], false);
    const Type* v = element_type(*e.args[i + 1], e.is_optional(i / 2));
    failed |= k->is(Kind::kError) || v->is(Kind::kError);
    key = key == nullptr ? k : unifier_.join(key, k);
    value = value == nullptr ? v : unifier_.join(value, v);
  }
  if (key == nullptr) {
    key = unifier_.fresh();
    value = unifier_.fresh();
  }
  set(e, failed ? types_.error() : types_.map(key, value));
}

void Inference::finish_comprehension(const Expr& e) {
  const syntax::Comprehension& c = *e.comprehension;
  const Type* range = resolved(annotations_.at(*c.iter_range).type);
  bool two = !c.iter_var2.empty();
  const Type* first = types_.error();
  const Type* second = types_.error();
  switch (range->kind()) {
    case Kind::kList:
      first = two ? types_.integer() : range->arg(0);
      second = range->arg(0);
      break;
    case Kind::kMap:
      first = range->arg(0);
      second = range->arg(1);
      break;
    case Kind::kParam:
      assignable(types_.dyn(), range);
      [[fallthrough]];
    case Kind::kDyn:
      first = second = types_.dyn();
      break;
    case Kind::kError:
      break;
    default:
      sink_
          .emit(base::DiagKind::kTypeMismatch, c.iter_range->span,
                fmt::format("`{}` goes through a list or a map, this is `{}`",
                            e.macro.empty() ? "a comprehension" : e.macro, types::to_string(range)))
          .label(e.name_span, "asked for here");
      break;
  }
  const Type* accu = check(*c.accu_init);
  size_t scope = locals_.size();
  locals_.push_back({c.accu_var, accu, &e, Ref::Var::kAccu});
  locals_.push_back({c.iter_var, first, &e, Ref::Var::kIter});
  if (two) locals_.push_back({c.iter_var2, second, &e, Ref::Var::kIter2});
  const Type* condition = check(*c.loop_condition);
  const Type* step = check(*c.loop_step);
  locals_.resize(scope + 1);
  bool failed = condition->is(Kind::kError) || step->is(Kind::kError);
  if (!failed && !assignable(condition, types_.boolean())) {
    sink_.emit(base::DiagKind::kNotBool, c.loop_condition->span,
               fmt::format("a condition is a `bool`, this is `{}`", types::to_string(resolved(condition))));
    failed = true;
  }
  if (!failed && !assignable(step, accu)) {
    sink_
        .emit(base::DiagKind::kTypeMismatch, c.loop_step->span,
              fmt::format("`{}` cannot be accumulated as `{}`", types::to_string(resolved(step)),
                          types::to_string(resolved(accu))))
        .label(c.accu_init->span, "the accumulator starts here");
    failed = true;
  }
  const Type* result = check(*c.result);
  locals_.resize(scope);
  set(e, failed || range->is(Kind::kError) ? types_.error() : result);
}

// Last, once nothing can be bound any more: variables out of the annotations, calls chosen.
void Inference::finish_types() {
  for (const Expr* e : visited_) {
    const Type*& type = annotations_.at(*e).type;
    type = unifier_.resolve(type, true);
    if (unifier_.weight(type) <= Unifier::kMaxWeight) continue;
    if (!too_deep_) sink_.emit(base::DiagKind::kTooLarge, e->span, "the type of this expression is too large");
    too_deep_ = true;
    type = types_.error();
  }
  for (const PendingCall& call : pending_) {
    Ref& ref = annotations_.at(*call.expr).ref;
    if (chosen_statically(call)) {
      ref.kind = RefKind::kCall;
      ref.overload = call.overload->id;
    } else {
      ref.kind = RefKind::kDynCall;
    }
  }
}

bool Inference::chosen_statically(const PendingCall& call) const {
  const Ref& ref = annotations_.at(*call.expr).ref;
  std::vector<const Expr*> args = call_arguments(*call.expr, ref.style == types::CallStyle::kMember);
  for (size_t i = 0; i < args.size(); ++i) {
    const Type* param = call.overload->params[i];
    if (param->is(Kind::kParam) || param->is(Kind::kDyn)) continue;  // any value will do
    const Type* type = annotations_.at(*args[i]).type;
    if (type->is(Kind::kDyn) || type->is(Kind::kNull)) return false;
    if (may_be_null(*args[i], 0)) return false;
  }
  return true;
}

// Types to which null is assignable can hold it at run time, unless the value comes from where there is none.
bool Inference::may_be_null(const Expr& e, int depth) const {
  constexpr int kPatience = 8;
  const Annotation& annotation = annotations_.at(e);
  switch (annotation.type->kind()) {
    case Kind::kTimestamp:
    case Kind::kDuration:
    case Kind::kAbstract:
    case Kind::kOptional:
      break;
    default:
      return false;
  }
  switch (annotation.ref.kind) {
    case RefKind::kSlot:
    case RefKind::kFeature:
    case RefKind::kFeatureAt:
      return false;
    case RefKind::kCall:
      return overloads_.overload(annotation.ref.overload).result->is(Kind::kParam);
    case RefKind::kDynCall: {
      // Of a call that is still pending, or whose overload is unknown, the name has to do: none of an operator's or
      // function's overloads makes null but those that return what they were given.
      std::string_view function = annotation.ref.text.empty() ? e.name : annotation.ref.text;
      for (const types::Overload* overload : overloads_.find(function, annotation.ref.style))
        if (overload->result->is(Kind::kParam) || overload->result->is(Kind::kDyn)) return true;
      return false;
    }
    case RefKind::kNone:
      if (e.kind == ExprKind::kCall && e.name == "_?_:_" && e.args.size() == 3 && depth < kPatience) {
        return may_be_null(*e.args[1], depth + 1) || may_be_null(*e.args[2], depth + 1);
      }
      if (e.kind == ExprKind::kCall && (e.name == "_?._" || e.name == "_[?_]")) return false;
      return true;
    default:
      return true;
  }
}

}  // namespace weir::check
