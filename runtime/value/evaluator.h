// What every tier offers: values of nodes in a context.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "compiler/ir/ir.h"
#include "runtime/value/context.h"

namespace weir::value {

// Outcome of a rule's `when`. The numbers are part of the ABI between the tiers.
enum class Truth : uint8_t { kFalse = 0, kTrue = 1, kError = 2, kMissing = 3 };

// Immutable after construction: may be used from many threads at once, each with a context of its own.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual std::string_view name() const = 0;  // "interpreter", "native"
  // The node must be one of those the evaluator was made for (any node, for the interpreter).
  virtual Value eval(ir::NodeId node, EvalContext& ctx) const = 0;
  // The boolean nodes of a group (an event type's rules, given when the evaluator was made) over one row: out[i] for
  // node i.
  virtual void eval_rules(uint32_t group, EvalContext& ctx, Truth* out) const = 0;
  // Some of them, by position: out[i] for node which[i]. The hot path where an index says which can matter.
  virtual void eval_rules(uint32_t group, EvalContext& ctx, std::span<const uint32_t> which, Truth* out) const = 0;
};

}  // namespace weir::value
