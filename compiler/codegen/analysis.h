// What code generation wants to know of a graph before it starts: what a node costs, which nodes are functions of their
// own, which string slots are worth preparing. No LLVM here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/ir/ir.h"

namespace weir::codegen {

// The strings that rules of one group compare a slot with. A text's code is its position from 1.
struct SlotDictionary {
  uint32_t slot = 0;
  std::vector<std::string> strings;
};

class Analysis {
 public:
  // `prepared`: the nodes are evaluated with a frame that has views (Evaluator::eval_rules).
  Analysis(const ir::Module& module, std::span<const ir::NodeId> roots, bool prepared);

  // Relative cost of evaluating the node once (1: a load and a compare), the cost of looking up what is remembered
  // included.
  uint32_t cost(ir::NodeId id) const { return cost_[id]; }
  // Straight-line code without calls, a few instructions long: better computed than jumped over.
  bool cheap(ir::NodeId id) const { return straight_[id] && cost_[id] <= kCheap; }
  // The node is a function that remembers its value; cheap nodes with a memo are computed where they are used instead.
  bool out_of_line(ir::NodeId id) const { return out_of_line_[id]; }

  const std::vector<SlotDictionary>& dictionaries() const { return dictionaries_; }
  int view_of(uint32_t slot) const;                           // its position in dictionaries; -1: not prepared
  uint32_t code_of(int view, const std::string& text) const;  // 0: not in the dictionary

  // The slot, if the node is a string slot with a view.
  int string_view(ir::NodeId id) const;

 private:
  static constexpr uint32_t kCheap = 16;

  void visit(ir::NodeId id);
  void collect(ir::NodeId id);
  void collect_string(ir::NodeId slot, uint32_t constant);
  uint32_t call_cost(ir::NodeId id, bool* straight) const;
  bool is_string_slot(ir::NodeId id) const;

  const ir::Module& module_;
  const bool prepared_;
  std::vector<uint32_t> cost_;
  std::vector<uint8_t> straight_;
  std::vector<uint8_t> out_of_line_;
  std::vector<SlotDictionary> dictionaries_;
  std::unordered_map<uint32_t, int> views_;
  std::vector<std::unordered_map<std::string, uint32_t>> codes_;
};

// Reachable nodes, arguments before users.
std::vector<ir::NodeId> reachable(const ir::Module& module, std::span<const ir::NodeId> roots);

}  // namespace weir::codegen
