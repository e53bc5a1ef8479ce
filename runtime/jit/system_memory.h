// What the system grants, asked before it is needed: LLVM ends the process where memory runs out on it.
#pragma once

#include "absl/status/status.h"

namespace weir::jit {

// PermissionDenied where this process may not make memory executable.
absl::Status executable_memory();

// ResourceExhausted where there is less to be had than compiling a unit takes. Others may take it meanwhile.
absl::Status room_to_compile();

}  // namespace weir::jit
