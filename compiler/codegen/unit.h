// IR to LLVM IR: one LLVM module for a set of rules and roots.
//
// Everything a node may hold is compiled; what is hard calls a runtime function (runtime/jit/runtime_calls.cc) or the
// body of a builtin by name. Functions made are internal but for those named below.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/codegen/analysis.h"
#include "compiler/ir/ir.h"

namespace weir::codegen {

struct UnitSpec {
  // Of the rules' function (abi::RulesFn), which writes their truths in order; or, of a table, of the array of their
  // functions (abi::RuleFn).
  std::string name;
  std::vector<ir::NodeId> rules;
  std::vector<ir::NodeId> roots;  // each a function root_symbol(id) (abi::RootFn)
  bool table = false;
};

std::string root_symbol(ir::NodeId id);

// The module verifies; otherwise the error says what LLVM's verifier found. The target's layout and triple are set
// before emission because constant folding depends on them.
absl::StatusOr<std::unique_ptr<llvm::Module>> build_unit(llvm::LLVMContext& context, const llvm::DataLayout& layout,
                                                         const std::string& triple, const ir::Module& module,
                                                         const Analysis& analysis, const UnitSpec& spec);

}  // namespace weir::codegen
