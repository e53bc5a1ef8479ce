#include "runtime/index/test_finder.h"

#include <algorithm>

namespace weir::index {
namespace {

using ir::ConstantKind;
using ir::NodeId;
using ir::Op;
using types::BuiltinId;
using types::Kind;

constexpr int kMaxComputedNodes = 24;

struct Comparison {
  Relation relation;
  Domain domain;
};

std::optional<Comparison> comparison(BuiltinId id) {
  switch (id) {
    case BuiltinId::less_int:
      return Comparison{Relation::kLess, Domain::kInt};
    case BuiltinId::less_uint:
      return Comparison{Relation::kLess, Domain::kUint};
    case BuiltinId::less_double:
      return Comparison{Relation::kLess, Domain::kDouble};
    case BuiltinId::less_equals_int:
      return Comparison{Relation::kLessEquals, Domain::kInt};
    case BuiltinId::less_equals_uint:
      return Comparison{Relation::kLessEquals, Domain::kUint};
    case BuiltinId::less_equals_double:
      return Comparison{Relation::kLessEquals, Domain::kDouble};
    case BuiltinId::greater_int:
      return Comparison{Relation::kGreater, Domain::kInt};
    case BuiltinId::greater_uint:
      return Comparison{Relation::kGreater, Domain::kUint};
    case BuiltinId::greater_double:
      return Comparison{Relation::kGreater, Domain::kDouble};
    case BuiltinId::greater_equals_int:
      return Comparison{Relation::kGreaterEquals, Domain::kInt};
    case BuiltinId::greater_equals_uint:
      return Comparison{Relation::kGreaterEquals, Domain::kUint};
    case BuiltinId::greater_equals_double:
      return Comparison{Relation::kGreaterEquals, Domain::kDouble};
    default:
      return std::nullopt;
  }
}

std::optional<Relation> search(BuiltinId id) {
  switch (id) {
    case BuiltinId::contains_string:
      return Relation::kContains;
    case BuiltinId::starts_with:
      return Relation::kStartsWith;
    case BuiltinId::ends_with:
      return Relation::kEndsWith;
    case BuiltinId::matches_global:
    case BuiltinId::matches_member:
      return Relation::kMatches;
    default:
      return std::nullopt;
  }
}

// `constant < x` is `x > constant`.
Relation mirrored(Relation relation) {
  switch (relation) {
    case Relation::kLess:
      return Relation::kGreater;
    case Relation::kLessEquals:
      return Relation::kGreaterEquals;
    case Relation::kGreater:
      return Relation::kLess;
    case Relation::kGreaterEquals:
      return Relation::kLessEquals;
    default:
      return relation;
  }
}

std::optional<Domain> domain_of(ConstantKind kind) {
  switch (kind) {
    case ConstantKind::kBool:
      return Domain::kBool;
    case ConstantKind::kInt:
      return Domain::kInt;
    case ConstantKind::kUint:
      return Domain::kUint;
    case ConstantKind::kDouble:
      return Domain::kDouble;
    case ConstantKind::kString:
      return Domain::kText;
    default:
      return std::nullopt;
  }
}

Kind kind_of(Domain domain) {
  switch (domain) {
    case Domain::kBool:
      return Kind::kBool;
    case Domain::kInt:
      return Kind::kInt;
    case Domain::kUint:
      return Kind::kUint;
    case Domain::kDouble:
      return Kind::kDouble;
    case Domain::kText:
    case Domain::kSearch:
      return Kind::kString;
    case Domain::kMember:
      return Kind::kList;
  }
  return Kind::kNull;
}

}  // namespace

std::optional<Test> TestFinder::leaf(NodeId id) {
  auto [it, added] = leaves_.try_emplace(id);
  if (added) it->second = classify(id);
  return it->second;
}

std::optional<Test> TestFinder::classify(NodeId id) {
  const ir::Node& n = m_.node(id);
  if (std::optional<Test> test = typed(id, n)) return test;
  // Any other condition that is cheap is computed once an event, if many rules share it.
  if (!n.type->is(Kind::kBool)) return std::nullopt;
  if (auto operand = operand_of(id, Domain::kBool)) return Test{*operand, Relation::kTrue};
  return std::nullopt;
}

std::optional<Test> TestFinder::typed(NodeId id, const ir::Node& n) {
  if (n.op == Op::kFold) return exists(id);
  if (n.op != Op::kCall || n.arg_count != 2) return std::nullopt;
  NodeId a = m_.arg(id, 0), b = m_.arg(id, 1);
  if (auto compared = comparison(n.builtin)) {
    Relation relation = compared->relation;
    if (constant_of(a) != nullptr) {
      std::swap(a, b);
      relation = mirrored(relation);
    }
    return against(a, b, compared->domain, relation, false);
  }
  if (n.builtin == BuiltinId::equals || n.builtin == BuiltinId::not_equals) {
    if (constant_of(a) != nullptr) std::swap(a, b);
    const ir::Constant* c = constant_of(b);
    if (c == nullptr) return std::nullopt;
    auto domain = domain_of(c->kind);
    if (!domain) return std::nullopt;
    const bool negated = n.builtin == BuiltinId::not_equals;
    if (*domain != Domain::kBool) return against(a, b, *domain, Relation::kEquals, negated);
    auto operand = operand_of(a, Domain::kBool);
    if (!operand) return std::nullopt;
    return Test{*operand, Relation::kTrue, 0, negated == (c->i != 0)};
  }
  if (n.builtin == BuiltinId::in_list) return in(a, b);
  if (auto relation = search(n.builtin)) {
    const ir::Constant* c = constant_of(b);
    if (c == nullptr || c->kind != ConstantKind::kString) return std::nullopt;
    return against(a, b, Domain::kSearch, *relation, false);
  }
  return std::nullopt;
}

// Both sides must be of the domain's kind: comparisons across kinds are left to the rule.
std::optional<Test> TestFinder::against(NodeId a, NodeId b, Domain domain, Relation relation, bool negated) {
  const ir::Constant* c = constant_of(b);
  if (c == nullptr || domain_of(c->kind) != (domain == Domain::kSearch ? Domain::kText : domain)) return std::nullopt;
  if (domain == Domain::kDouble && c->d != c->d) return std::nullopt;
  auto operand = operand_of(a, domain);
  if (!operand) return std::nullopt;
  return Test{*operand, relation, static_cast<uint32_t>(m_.node(b).index), negated};
}

std::optional<Test> TestFinder::in(NodeId a, NodeId b) {
  const ir::Constant* list = constant_of(b);
  if (list == nullptr) {
    const ir::Constant* text = constant_of(a);
    if (text == nullptr || text->kind != ConstantKind::kString || !is_text_list(b)) return std::nullopt;
    auto operand = operand_of(b, Domain::kMember);
    if (!operand) return std::nullopt;
    return Test{*operand, Relation::kEquals, static_cast<uint32_t>(m_.node(a).index)};
  }
  if (list->kind != ConstantKind::kList || list->items.empty() || list->items.size() > kMaxListItems)
    return std::nullopt;
  std::optional<Domain> domain;
  for (uint32_t item : list->items) {
    const ir::Constant& c = m_.constants[item];
    auto of_item = domain_of(c.kind);
    if (!of_item || *of_item == Domain::kBool || (domain && *domain != *of_item)) return std::nullopt;
    if (*of_item == Domain::kDouble && c.d != c.d) return std::nullopt;
    domain = of_item;
  }
  if (!domain) return std::nullopt;
  auto operand = operand_of(a, *domain);
  if (!operand) return std::nullopt;
  return Test{*operand, Relation::kIn, static_cast<uint32_t>(m_.node(b).index)};
}

// list.exists(x, x == "constant"), as the parser expands it.
std::optional<Test> TestFinder::exists(NodeId id) {
  const ir::Fold& fold = m_.folds[static_cast<size_t>(m_.node(id).index)];
  auto is_local = [&](NodeId node, uint32_t local) {
    return m_.node(node).op == Op::kLocal && m_.node(node).index == static_cast<int32_t>(local);
  };
  NodeId range = m_.arg(id, 0), condition = m_.arg(id, 2), step = m_.arg(id, 3);
  if (fold.iter2_local != UINT32_MAX || !is_text_list(range) || !is_local(m_.arg(id, 4), fold.accu_local))
    return std::nullopt;
  const ir::Constant* init = constant_of(m_.arg(id, 1));
  if (init == nullptr || init->kind != ConstantKind::kBool || init->i != 0) return std::nullopt;
  if (m_.node(condition).op != Op::kNotStrictlyFalse || m_.node(m_.arg(condition, 0)).op != Op::kNot ||
      !is_local(m_.arg(m_.arg(condition, 0), 0), fold.accu_local))
    return std::nullopt;
  if (m_.node(step).op != Op::kOr || !is_local(m_.arg(step, 0), fold.accu_local)) return std::nullopt;
  NodeId equal = m_.arg(step, 1);
  if (m_.node(equal).op != Op::kCall || m_.node(equal).builtin != BuiltinId::equals) return std::nullopt;
  NodeId item = m_.arg(equal, 0), value = m_.arg(equal, 1);
  if (is_local(value, fold.iter_local)) std::swap(item, value);
  const ir::Constant* text = constant_of(value);
  if (!is_local(item, fold.iter_local) || text == nullptr || text->kind != ConstantKind::kString) return std::nullopt;
  auto operand = operand_of(range, Domain::kMember);
  if (!operand) return std::nullopt;
  return Test{*operand, Relation::kEquals, static_cast<uint32_t>(m_.node(value).index)};
}

std::optional<uint32_t> TestFinder::operand_of(NodeId id, Domain domain) {
  const ir::Node& n = m_.node(id);
  if (!n.type->is(kind_of(domain))) return std::nullopt;
  const bool slot = (n.op == Op::kSlot && (n.flags & ir::kUsesEach) == 0) || n.op == Op::kHasSlot;
  if (!slot) {
    int budget = kMaxComputedNodes;
    if ((n.flags & (ir::kUsesEach | ir::kInvariant)) != 0 || n.locals != 0 || !computable(id, budget))
      return std::nullopt;
  }
  auto [it, added] = number_of_operand_.try_emplace({id, domain}, static_cast<uint32_t>(operands_.size()));
  if (added) operands_.push_back({domain, id, !slot});
  return it->second;
}

// Costs little, reads no state, and is the same whenever it is evaluated within an event.
bool TestFinder::computable(NodeId id, int& budget) const {
  if (--budget < 0) return false;
  const ir::Node& n = m_.node(id);
  switch (n.op) {
    case Op::kConst:
    case Op::kSlot:
    case Op::kHasSlot:
    case Op::kNot:
    case Op::kAnd:
    case Op::kOr:
    case Op::kCond:
    case Op::kListContains:
      break;
    case Op::kCall: {
      const types::Cost cost = types::builtin_info(n.builtin).cost;
      if (cost != types::Cost::kConst && cost != types::Cost::kLinear) return false;
      break;
    }
    default:
      return false;
  }
  return std::ranges::all_of(m_.args(id), [&](NodeId arg) { return computable(arg, budget); });
}

bool TestFinder::is_text_list(NodeId id) const {
  const types::Type* type = m_.node(id).type;
  return type->is(Kind::kList) && type->arg(0)->is(Kind::kString);
}

const ir::Constant* TestFinder::constant_of(NodeId id) const {
  const ir::Node& n = m_.node(id);
  return n.op == Op::kConst ? &m_.constants[static_cast<size_t>(n.index)] : nullptr;
}

uint32_t TestFinder::intern(const Test& test) {
  auto [it, added] = number_of_test_.try_emplace(test, static_cast<uint32_t>(tests_.size()));
  if (added) tests_.push_back(test);
  return it->second;
}

}  // namespace weir::index
