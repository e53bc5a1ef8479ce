// Calls over constants, evaluated once at load: duration("72h"), "a" + "b", ip.prefix("10.1.2.3", 8).
#pragma once

#include "compiler/ir/ir.h"

namespace weir::driver {

// The constant a node evaluates to, if it is a call whose arguments are constants and which does not fail; else the
// node itself. A failing call is left for run time, where it is the error CEL says it is. Runs the same bodies as the
// tiers.
ir::NodeId fold_constant(ir::Module& module, ir::NodeId node);

}  // namespace weir::driver
