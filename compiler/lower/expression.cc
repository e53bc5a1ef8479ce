#include "compiler/lower/expression.h"

#include <fmt/format.h>

namespace weir::lower {

using check::Ref;
using check::RefKind;
using ir::NodeId;
using ir::Op;
using syntax::Expr;
using syntax::ExprKind;

namespace {

// Numbers of value::ErrorCode, which the compiler must not include; the driver, which sees both, asserts them.
constexpr uint32_t kUndeclared = ir::kErrorUndeclared;
constexpr uint32_t kUnbound = ir::kErrorUnbound;

// cel.bind and its kin: a fold over nothing whose accumulator is the variable.
bool is_definition(const syntax::Comprehension& c) {
  return c.iter_range->kind == ExprKind::kList && c.iter_range->args.empty() &&
         c.loop_condition->kind == ExprKind::kConst && c.loop_condition->constant.kind == syntax::ConstKind::kBool &&
         !c.loop_condition->constant.b;
}

bool is_single_element_list(const Expr& e) {
  return e.kind == ExprKind::kList && e.args.size() == 1 && !e.is_optional(0);
}

}  // namespace

NodeId ExpressionLowering::lower(const Expr& expr, const Environment& env) {
  env_ = &env;
  const size_t before = m_.size();
  NodeId root = visit(expr);
  // Asked of few: folded calls have left nodes behind that nothing uses, so that only some of the new ones count.
  if (m_.size() - before > kMaxComputed && computed_since(root, before) > kMaxComputed) {
    sink_.emit(base::DiagKind::kTooLarge, expr.span,
               fmt::format("this expression computes more than {} values", kMaxComputed));
  }
  return root;
}

size_t ExpressionLowering::computed_since(NodeId root, size_t first) const {
  std::vector<bool> seen(m_.size() - first);
  std::vector<NodeId> open;
  const auto visit_once = [&](NodeId id) {
    if (id < first || seen[id - first]) return;
    seen[id - first] = true;
    if (m_.node(id).op != Op::kConst) open.push_back(id);
  };
  size_t count = 0;
  visit_once(root);
  while (!open.empty()) {
    NodeId id = open.back();
    open.pop_back();
    ++count;
    for (NodeId arg : m_.args(id)) visit_once(arg);
  }
  return count;
}

const types::Type* ExpressionLowering::erase(const types::Type* type) {
  if (type == nullptr) return types_.dyn();
  if (type->is(types::Kind::kEntity)) return type->base();
  if (type->args().empty()) return type;
  std::vector<const types::Type*> args;
  for (const types::Type* arg : type->args()) args.push_back(erase(arg));
  return types_.intern(type->kind(), type->name(), std::move(args));
}

const types::Type* ExpressionLowering::type_of(const Expr& e) { return erase(annotations_.at(e).type); }

NodeId ExpressionLowering::op(Op op, const types::Type* type, std::initializer_list<NodeId> args, int32_t index,
                              uint8_t flags) {
  return m_.add(op, type, std::span<const NodeId>(args.begin(), args.size()), index, types::BuiltinId::kCount, flags);
}

NodeId ExpressionLowering::constant(ir::Constant c, const types::Type* type) {
  return m_.add(Op::kConst, type, {}, static_cast<int32_t>(m_.intern(std::move(c))));
}

NodeId ExpressionLowering::fail(uint32_t code, std::string_view message, const types::Type* type) {
  return m_.add(Op::kFail, type, {}, static_cast<int32_t>(m_.intern_failure(code, message)));
}

NodeId ExpressionLowering::visit(const Expr& e) {
  NodeId node;
  const Ref& ref = annotations_.at(e).ref;
  switch (e.kind) {
    case ExprKind::kConst:
      node = visit_constant(e);
      break;
    case ExprKind::kIdent:
      node = visit_reference(e, ref);
      break;
    case ExprKind::kSelect:
      node = ref.kind == RefKind::kNone ? visit_select(e) : visit_reference(e, ref);
      break;
    case ExprKind::kCall:
      node = visit_call(e);
      break;
    case ExprKind::kList:
      node = visit_list(e);
      break;
    case ExprKind::kMap:
      node = visit_map(e);
      break;
    case ExprKind::kComprehension:
      node = is_definition(*e.comprehension) ? visit_definition(e) : visit_comprehension(e);
      break;
    default:
      node = fail(kUndeclared, "there are no message types", types_.dyn());
      break;
  }
  if (simplify_) node = simplify_(m_, node);
  m_.set_span(node, e.span);
  return node;
}

NodeId ExpressionLowering::visit_constant(const Expr& e) {
  const syntax::Constant& c = e.constant;
  ir::Constant out;
  switch (c.kind) {
    case syntax::ConstKind::kNull:
      return constant(out, types_.null());
    case syntax::ConstKind::kBool:
      out.kind = ir::ConstantKind::kBool;
      out.i = c.b;
      return constant(out, types_.boolean());
    case syntax::ConstKind::kInt:
      out.kind = ir::ConstantKind::kInt;
      out.i = c.i;
      return constant(out, types_.integer());
    case syntax::ConstKind::kUint:
      out.kind = ir::ConstantKind::kUint;
      out.u = c.u;
      return constant(out, types_.uint());
    case syntax::ConstKind::kDouble:
      out.kind = ir::ConstantKind::kDouble;
      out.d = c.d;
      return constant(out, types_.dbl());
    case syntax::ConstKind::kString:
      out.kind = ir::ConstantKind::kString;
      out.s = c.s;
      return constant(std::move(out), types_.string());
    case syntax::ConstKind::kBytes:
      out.kind = ir::ConstantKind::kBytes;
      out.s = c.s;
      return constant(std::move(out), types_.bytes());
  }
  return fail(kUndeclared, "unknown constant", types_.dyn());
}

NodeId ExpressionLowering::visit_reference(const Expr& e, const Ref& ref) {
  switch (ref.kind) {
    case RefKind::kLocal:
      return visit_local(e, ref);
    case RefKind::kSlot: {
      if (e.kind == ExprKind::kSelect && e.test_only) return op(Op::kHasSlot, types_.boolean(), {}, ref.index);
      uint8_t flags = env_->slot_flags ? env_->slot_flags(ref.index) : 0;
      return op(Op::kSlot, type_of(e), {}, ref.index, flags);
    }
    case RefKind::kLet:
      return visit_let(ref.index);
    case RefKind::kFeature:
      return op(Op::kFeature, type_of(e), {}, ref.index);
    case RefKind::kTypeName: {
      ir::Constant c;
      c.kind = ir::ConstantKind::kType;
      c.s = ref.text;
      return constant(std::move(c), types_.primitive(types::Kind::kType));
    }
    case RefKind::kHostCall:
      return fail(kUnbound, ref.text.empty() ? fmt::format("`{}` has no implementation", e.name) : ref.text,
                  type_of(e));
    default:
      return fail(kUndeclared, ref.text.empty() ? fmt::format("undeclared reference to `{}`", e.name) : ref.text,
                  types_.dyn());
  }
}

NodeId ExpressionLowering::visit_local(const Expr& e, const Ref& ref) {
  Binding& b = bindings_.at(ref.decl);
  if (b.definition != nullptr) {
    auto known = b.nodes.find(depth_);
    if (known != b.nodes.end()) return known->second;
    NodeId node = visit(*b.definition);
    bindings_.at(ref.decl).nodes[depth_] = node;  // visit() may have moved the table
    return node;
  }
  uint32_t local = ref.which == Ref::Var::kIter ? b.iter : ref.which == Ref::Var::kIter2 ? b.iter2 : b.accu;
  // An accumulator may hold what failed in an earlier round; elements of a range are values.
  uint8_t flags = ref.which == Ref::Var::kAccu ? ir::kMayError | ir::kMayMissing : 0;
  return op(Op::kLocal, type_of(e), {}, static_cast<int32_t>(local), flags);
}

NodeId ExpressionLowering::visit_let(int32_t let) {
  auto key = std::pair(let, depth_);
  auto known = lets_.find(key);
  if (known != lets_.end()) return known->second;
  NodeId node = visit(*env_->let_value(let));
  lets_[key] = node;
  return node;
}

NodeId ExpressionLowering::visit_select(const Expr& e) {
  NodeId operand = visit(*e.operand);
  auto name = static_cast<int32_t>(m_.intern_string(e.name));
  if (e.test_only) return op(Op::kHasField, types_.boolean(), {operand}, name);
  return op(Op::kSelect, type_of(e), {operand}, name);
}

std::vector<NodeId> ExpressionLowering::call_arguments(const Expr& e, bool with_receiver) {
  std::vector<NodeId> args;
  if (with_receiver && e.operand != nullptr) args.push_back(visit(*e.operand));
  for (const Expr* arg : e.args) args.push_back(visit(*arg));
  return args;
}

// Logic, optionals and presence: what is an operation of the IR and not a function.
NodeId ExpressionLowering::visit_operator(const Expr& e, bool* handled) {
  *handled = true;
  auto arg = [&](size_t i) { return visit(*e.args[i]); };
  if (e.operand == nullptr) {
    if (e.name == "_&&_" || e.name == "_||_") {
      NodeId a = arg(0);
      return op(e.name == "_&&_" ? Op::kAnd : Op::kOr, types_.boolean(), {a, arg(1)});
    }
    if (e.name == "!_") return op(Op::kNot, types_.boolean(), {arg(0)});
    if (e.name == "@not_strictly_false") return op(Op::kNotStrictlyFalse, types_.boolean(), {arg(0)});
    if (e.name == "_?_:_") {
      NodeId condition = arg(0), yes = arg(1), no = arg(2);
      return op(Op::kCond, type_of(e), {condition, yes, no});
    }
    if (e.name == "_?._") {
      auto name = static_cast<int32_t>(m_.intern_string(e.args[1]->constant.s));
      return op(Op::kOptSelect, type_of(e), {arg(0)}, name);
    }
    if (e.name == "_[?_]") {
      NodeId operand = arg(0);
      return op(Op::kOptIndex, type_of(e), {operand, arg(1)});
    }
  } else if (e.args.size() == 1 && (e.name == "or" || e.name == "orValue")) {
    NodeId operand = visit(*e.operand);
    return op(e.name == "or" ? Op::kOptOr : Op::kOptOrValue, type_of(e), {operand, arg(0)});
  }
  *handled = false;
  return ir::kNoNode;
}

NodeId ExpressionLowering::visit_call(const Expr& e) {
  const Ref& ref = annotations_.at(e).ref;
  switch (ref.kind) {
    case RefKind::kSlot:  // post.?field
      return op(Op::kOptSlot, type_of(e), {}, ref.index);
    case RefKind::kListMember:
      return op(Op::kListContains, types_.boolean(), {visit(*e.args[0])}, ref.index);
    case RefKind::kLabels:
      return op(Op::kLabels, type_of(e), {visit(*e.args[0])}, ref.index);
    case RefKind::kHasLabel: {
      const Expr& labels = *e.args[1];
      NodeId key = visit(*labels.args[0]);
      if (ref.index >= 0) return op(Op::kHasLabel, types_.boolean(), {key}, ref.index);
      return op(Op::kHasLabelNamed, types_.boolean(), {visit(*e.args[0]), key}, annotations_.at(labels).ref.index);
    }
    case RefKind::kFeatureAt: {
      const Expr& key = *e.args[1];
      std::vector<NodeId> keys;
      if (key.kind == ExprKind::kList && env_->feature_key_count(ref.index) > 1)
        for (const Expr* part : key.args) keys.push_back(visit(*part));
      else
        keys.push_back(visit(key));
      return m_.add(Op::kFeatureAt, type_of(e), keys, ref.index);
    }
    case RefKind::kLet:
    case RefKind::kLocal:
    case RefKind::kHostCall:
    case RefKind::kUnresolved:
      return visit_reference(e, ref);
    default:
      break;
  }
  bool handled = false;
  NodeId node = visit_operator(e, &handled);
  if (handled) return node;

  // A namespaced function (`math.abs(x)`) is a global one: its receiver is part of the name and not a value.
  if (ref.kind == RefKind::kCall) {
    bool member = types::builtin_info(ref.overload).style == types::CallStyle::kMember;
    return m_.add(Op::kCall, type_of(e), call_arguments(e, member), -1, ref.overload);
  }
  bool qualified = !ref.text.empty();
  std::vector<NodeId> args = call_arguments(e, !qualified);
  if (!qualified && e.name == "_[_]") return m_.add(Op::kIndexDyn, type_of(e), args);
  uint32_t callee = m_.intern_callee(qualified ? ref.text : e.name, ref.style);
  return m_.add(Op::kCallDyn, type_of(e), args, static_cast<int32_t>(callee));
}

NodeId ExpressionLowering::visit_list(const Expr& e) {
  std::vector<NodeId> items;
  std::vector<uint8_t> mask;
  bool constant_items = true, any_optional = false;
  for (size_t i = 0; i < e.args.size(); ++i) {
    items.push_back(visit(*e.args[i]));
    bool optional = e.is_optional(i);
    mask.push_back(optional);
    any_optional |= optional;
    constant_items = constant_items && m_.node(items.back()).op == Op::kConst;
  }
  if (constant_items && !any_optional) {
    ir::Constant c;
    c.kind = ir::ConstantKind::kList;
    for (NodeId item : items) c.items.push_back(static_cast<uint32_t>(m_.node(item).index));
    return constant(std::move(c), type_of(e));
  }
  return m_.add(Op::kMakeList, type_of(e), items, any_optional ? static_cast<int32_t>(m_.intern_mask(mask)) : -1);
}

NodeId ExpressionLowering::visit_map(const Expr& e) {
  std::vector<NodeId> items;
  std::vector<uint8_t> mask;
  bool any_optional = false;
  for (const Expr* item : e.args) items.push_back(visit(*item));
  for (size_t i = 0; 2 * i < e.args.size(); ++i) {
    mask.push_back(e.is_optional(i));
    any_optional |= mask.back() != 0;
  }
  return m_.add(Op::kMakeMap, type_of(e), items, any_optional ? static_cast<int32_t>(m_.intern_mask(mask)) : -1);
}

NodeId ExpressionLowering::visit_definition(const Expr& e) {
  const syntax::Comprehension& c = *e.comprehension;
  Binding binding;
  binding.definition = c.accu_init;
  bindings_[&e] = std::move(binding);
  NodeId node = visit(*c.result);
  bindings_.erase(&e);
  return node;
}

NodeId ExpressionLowering::visit_comprehension(const Expr& e) {
  const syntax::Comprehension& c = *e.comprehension;
  if (depth_ >= ir::kMaxFoldDepth) {
    sink_.emit(base::DiagKind::kNestingTooDeep, e.span,
               fmt::format("comprehensions nested deeper than {}", ir::kMaxFoldDepth));
    return fail(kUndeclared, "comprehensions nested too deeply", type_of(e));
  }
  NodeId range = visit(*c.iter_range);
  NodeId init = visit(*c.accu_init);
  ir::Fold fold;
  fold.iter_local = 3 * depth_;
  fold.accu_local = 3 * depth_ + 1;
  if (!c.iter_var2.empty()) fold.iter2_local = 3 * depth_ + 2;
  Binding binding;
  binding.iter = fold.iter_local;
  binding.iter2 = fold.iter2_local;
  binding.accu = fold.accu_local;
  bindings_[&e] = binding;
  ++depth_;
  NodeId condition = visit(*c.loop_condition);
  NodeId step = visit_step(*c.loop_step, e);
  NodeId result = visit(*c.result);
  --depth_;
  bindings_.erase(&e);
  return m_.add_fold(type_of(e), std::vector<NodeId>{range, init, condition, step, result}, fold);
}

bool ExpressionLowering::is_accumulator(const Expr& e, const Expr& fold) const {
  const Ref& ref = annotations_.at(e).ref;
  return e.kind == ExprKind::kIdent && ref.kind == RefKind::kLocal && ref.decl == &fold && ref.which == Ref::Var::kAccu;
}

// Building steps of map, filter and their kin grow the accumulator in place; nobody else can hold it, because the
// accumulator of a macro has no name that a user can write.
NodeId ExpressionLowering::visit_step(const Expr& step, const Expr& fold) {
  if (fold.macro.empty() || step.kind != ExprKind::kCall || step.operand != nullptr) return visit(step);
  if (step.name == "_?_:_") {
    NodeId condition = visit(*step.args[0]);
    NodeId yes = visit_step(*step.args[1], fold);
    NodeId no = visit_step(*step.args[2], fold);
    return op(Op::kCond, type_of(step), {condition, yes, no});
  }
  if (step.args.empty() || !is_accumulator(*step.args[0], fold)) return visit(step);
  if (step.name == "_+_" && is_single_element_list(*step.args[1])) {
    NodeId accu = visit(*step.args[0]);
    return op(Op::kListAppend, type_of(step), {accu, visit(*step.args[1]->args[0])});
  }
  if (step.name == "cel.@mapInsert" && step.args.size() == 3) {
    NodeId accu = visit(*step.args[0]);
    NodeId key = visit(*step.args[1]);
    return op(Op::kMapInsert, type_of(step), {accu, key, visit(*step.args[2])});
  }
  return visit(step);
}

}  // namespace weir::lower
