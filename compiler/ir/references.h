// Whether a program that was read refers to nothing that it does not have.
#pragma once

#include "compiler/ir/program.h"

namespace weir::ir {

// Of what nodes, features and rules refer to by number; rows must be as wide as what reads them. Arguments of nodes and
// indices into the module's own tables have been looked at before.
bool references_hold(const Program& program);

}  // namespace weir::ir
