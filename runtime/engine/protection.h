// When a rule is taken out of service for what it does to the others, and what its events get then.
#pragma once

#include <cstdint>

#include "compiler/ir/program.h"

namespace weir::engine {

// More than `count` within any `per_nanos` trip the rule for as long. per_nanos 0: nothing does.
struct FaultBudget {
  int64_t count = 0;
  int64_t per_nanos = 0;
};

struct Protection {
  FaultBudget errors;    // evaluations of the rule, or of its effects, that end in an error
  FaultBudget overruns;  // evaluations of its `when` that take more than `steps`, of those that are measured
  int64_t steps = 0;
  // While it is tripped a rule is quiet (fail-open: kAllow), or states this verdict on each event of its type.
  ir::Verdict verdict = ir::Verdict::kAllow;

  bool any() const { return errors.per_nanos != 0 || overruns.per_nanos != 0; }
};

}  // namespace weir::engine
