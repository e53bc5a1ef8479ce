// Rules as another rule set numbers them: what a label remembers of who set it goes by number.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "compiler/ir/program.h"
#include "runtime/state/label_store.h"

namespace weir::engine {

// Borrows the ids of the program.
class RuleNumbers {
 public:
  explicit RuleNumbers(const ir::Program& program) {
    for (uint32_t r = 0; r < program.rules.size(); ++r) by_id_.emplace(program.rules[r].id, r);
  }
  // LabelStore::kNoRule if the program has no such rule.
  uint32_t of(std::string_view id) const {
    const auto at = by_id_.find(id);
    return at == by_id_.end() ? state::LabelStore::kNoRule : at->second;
  }

 private:
  std::unordered_map<std::string_view, uint32_t> by_id_;
};

}  // namespace weir::engine
