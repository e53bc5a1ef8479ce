// Type variables and what they stand for: CEL's gradual unification.
//
// The algorithm is that of the reference checker (google/cel-go, checker/types.go): `dyn` is assignable both ways, a
// variable bound twice keeps the more general of two compatible types, null is assignable to abstract types, timestamps
// and durations. Weir adds entities: an entity and its base are assignable both ways, two entities are not.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/types/type.h"

namespace weir::check {

class Unifier {
 public:
  explicit Unifier(types::TypeTable& types) : types_(types) {}

  // Forgets all variables; their names are used again, which keeps the type table small.
  void reset();

  const types::Type* fresh();
  // The type with each parameter of a signature replaced by a variable, the same for the same parameter of one call.
  class Instance;

  // Whether a value of type `from` may stand where `to` is wanted. Binds variables if so; changes nothing if not.
  bool assignable(const types::Type* from, const types::Type* to);
  bool assignable(std::span<const types::Type* const> from, std::span<const types::Type* const> to);

  // The type of something that is either: the more general one if they unify, the common base of two entities, else
  // dyn.
  const types::Type* join(const types::Type* a, const types::Type* b);

  // With variables replaced by what they are bound to; unbound ones stay, or become dyn.
  const types::Type* resolve(const types::Type* type, bool unbound_to_dyn);

  // Number of constructors in a type written out, at most kMaxWeight + 1. Types share their parts, so that an
  // expression can build one whose text is exponentially long; such types are refused before anything walks them.
  static constexpr uint32_t kMaxWeight = 4000;
  uint32_t weight(const types::Type* type);

  types::TypeTable& types() { return types_; }

 private:
  friend class Instance;
  using Memo = std::unordered_map<const types::Type*, const types::Type*>;
  const types::Type* resolve(const types::Type* type, bool unbound_to_dyn, Memo& memo);
  const types::Type* binding(const types::Type* variable) const;
  void bind(const types::Type* variable, const types::Type* type);
  void roll_back(size_t mark);

  bool unify(const types::Type* from, const types::Type* to);
  void widen(const types::Type* type);
  bool unify_variable(const types::Type* type, const types::Type* variable, bool* bound);
  bool occurs(const types::Type* variable, const types::Type* within);
  const types::Type* more_general(const types::Type* a, const types::Type* b) const;

  types::TypeTable& types_;
  std::vector<const types::Type*> variables_;  // made so far, in order; the first used_ are in use
  size_t used_ = 0;
  std::unordered_map<const types::Type*, const types::Type*> bindings_;
  std::vector<std::pair<const types::Type*, const types::Type*>> trail_;  // variable, previous binding
  std::unordered_map<const types::Type*, uint32_t> weights_;
  uint32_t steps_left_ = 0;  // of one question; a hostile expression could ask for more than anyone waits for
};

// One use of an overload: its own variables.
class Unifier::Instance {
 public:
  explicit Instance(Unifier& unifier) : unifier_(unifier) {}
  const types::Type* operator()(const types::Type* signature_type);

 private:
  Unifier& unifier_;
  std::vector<std::pair<const types::Type*, const types::Type*>> made_;
};

// The type with entities replaced by their bases, however deep.
const types::Type* erase_entities(const types::Type* type, types::TypeTable& types);

}  // namespace weir::check
