// Builtins that generated code computes itself instead of calling their bodies.
#pragma once

#include <cstdint>

#include "compiler/types/builtins.h"

namespace weir::codegen {

enum class InlineOp : uint8_t {
  kNone,
  kAddInt,
  kSubInt,
  kMulInt,
  kDivInt,
  kModInt,
  kNegInt,
  kAddUint,
  kSubUint,
  kMulUint,
  kDivUint,
  kModUint,
  kAddDouble,
  kSubDouble,
  kMulDouble,
  kDivDouble,
  kNegDouble,
  kLess,
  kLessEquals,
  kGreater,
  kGreaterEquals,  // of one scalar kind or of times: see `operands`
  kEquals,
  kNotEquals,  // if both operands are of one scalar kind or strings
  kInList,
  kContains,
  kMatches,
  kStartsWith,
  kEndsWith,
  kDoubleFromInt,
  kDoubleFromUint,
  kIdentity,  // dyn(x), int(int), …
};

// Operands of an ordering.
enum class Operands : uint8_t { kNone, kBool, kInt, kUint, kDouble, kTime };

struct InlineInfo {
  InlineOp op = InlineOp::kNone;
  Operands operands = Operands::kNone;
};

// Read off the overload table by function and signature.
InlineInfo inline_info(types::BuiltinId id);

}  // namespace weir::codegen
