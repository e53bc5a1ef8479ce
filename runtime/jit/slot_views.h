// Prepares string slots for the rules of a group: codegen::abi::SlotView.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/codegen/abi.h"
#include "compiler/codegen/analysis.h"

namespace weir::jit {

// Texts of one slot and their codes: open addressing at most half full. Immutable once made.
class Dictionary {
 public:
  explicit Dictionary(codegen::SlotDictionary dictionary);
  uint32_t slot() const { return slot_; }
  codegen::abi::SlotView view(const value::Value& text) const;

 private:
  struct Entry {
    uint64_t prefix = 0, suffix = 0;
    uint32_t length = 0;
    uint32_t code = 0;  // 0: free
  };

  uint32_t slot_;
  std::vector<std::string> strings_;
  std::vector<Entry> entries_;
  uint64_t mask_ = 0;
};

}  // namespace weir::jit
