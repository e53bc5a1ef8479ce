// A module's constants as values, made once at load; immutable and shared by all evaluations.
#pragma once

#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::value {

class ConstantPool {
 public:
  explicit ConstantPool(const ir::Module& module);
  const Value* values() const { return values_.data(); }  // parallel to module.constants

 private:
  Value make(const ir::Module& module, uint32_t constant);

  Arena arena_{SIZE_MAX};
  std::vector<Value> values_;
};

}  // namespace weir::value
