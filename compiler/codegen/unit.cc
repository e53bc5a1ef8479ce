#include "compiler/codegen/unit.h"

#include <fmt/format.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "compiler/codegen/emitter.h"

namespace weir::codegen {

using ir::NodeId;

namespace {

// Every function takes a context and a frame, and most a place for the result.
llvm::Function* make_function(llvm::Module& module, const std::string& name, llvm::Type* result, bool with_out,
                              bool external) {
  llvm::Type* pointer = llvm::PointerType::getUnqual(module.getContext());
  std::vector<llvm::Type*> params(with_out ? 3 : 2, pointer);
  auto* type = llvm::FunctionType::get(result, params, false);
  auto linkage = external ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage;
  llvm::Function* f = llvm::Function::Create(type, linkage, name, module);
  f->setDoesNotThrow();
  // So that a profiler or a debugger sees who called a runtime function.
  f->addFnAttr("frame-pointer", "all");
  if (!external) f->addFnAttr(llvm::Attribute::NoInline);
  return f;
}

// The functions of rules that are called one by one.
void make_table(Unit& unit, const UnitSpec& spec) {
  std::vector<llvm::Constant*> functions;
  for (NodeId rule : spec.rules) functions.push_back(unit.function_of(rule, Unit::Shape::kTruth));
  llvm::Type* pointer = llvm::PointerType::getUnqual(unit.llvm.getContext());
  auto* type = llvm::ArrayType::get(pointer, functions.size());
  new llvm::GlobalVariable(unit.llvm, type, /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage,
                           llvm::ConstantArray::get(type, functions), kRulesSymbol);
}

}  // namespace

std::string root_symbol(size_t position) { return fmt::format("root_{}", position); }

llvm::Value* Unit::number(Number kind, uint64_t id, uint64_t value, llvm::IRBuilderBase& builder) {
  auto [it, added] = known_numbers.try_emplace({kind, id}, numbers.values.size());
  if (added) numbers.values.push_back(value);
  llvm::Type* word = llvm::Type::getInt64Ty(llvm.getContext());
  if (table == nullptr)
    table = new llvm::GlobalVariable(llvm, word, false, llvm::GlobalValue::ExternalLinkage, nullptr, "numbers_to_be");
  llvm::LoadInst* load = builder.CreateLoad(word, builder.CreateConstInBoundsGEP1_64(word, table, it->second));
  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(llvm.getContext(), {}));
  return load;
}

void Unit::finish_numbers() {
  if (table == nullptr) return;
  auto* type = llvm::ArrayType::get(llvm::Type::getInt64Ty(llvm.getContext()), numbers.values.size());
  // Not a constant: LLVM must not know what is in it.
  auto* all = new llvm::GlobalVariable(llvm, type, false, llvm::GlobalValue::ExternalLinkage,
                                       llvm::ConstantAggregateZero::get(type), kNumbersSymbol);
  table->replaceAllUsesWith(all);
  table->eraseFromParent();
}

llvm::Function* Unit::function_of(NodeId id, Shape shape) {
  auto [it, added] = functions.try_emplace({id, shape}, nullptr);
  if (added) {
    constexpr const char* kPrefixes[] = {"node", "truth", "value"};
    llvm::Type* result =
        shape == Shape::kTruth ? llvm::Type::getInt8Ty(llvm.getContext()) : llvm::Type::getVoidTy(llvm.getContext());
    std::string name = fmt::format("{}_{}", kPrefixes[static_cast<size_t>(shape)], functions.size());
    it->second = make_function(llvm, name, result, shape == Shape::kValue, false);
    pending.push_back({id, shape, it->second});
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
                                                         const Analysis& analysis, const UnitSpec& spec,
                                                         UnitNumbers* numbers) {
  auto llvm_module = std::make_unique<llvm::Module>("unit", context);
  llvm_module->setDataLayout(layout);
  llvm_module->setTargetTriple(triple);
  Unit unit{*llvm_module, module, analysis, *numbers, {}, {}, {}};
  auto named = [&](const std::string& name) {
    return make_function(*llvm_module, name, llvm::Type::getVoidTy(context), true, true);
  };
  if (spec.table) {
    make_table(unit, spec);
  } else if (!spec.rules.empty()) {
    Emitter(unit, named(kRulesSymbol)).rules(spec.rules);
  }
  for (size_t i = 0; i < spec.roots.size(); ++i) Emitter(unit, named(root_symbol(i))).root(spec.roots[i]);
  while (!unit.pending.empty()) {
    Unit::Declared next = unit.pending.back();
    unit.pending.pop_back();
    Emitter(unit, next.function).single(next.node, next.shape);
  }
  unit.finish_numbers();
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (llvm::verifyModule(*llvm_module, &stream)) {
    std::string text = "generated code does not verify: " + stream.str();
    return absl::InternalError(absl::string_view(text.data(), text.size()));
  }
  return llvm_module;
}

}  // namespace weir::codegen
