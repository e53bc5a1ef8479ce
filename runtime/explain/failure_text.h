// What a failed value says to people.
#pragma once

#include <string>

#include "compiler/ir/program.h"
#include "runtime/value/value.h"

namespace weir::explain {

// What a missing value is missing for: the name of a field of the event, or of a feature.
std::string missing_name(const ir::Program& program, uint32_t event, const value::Value& missing);

// The error's message, or its code's name.
std::string error_text(const value::Value& error);

// A literal; for failures "missing: field" or "error: message".
std::string outcome_text(const ir::Program& program, uint32_t event, const value::Value& v);

}  // namespace weir::explain
