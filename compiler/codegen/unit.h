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
  // kRulesSymbol is their function (abi::RulesFn), which writes their truths in order; or, of a table, the array of
  // their functions (abi::RuleFn).
  std::vector<ir::NodeId> rules;
  std::vector<ir::NodeId> roots;  // root i is a function root_symbol(i) (abi::RootFn)
  bool table = false;
};

inline constexpr const char* kRulesSymbol = "rules";
inline constexpr const char* kNumbersSymbol = "numbers";
std::string root_symbol(size_t position);

// What code knows by number only: memo slots, constants, codes of texts. These number the whole rule set, so an edit
// anywhere shifts them; code therefore reads them from a table of its own, kNumbersSymbol, which is written once the
// code is loaded. So the code of a unit depends on what its rules say and on nothing else, and is worth keeping.
struct UnitNumbers {
  struct Set {
    size_t number;  // holds the address of `words`
    std::vector<uint64_t> words;
  };
  std::vector<uint64_t> values;
  std::vector<Set> sets;
};

// The module verifies; otherwise the error says what LLVM's verifier found. The target's layout and triple are set
// before emission because constant folding depends on them.
absl::StatusOr<std::unique_ptr<llvm::Module>> build_unit(llvm::LLVMContext& context, const llvm::DataLayout& layout,
                                                         const std::string& triple, const ir::Module& module,
                                                         const Analysis& analysis, const UnitSpec& spec,
                                                         UnitNumbers* numbers);

}  // namespace weir::codegen
