#include "compiler/check/unifier.h"

#include <algorithm>
#include <string>

namespace weir::check {

using types::Kind;
using types::Type;

namespace {

constexpr uint32_t kMaxSteps = 100'000;

bool nullable(const Type* type) {
  switch (type->kind()) {
    case Kind::kNull:
    case Kind::kAbstract:
    case Kind::kOptional:
    case Kind::kTimestamp:
    case Kind::kDuration:
      return true;
    default:
      return false;
  }
}

bool dyn_or_error(const Type* type) { return type->is(Kind::kDyn) || type->is(Kind::kError); }

// Whether the type constructors agree, so that the arguments decide.
bool same_constructor(const Type* a, const Type* b) {
  return a->kind() == b->kind() && a->name() == b->name() && a->args().size() == b->args().size();
}

bool less_specific_or_equal(const Type* a, const Type* b) {
  if (a == b || dyn_or_error(a) || a->is(Kind::kParam)) return true;
  if (dyn_or_error(b) || b->is(Kind::kParam)) return false;
  if (b->is(Kind::kNull)) return true;  // the pair is known to unify: null is among the values of a
  if (b->is(Kind::kEntity)) return a == b->base();
  if (!same_constructor(a, b)) return false;
  if (a->is(Kind::kType)) return true;
  for (size_t i = 0; i < a->args().size(); ++i)
    if (!less_specific_or_equal(a->arg(i), b->arg(i))) return false;
  return true;
}

}  // namespace

void Unifier::reset() {
  used_ = 0;
  bindings_.clear();
  trail_.clear();
}

const Type* Unifier::fresh() {
  // A name no signature can hold, so that a variable is never mistaken for a parameter.
  if (used_ == variables_.size()) variables_.push_back(types_.param("%" + std::to_string(used_)));
  return variables_[used_++];
}

const Type* Unifier::binding(const Type* variable) const {
  auto found = bindings_.find(variable);
  return found == bindings_.end() ? nullptr : found->second;
}

void Unifier::bind(const Type* variable, const Type* type) {
  const Type*& slot = bindings_[variable];
  trail_.emplace_back(variable, slot);
  slot = type;
}

void Unifier::roll_back(size_t mark) {
  while (trail_.size() > mark) {
    auto [variable, previous] = trail_.back();
    trail_.pop_back();
    if (previous == nullptr) {
      bindings_.erase(variable);
    } else {
      bindings_[variable] = previous;
    }
  }
}

bool Unifier::assignable(const Type* from, const Type* to) {
  size_t mark = trail_.size();
  steps_left_ = kMaxSteps;
  if (unify(from, to)) return true;
  roll_back(mark);
  return false;
}

bool Unifier::assignable(std::span<const Type* const> from, std::span<const Type* const> to) {
  if (from.size() != to.size()) return false;
  size_t mark = trail_.size();
  steps_left_ = kMaxSteps;
  for (size_t i = 0; i < from.size(); ++i) {
    if (unify(from[i], to[i])) continue;
    roll_back(mark);
    return false;
  }
  return true;
}

const Type* Unifier::join(const Type* a, const Type* b) {
  if (a == b) return a;
  if (assignable(a, b)) return more_general(a, b);
  if (a->is(Kind::kEntity) && b->is(Kind::kEntity) && a->base() == b->base()) return a->base();
  return types_.dyn();
}

const Type* Unifier::resolve(const Type* type, bool unbound_to_dyn) {
  if (!type->is(Kind::kParam) && type->args().empty()) return type;
  Memo memo;
  return resolve(type, unbound_to_dyn, memo);
}

const Type* Unifier::resolve(const Type* type, bool unbound_to_dyn, Memo& memo) {
  if (type->is(Kind::kParam)) {
    const Type* bound = binding(type);
    if (bound != nullptr) return resolve(bound, unbound_to_dyn, memo);
    return unbound_to_dyn ? types_.dyn() : type;
  }
  if (type->args().empty() || type->is(Kind::kEntity)) return type;
  if (auto known = memo.find(type); known != memo.end()) return known->second;
  std::vector<const Type*> args;
  args.reserve(type->args().size());
  bool changed = false;
  for (const Type* arg : type->args()) {
    args.push_back(resolve(arg, unbound_to_dyn, memo));
    changed |= args.back() != arg;
  }
  const Type* result = changed ? types_.intern(type->kind(), type->name(), std::move(args)) : type;
  memo.emplace(type, result);
  return result;
}

uint32_t Unifier::weight(const Type* type) {
  if (type->args().empty()) return 1;
  if (auto known = weights_.find(type); known != weights_.end()) return known->second;
  uint32_t total = 1;
  for (const Type* arg : type->args()) total = std::min(kMaxWeight + 1, total + weight(arg));
  weights_.emplace(type, total);
  return total;
}

bool Unifier::unify(const Type* from, const Type* to) {
  if (from == to) return true;
  if (steps_left_ == 0) return false;
  --steps_left_;
  if (to->is(Kind::kParam)) {
    bool bound = false;
    if (unify_variable(from, to, &bound)) return true;
    // A bound variable has said no; an unbound one that occurs in `from` may still fit the other way round.
    if (bound) return false;
  }
  if (from->is(Kind::kParam)) {
    bool bound = false;
    return unify_variable(to, from, &bound);
  }
  if (dyn_or_error(from)) {
    widen(to);
    return true;
  }
  if (dyn_or_error(to)) return true;
  if (from->is(Kind::kNull)) return nullable(to);
  if (to->is(Kind::kNull)) return nullable(from);
  if (from->is(Kind::kEntity) != to->is(Kind::kEntity)) return from->base() == to->base();
  if (from->is(Kind::kEntity)) return false;  // two entities
  if (from->is(Kind::kType) && to->is(Kind::kType)) return true;
  if (!same_constructor(from, to) || from->args().empty()) return false;
  for (size_t i = 0; i < from->args().size(); ++i)
    if (!unify(from->arg(i), to->arg(i))) return false;
  return true;
}

// cel-go leaves the variables free here, so that `dyn(x).value()` may later be taken for a bool; its evaluator looks at
// every value's kind again. Native code does not: what comes out of a dyn is dyn.
void Unifier::widen(const Type* type) {
  if (steps_left_ == 0) return;
  --steps_left_;
  if (type->is(Kind::kParam)) {
    const Type* bound = binding(type);
    if (bound == nullptr || !dyn_or_error(bound)) bind(type, types_.dyn());
    return;
  }
  for (const Type* arg : type->args()) widen(arg);
}

bool Unifier::unify_variable(const Type* type, const Type* variable, bool* bound) {
  const Type* current = binding(variable);
  *bound = current != nullptr;
  if (current != nullptr) {
    if (type == current) return true;
    if (!unify(type, current)) return false;
    const Type* general = more_general(type, current);
    if (!occurs(variable, general)) bind(variable, general);
    return true;
  }
  if (occurs(variable, type)) return false;
  bind(variable, type);
  return true;
}

bool Unifier::occurs(const Type* variable, const Type* within) {
  if (variable == within || steps_left_ == 0) return true;
  --steps_left_;
  if (within->is(Kind::kParam)) {
    const Type* bound = binding(within);
    return bound != nullptr && occurs(variable, bound);
  }
  for (const Type* arg : within->args())
    if (occurs(variable, arg)) return true;
  return false;
}

const Type* Unifier::more_general(const Type* a, const Type* b) const { return less_specific_or_equal(a, b) ? a : b; }

const Type* Unifier::Instance::operator()(const Type* type) {
  if (type->is(Kind::kParam)) {
    for (const auto& [parameter, variable] : made_)
      if (parameter == type) return variable;
    made_.emplace_back(type, unifier_.fresh());
    return made_.back().second;
  }
  if (type->args().empty() || type->is(Kind::kEntity)) return type;
  std::vector<const Type*> args;
  args.reserve(type->args().size());
  bool changed = false;
  for (const Type* arg : type->args()) {
    args.push_back((*this)(arg));
    changed |= args.back() != arg;
  }
  return changed ? unifier_.types().intern(type->kind(), type->name(), std::move(args)) : type;
}

const Type* erase_entities(const Type* type, types::TypeTable& types) {
  if (type->is(Kind::kEntity)) return type->base();
  if (type->args().empty()) return type;
  std::vector<const Type*> args;
  args.reserve(type->args().size());
  bool changed = false;
  for (const Type* arg : type->args()) {
    args.push_back(erase_entities(arg, types));
    changed |= args.back() != arg;
  }
  return changed ? types.intern(type->kind(), type->name(), std::move(args)) : type;
}

}  // namespace weir::check
