// One scalar of a record, and its conversion to what a field's type wants.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/io/plan.h"
#include "runtime/io/reject.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::io {

enum class ScalarKind : uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,  // above INT64_MAX
  kDouble,
  kBigNumber,  // a JSON number no 64-bit type holds; text, and the nearest double (maybe infinite)
  kString,
  kText,  // from CSV: what it is depends on the field
};

struct Scalar {
  ScalarKind kind = ScalarKind::kNull;
  bool b = false;
  int64_t i = 0;
  uint64_t u = 0;
  double d = 0;
  std::string_view text;  // borrowed; lives as long as the value made from it
};
std::string_view scalar_kind_name(ScalarKind kind);  // "a string", "a number"…

// What is wrong with a value. Allocates, so it is made only when something is.
struct Problem {
  RejectCause cause = RejectCause::kWrongType;
  std::string message;
};

// False and *problem if the scalar cannot become the type. `type` is no list or map unless the field is split.
bool convert(const Scalar& scalar, const types::Type* type, const FieldPlan& field, value::Arena& arena,
             value::Value* out, Problem* problem);
// As its own kind, for extras and dyn: numbers, bools, strings, null.
value::Value as_is(const Scalar& scalar);

// RFC 3339, `T` or a space between date and time; years 1 to 9999. False if malformed (*in_range stays true) or out of
// range.
bool parse_rfc3339(std::string_view text, int64_t* seconds, uint32_t* nanos, bool* in_range);

}  // namespace weir::io
