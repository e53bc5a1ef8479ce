// A bound on the work of expressions, known before they run: `weir check --cost` and the caps of a rule set.
//
// Units are the steps that evaluation counts (types/builtins.h says what each call costs). Inputs have no size yet, so
// the bound holds for events within AssumedSizes; a loop costs its body times the size of what it goes through. Both
// operands of
// && and both branches of ?: are counted.
#pragma once

#include <cstdint>

#include "compiler/check/module.h"

namespace weir::check {

struct AssumedSizes {
  uint64_t text = 280;  // bytes of a string or bytes field
  uint64_t list = 32;   // elements of a list or map field, and of what functions make of a text
};

// Saturates at kUnbounded.
inline constexpr uint64_t kUnbounded = UINT64_MAX;

struct RuleCost {
  uint64_t when = 0;     // for every event of its kind
  uint64_t effects = 0;  // when it fires: score, effects, once, because
  uint64_t total() const { return when > kUnbounded - effects ? kUnbounded : when + effects; }
};

// The module must have been checked without errors. Lets are counted where they are used, features are not: what an
// update costs is the feature's own.
RuleCost rule_cost(const Rule& rule, const Module& module, const AssumedSizes& sizes = {});
uint64_t feature_cost(const Feature& feature, const Module& module, const AssumedSizes& sizes = {});
uint64_t expression_cost(const syntax::Expr& expr, const Module& module, const Annotations& annotations,
                         const AssumedSizes& sizes = {});

}  // namespace weir::check
