// The conditions of an event type's rules, taken apart so that a batch of events can be looked at column by column.
//
// Every distinct test of an operand against a constant (index/test_finder.h) is a leaf; a condition is `&&` and `||`
// over leaves, negation pushed down to them. What is no test (features, labels, loops, tests of operands that are not
// worth computing) is the leaf of which nothing is known: rows that hang on it are evaluated one by one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/batch/kernels.h"
#include "runtime/index/guards.h"
#include "runtime/index/pattern_shape.h"
#include "runtime/index/search_keys.h"
#include "runtime/index/text_table.h"

namespace weir::batch {

// Numbers of leaves by key: a value, a search.
class LeafLists {
 public:
  void add(uint32_t key, uint32_t leaf) { pairs_.emplace_back(key, leaf); }
  void build(size_t keys);  // no more are added
  std::span<const uint32_t> of(uint32_t key) const {
    return {leaves_.data() + first_[key], leaves_.data() + first_[key + 1]};
  }

 private:
  std::vector<std::pair<uint32_t, uint32_t>> pairs_;  // until built
  std::vector<uint32_t> first_, leaves_;
};

// Immutable once built: may be used from many threads at once. The module must outlive it.
class Plan {
 public:
  // Rules are known by their position in `rules`.
  Plan(const ir::Module& module, std::span<const ir::NodeId> rules);

  struct Comparison {
    uint32_t leaf;
    Compare relation;
    std::vector<int64_t> ints;    // uints: with the sign bit flipped
    std::vector<double> doubles;  // more than one: any of them
  };
  struct Union {
    uint32_t leaf;
    std::vector<uint32_t> values;  // numbers of texts
  };
  // What a text is asked for where a leaf was left open.
  struct Search {
    // startsWith, endsWith: one of the words is there; else: somewhere in the text.
    index::Relation relation = index::Relation::kContains;
    std::vector<std::string> words;
    bool decides = false;  // else RE2 does, if there are no words or one of them was found
  };
  // An operand and the leaves that test it, which are numbered one after the other.
  struct Column {
    index::Operand operand;
    uint32_t first_leaf = 0, leaf_count = 0;
    std::vector<Comparison> comparisons;        // numbers
    std::unique_ptr<index::TextTable> texts;    // text, member: values, from 1
    std::vector<Union> unions;                  // text of few values: leaves as sets of them
    LeafLists by_key;                           // text of many values, member: by value; search: by key
    std::unique_ptr<index::SearchKeys> search;  // search
    std::vector<uint32_t> always;               // search: leaves that are true of all texts
    std::vector<uint32_t> unknown;              // search: leaves that are true of who knows which
    std::vector<Search> searches;               // by leaf, from first_leaf
    bool dense() const { return !unions.empty(); }
  };

  static constexpr uint32_t kUnknownLeaf = 0, kTrueLeaf = 1;
  static constexpr uint32_t kNoSearch = UINT32_MAX;
  static constexpr size_t kMaxDenseTexts = 128;
  static constexpr size_t kMaxAskedLeaves = 256;
  // Whether searches that are exact may be left open: with many, one pass over the text is sure to be quicker.
  static bool may_be_asked(const index::Operand& operand, size_t leaves) {
    return !operand.computed && leaves <= kMaxAskedLeaves;
  }

  const ir::Module& module() const { return module_; }
  const std::vector<Column>& columns() const { return columns_; }
  size_t rules() const { return rules_; }
  // Leaves, then the shared conditions, which are leaves of later conditions: leaf shared_leaf(i) is condition i.
  size_t leaves() const { return exact_.size(); }
  size_t shared() const { return shared_; }
  uint32_t shared_leaf(size_t condition) const { return static_cast<uint32_t>(first_shared_leaf_ + condition); }
  // Conditions: the shared ones in order, then the rules.
  const std::vector<Item>& items() const { return items_; }
  const std::vector<uint32_t>& starts() const { return starts_; }  // one more than there are conditions
  bool exact(uint32_t leaf) const { return exact_[leaf] != 0; }    // if its operand is fit to be tested
  // Of a search that may be left open: the constant, a text or a regular expression; of other leaves kNoSearch.
  uint32_t searched(uint32_t leaf) const { return searched_[leaf]; }
  // Runs of characters without which an expression does not match; asked before RE2 is.
  std::span<const uint32_t> runs(uint32_t leaf) const { return runs_[leaf]; }
  // A run that texts of one column are asked for.
  struct ColumnRun {
    uint32_t column = 0;
    index::Run run;
    friend bool operator==(const ColumnRun&, const ColumnRun&) = default;
  };
  const std::vector<ColumnRun>& column_runs() const { return column_runs_; }
  uint32_t column_of(uint32_t leaf) const { return column_of_[leaf]; }
  // Leaves of a rule that are searches, those that RE2 decides last.
  std::span<const uint32_t> searches(uint32_t rule) const {
    return {rule_searches_.data() + first_search_[rule], rule_searches_.data() + first_search_[rule + 1]};
  }

 private:
  friend class PlanBuilder;
  const ir::Module& module_;
  size_t rules_ = 0, shared_ = 0, first_shared_leaf_ = 0;
  std::vector<Column> columns_;
  std::vector<Item> items_;
  std::vector<uint32_t> starts_;
  std::vector<uint8_t> exact_;                  // by leaf
  std::vector<uint32_t> searched_, column_of_;  // by leaf
  std::vector<std::vector<uint32_t>> runs_;     // by leaf: into column_runs_
  std::vector<ColumnRun> column_runs_;          // each once
  std::vector<uint32_t> rule_searches_, first_search_;
};

}  // namespace weir::batch
