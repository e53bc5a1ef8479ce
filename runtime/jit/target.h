// LLVM IR to machine code of the host.
#pragma once

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/MemoryBuffer.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/jit/native.h"

namespace llvm {
class TargetMachine;
}

namespace weir::jit {

// Compiles for the machine it runs on. One caller at a time.
class Target {
 public:
  static absl::StatusOr<std::unique_ptr<Target>> host(OptLevel level);
  ~Target();

  const llvm::DataLayout& layout() const { return layout_; }
  const std::string& triple() const { return triple_; }
  // What code depends on beside its IR: LLVM, processor, level.
  std::string identity() const;

  // Runs the level's IR passes, which kO0 and kLess do not have.
  void optimize(llvm::Module& module) const;
  // An ELF object in memory, or assembly text.
  absl::StatusOr<std::unique_ptr<llvm::MemoryBuffer>> compile(llvm::Module& module, bool assembly) const;

 private:
  Target(std::unique_ptr<llvm::TargetMachine> machine, OptLevel level);
  std::unique_ptr<llvm::TargetMachine> machine_;
  llvm::DataLayout layout_;
  std::string triple_;
  OptLevel level_;
};

}  // namespace weir::jit
