// A module's constants as values, made once at load; immutable and shared by all evaluations.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/value/arena.h"
#include "runtime/value/regex.h"
#include "runtime/value/value.h"

namespace weir::value {

// A constant as a value in the arena, its text copied: whoever adds to a module moves its constants. `items`: the
// values of c.items. A budget error if the arena has no room.
Value constant_value(const ir::Constant& c, std::span<const Value> items, Arena& arena);

class ConstantPool {
 public:
  explicit ConstantPool(const ir::Module& module);
  const Value* values() const { return values_.data(); }  // parallel to module.constants

 private:
  Value make(const ir::Module& module, uint32_t constant);
  // Lets the constants that are patterns of regular expressions carry their compiled form.
  void attach_patterns(const ir::Module& module);

  Arena arena_{SIZE_MAX};
  std::deque<LazyRegex> patterns_;
  std::vector<Value> values_;
};

}  // namespace weir::value
