// Pieces of unparsing that the dump shares.
#pragma once

#include <string>

#include "compiler/syntax/ast.h"

namespace weir::syntax {

// The literal that denotes a constant: `1`, `2u`, `3.0`, `"x"`, `b"y"`, `true`, `null`.
std::string constant_text(const Constant& constant);

}  // namespace weir::syntax
