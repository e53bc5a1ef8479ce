#include "runtime/jit/code_store.h"

#include <fmt/format.h>
#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>

#include "runtime/jit/symbols.h"

namespace weir::jit {

namespace {

absl::Status internal(const std::string& text) {
  return absl::InternalError(absl::string_view(text.data(), text.size()));
}

// Counts what is about to be linked and refuses what exceeds the budget.
class Meter : public llvm::orc::ObjectLinkingLayer::Plugin {
 public:
  Meter(std::shared_ptr<std::atomic<uint64_t>> bytes, uint64_t max_bytes)
      : bytes_(std::move(bytes)), max_bytes_(max_bytes) {}

  void modifyPassConfig(llvm::orc::MaterializationResponsibility&, llvm::jitlink::LinkGraph&,
                        llvm::jitlink::PassConfiguration& config) override {
    config.PostPrunePasses.push_back([this](llvm::jitlink::LinkGraph& graph) -> llvm::Error {
      uint64_t size = 0;
      for (const llvm::jitlink::Block* block : graph.blocks()) size += block->getSize();
      uint64_t total = *bytes_ += size;
      if (total <= max_bytes_) return llvm::Error::success();
      return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                     fmt::format("code budget exceeded: {} of {} bytes", total, max_bytes_));
    });
  }
  llvm::Error notifyFailed(llvm::orc::MaterializationResponsibility&) override { return llvm::Error::success(); }
  llvm::Error notifyRemovingResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey) override {
    return llvm::Error::success();
  }
  void notifyTransferringResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey, llvm::orc::ResourceKey) override {}

 private:
  std::shared_ptr<std::atomic<uint64_t>> bytes_;
  uint64_t max_bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CodeStore>> CodeStore::create(uint64_t max_bytes) {
  auto control = llvm::orc::SelfExecutorProcessControl::Create();
  if (!control) return internal("cannot start the code store: " + llvm::toString(control.takeError()));
  std::unique_ptr<CodeStore> store(new CodeStore);
  store->session_ = std::make_unique<llvm::orc::ExecutionSession>(std::move(*control));
  llvm::orc::ExecutionSession& session = *store->session_;
  session.setErrorReporter([self = store.get()](llvm::Error error) {
    std::string text = llvm::toString(std::move(error));
    if (self->reported_.empty()) self->reported_ = text;
  });
  store->layer_ = std::make_unique<llvm::orc::ObjectLinkingLayer>(session);
  store->layer_->addPlugin(std::make_shared<Meter>(store->bytes_, max_bytes));
  store->runtime_ = &session.createBareJITDylib("runtime");

  llvm::orc::SymbolMap symbols;
  for (const Symbol& symbol : runtime_symbols())
    symbols[session.intern(symbol.name)] = {llvm::orc::ExecutorAddr::fromPtr(symbol.address),
                                            llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  if (llvm::Error error = store->runtime_->define(llvm::orc::absoluteSymbols(std::move(symbols))))
    return store->failed(std::move(error));
  return store;
}

CodeStore::~CodeStore() {
  // Freeing memory can fail only where it was never mapped; there is nobody left to tell.
  if (session_ != nullptr) llvm::consumeError(session_->endSession());
}

absl::Status CodeStore::failed(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  return internal("cannot link native code: " + (reported_.empty() ? text : reported_));
}

absl::StatusOr<size_t> CodeStore::add(std::unique_ptr<llvm::MemoryBuffer> object) {
  llvm::orc::JITDylib& unit = session_->createBareJITDylib(fmt::format("unit_{}", units_.size()));
  unit.addToLinkOrder(*runtime_);
  units_.push_back(&unit);
  if (llvm::Error error = layer_->add(unit, std::move(object))) return failed(std::move(error));
  return units_.size() - 1;
}

absl::StatusOr<void*> CodeStore::lookup(size_t unit, const std::string& symbol) {
  auto found = session_->lookup({units_[unit]}, session_->intern(symbol));
  if (!found) return failed(found.takeError());
  return found->getAddress().toPtr<void*>();
}

}  // namespace weir::jit
