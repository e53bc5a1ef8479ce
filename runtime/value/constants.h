// A module's constants as values, made once at load; immutable and shared by all evaluations.
#pragma once

#include <deque>
#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/value/arena.h"
#include "runtime/value/regex.h"
#include "runtime/value/value.h"

namespace weir::value {

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
