#include "runtime/jit/target.h"

#include <fmt/format.h>
#include <llvm-c/Core.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

#include <mutex>

namespace weir::jit {

namespace {

void initialize_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
}

llvm::CodeGenOptLevel codegen_level(OptLevel level) {
  switch (level) {
    case OptLevel::kO0:
      return llvm::CodeGenOptLevel::None;
    case OptLevel::kLess:
    case OptLevel::kO1:
      return llvm::CodeGenOptLevel::Less;
    case OptLevel::kO2:
      return llvm::CodeGenOptLevel::Default;
  }
  return llvm::CodeGenOptLevel::Less;
}

}  // namespace

Target::Target(std::unique_ptr<llvm::TargetMachine> machine, OptLevel level)
    : machine_(std::move(machine)),
      layout_(machine_->createDataLayout()),
      triple_(machine_->getTargetTriple().str()),
      level_(level) {}

Target::~Target() = default;

absl::StatusOr<std::unique_ptr<Target>> Target::host(OptLevel level) {
  initialize_once();
  std::string triple = llvm::sys::getProcessTriple();
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (target == nullptr) return absl::InternalError("LLVM has no target for this machine: " + error);
  llvm::SubtargetFeatures features;
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) features.AddFeature(feature.first(), feature.second);
  llvm::TargetOptions options;
  options.EnableFastISel = level == OptLevel::kO0;
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, llvm::sys::getHostCPUName(), features.getString(), options, llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, codegen_level(level), /*JIT=*/true));
  if (machine == nullptr) return absl::InternalError("LLVM cannot make code for this machine");
  return std::unique_ptr<Target>(new Target(std::move(machine), level));
}

std::string Target::identity() const {
  unsigned major = 0, minor = 0, patch = 0;
  LLVMGetVersion(&major, &minor, &patch);  // of the library that is loaded
  return fmt::format("llvm {}.{}.{} {} {} {} level {}", major, minor, patch, triple_, machine_->getTargetCPU().str(),
                     machine_->getTargetFeatureString().str(), static_cast<int>(level_));
}

void Target::optimize(llvm::Module& module) const {
  if (level_ == OptLevel::kO0 || level_ == OptLevel::kLess) return;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(machine_.get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::OptimizationLevel level = level_ == OptLevel::kO1 ? llvm::OptimizationLevel::O1 : llvm::OptimizationLevel::O2;
  builder.buildPerModuleDefaultPipeline(level).run(module, modules);
}

absl::StatusOr<std::unique_ptr<llvm::MemoryBuffer>> Target::compile(llvm::Module& module, bool assembly) const {
  llvm::SmallVector<char, 0> code;
  llvm::raw_svector_ostream stream(code);
  llvm::legacy::PassManager passes;
  auto type = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine_->addPassesToEmitFile(passes, stream, nullptr, type))
    return absl::InternalError("LLVM cannot emit code for this machine");
  passes.run(module);
  return std::unique_ptr<llvm::MemoryBuffer>(
      new llvm::SmallVectorMemoryBuffer(std::move(code), module.getName(), /*RequiresNullTerminator=*/false));
}

}  // namespace weir::jit
