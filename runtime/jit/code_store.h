// Owns machine code: links objects into this process, a JITDylib per unit, within a budget of bytes.
#pragma once

#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/Support/MemoryBuffer.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weir::jit {

// Code is writable while it is linked and executable afterwards, never both. The destructor frees all of it. Not
// thread-safe while objects are added; looked-up code may run on any thread.
class CodeStore {
 public:
  static absl::StatusOr<std::unique_ptr<CodeStore>> create(uint64_t max_bytes);
  ~CodeStore();

  // One unit's object, in a name space of its own: units have the same symbols. Nothing is linked before the first
  // lookup of one of them. The result is the unit's number, from 0.
  absl::StatusOr<size_t> add(std::unique_ptr<llvm::MemoryBuffer> object);
  absl::StatusOr<void*> lookup(size_t unit, const std::string& symbol);

  uint64_t bytes() const { return *bytes_; }

 private:
  CodeStore() = default;
  absl::Status failed(llvm::Error error);

  std::shared_ptr<std::atomic<uint64_t>> bytes_ = std::make_shared<std::atomic<uint64_t>>(0);
  std::string reported_;  // what the session said of a failure; more precise than the lookup's own error
  std::unique_ptr<llvm::orc::ExecutionSession> session_;
  std::unique_ptr<llvm::orc::ObjectLinkingLayer> layer_;
  llvm::orc::JITDylib* runtime_ = nullptr;  // what code may link to
  std::vector<llvm::orc::JITDylib*> units_;
};

}  // namespace weir::jit
