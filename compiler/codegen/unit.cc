#include "compiler/codegen/unit.h"

#include <fmt/format.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "compiler/codegen/emitter.h"

namespace weir::codegen {

using ir::NodeId;

namespace {

llvm::Function* make_function(llvm::Module& module, const std::string& name, bool with_out, bool external) {
  llvm::LLVMContext& c = module.getContext();
  llvm::Type* pointer = llvm::PointerType::getUnqual(c);
  std::vector<llvm::Type*> params(with_out ? 3 : 2, pointer);
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(c), params, false);
  auto linkage = external ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage;
  llvm::Function* f = llvm::Function::Create(type, linkage, name, module);
  f->setDoesNotThrow();
  // So that a profiler or a debugger sees who called a runtime function.
  f->addFnAttr("frame-pointer", "all");
  return f;
}

}  // namespace

std::string root_symbol(NodeId id) { return fmt::format("root_{}", id); }

llvm::Function* Unit::memo_function(NodeId id) {
  auto [it, added] = memo_functions.try_emplace(id, nullptr);
  if (added) {
    it->second = make_function(llvm, fmt::format("node_{}", id), false, false);
    it->second->addFnAttr(llvm::Attribute::NoInline);
    pending.push_back(id);
  }
  return it->second;
}

llvm::FunctionCallee Unit::declare(const std::string& name, llvm::Type* result,
                                   std::initializer_list<llvm::Type*> params) {
  llvm::FunctionCallee f = llvm.getOrInsertFunction(name, llvm::FunctionType::get(result, params, false));
  if (auto* function = llvm::dyn_cast<llvm::Function>(f.getCallee())) function->setDoesNotThrow();
  return f;
}

llvm::FunctionCallee Unit::runtime(const std::string& name) {
  llvm::LLVMContext& c = llvm.getContext();
  llvm::Type* pointer = llvm::PointerType::getUnqual(c);
  llvm::Type* number = llvm::Type::getInt32Ty(c);
  return declare("weir_rt_" + name, llvm::Type::getVoidTy(c), {pointer, number, pointer, number, pointer});
}

llvm::FunctionCallee Unit::body(types::BuiltinId id) {
  llvm::LLVMContext& c = llvm.getContext();
  llvm::Type* pointer = llvm::PointerType::getUnqual(c);
  return declare("weir_bi_" + std::string(types::builtin_info(id).id_name), llvm::Type::getVoidTy(c),
                 {pointer, pointer, pointer});
}

absl::StatusOr<std::unique_ptr<llvm::Module>> build_unit(llvm::LLVMContext& context, const llvm::DataLayout& layout,
                                                         const std::string& triple, const ir::Module& module,
                                                         const Analysis& analysis, const UnitSpec& spec) {
  auto llvm_module = std::make_unique<llvm::Module>(spec.name, context);
  llvm_module->setDataLayout(layout);
  llvm_module->setTargetTriple(triple);
  Unit unit{*llvm_module, module, analysis, {}, {}};
  if (!spec.rules.empty()) Emitter(unit, make_function(*llvm_module, spec.name, true, true)).rules(spec.rules);
  for (NodeId root : spec.roots) Emitter(unit, make_function(*llvm_module, root_symbol(root), true, true)).root(root);
  while (!unit.pending.empty()) {
    NodeId id = unit.pending.back();
    unit.pending.pop_back();
    Emitter(unit, unit.memo_functions[id]).memo(id);
  }
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (llvm::verifyModule(*llvm_module, &stream)) {
    std::string text = "generated code does not verify: " + stream.str();
    return absl::InternalError(absl::string_view(text.data(), text.size()));
  }
  return llvm_module;
}

}  // namespace weir::codegen
