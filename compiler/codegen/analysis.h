// What code generation wants to know of a graph before it starts: what a node costs, which nodes are functions of their
// own, which slots are worth preparing. No LLVM here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/ir/ir.h"

namespace weir::codegen {

// Constant strings that a slot is compared with. A text's code is its position from 1; 0: none of them.
class CodeTable {
 public:
  explicit CodeTable(uint32_t slot) : slot_(slot) {}
  uint32_t slot() const { return slot_; }
  const std::vector<std::string>& strings() const { return strings_; }
  uint32_t add(const std::string& text);
  uint32_t code(const std::string& text) const;

 private:
  uint32_t slot_;
  std::vector<std::string> strings_;
  std::unordered_map<std::string, uint32_t> codes_;
};

// What an evaluator prepares for the rules of a group, once an event, from its row.
struct Preparation {
  std::vector<CodeTable> texts;  // string slots: an abi::SlotView each
  std::vector<CodeTable> lists;  // list<string> slots: a set of the codes of their elements each, from list_words[i]
  std::vector<uint32_t> list_words;
  // String slots with a table of grams (text_filter.h).
  struct Grams {
    uint32_t slot = 0;
    uint32_t word = 0;  // from there on
    uint8_t lengths = 0;
    int view = -1;  // in `texts`: made only if the text has no code there
  };
  std::vector<Grams> grams;
  uint32_t bit_words = 0;  // of all sets and filters together
};

// A search of a slot for a constant, and what is known of it before it is made.
struct Filter {
  uint32_t slot = 0;
  // Of a text that has a code in Preparation::texts[view]: all. It is found in these alone. -1: no code is looked at.
  int view = -1;
  std::vector<uint32_t> codes;
  // Of other texts: the search is false unless all places of one of the alternatives are set in the slot's grams. None:
  // it may be true.
  uint32_t word = 0;  // of the grams in Frame::bits
  std::vector<std::vector<uint32_t>> alternatives;
  bool ascii_only = false;  // nothing is known of texts that are not plain ASCII
};

// `slot.exists(x, x == "constant")`: one bit.
struct Membership {
  uint32_t slot = 0;
  uint32_t bit = 0;  // in Frame::bits
};

class Analysis {
 public:
  // What is prepared for the nodes, for Evaluator::eval_rules: texts and lists that are compared with constants; and
  // filters of texts that are searched, which pay where many searches are evaluated.
  enum class Prepared : uint8_t { kNothing, kComparisons, kSearchesToo };
  Analysis(const ir::Module& module, std::span<const ir::NodeId> roots, Prepared prepared);

  // Relative cost of evaluating the node once (1: a load and a compare), the cost of looking up what is remembered
  // included.
  uint32_t cost(ir::NodeId id) const { return cost_[id]; }
  // Straight-line code without calls, a few instructions long: better computed than jumped over.
  bool cheap(ir::NodeId id) const { return straight_[id] && cost_[id] <= kCheap; }
  // The node is a function that remembers its value; cheap nodes with a memo are computed where they are used instead.
  bool out_of_line(ir::NodeId id) const { return out_of_line_[id]; }
  // The node is a function that remembers nothing: LLVM's time grows much faster than the size of a function.
  bool split(ir::NodeId id) const { return split_[id]; }
  // Too large for a function that holds many rules.
  bool large(ir::NodeId id) const { return size_[id] > kMaxRule; }

  const Preparation& preparation() const { return preparation_; }
  // Position in Preparation::texts of a node that is a prepared string slot; -1: it is not.
  int text_of(ir::NodeId id) const;
  const Filter* filter(ir::NodeId id) const;          // null: none
  const Membership* membership(ir::NodeId id) const;  // null: not of that shape

 private:
  static constexpr uint32_t kCheap = 16;
  static constexpr uint32_t kMaxRule = 48;       // nodes
  static constexpr uint32_t kMaxFunction = 100;  // nodes, those of the last argument aside

  void collect(ir::NodeId id);
  void collect_filter(ir::NodeId id, ir::NodeId slot, const std::vector<std::vector<std::string>>& literals,
                      bool ascii_only);
  void lay_out_filters();
  bool find_codes(ir::NodeId id, Filter& filter) const;
  void collect_membership(ir::NodeId id);
  void lay_out();
  void visit(ir::NodeId id);
  uint32_t call_cost(ir::NodeId id, bool* straight) const;
  bool is_row_slot(ir::NodeId id, types::Kind kind) const;
  const ir::Constant* constant(ir::NodeId id, ir::ConstantKind kind) const;
  CodeTable& texts(ir::NodeId slot);

  const ir::Module& module_;
  const bool with_filters_;
  std::vector<uint32_t> cost_;
  std::vector<uint8_t> straight_;
  std::vector<uint8_t> out_of_line_;
  std::vector<uint8_t> split_;
  std::vector<uint32_t> size_;  // nodes computed where this one is
  Preparation preparation_;
  std::unordered_map<uint32_t, size_t> text_index_;  // by slot
  std::unordered_map<ir::NodeId, Filter> filters_;
  std::unordered_map<ir::NodeId, Membership> memberships_;
};

// Reachable nodes, arguments before users.
std::vector<ir::NodeId> reachable(const ir::Module& module, std::span<const ir::NodeId> roots);

}  // namespace weir::codegen
