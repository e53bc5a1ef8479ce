// Results of two tiers, compared.
#pragma once

#include <string>

#include "runtime/value/value.h"

namespace weir::differential {

// Stricter than CEL equality: kinds must agree, doubles bit for bit but for the payload of NaN; errors by code, missing
// by cause.
bool identical(const value::Value& a, const value::Value& b);
std::string show(const value::Value& v);

}  // namespace weir::differential
