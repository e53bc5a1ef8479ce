// The names an expression takes from outside: identifiers that no comprehension in it binds.
#pragma once

#include <functional>

#include "compiler/syntax/ast.h"

namespace weir::check {

// Calls `visit` with each free identifier together with the selections on it (the outermost Select of `a.b.c`, or the
// identifier). Uses no machine stack for depth.
void for_each_free_name(const syntax::Expr& expr, const std::function<void(const syntax::Expr& chain)>& visit);

}  // namespace weir::check
