// Which rules of an event type can be other than false on each of up to 1,024 events, found column by column.
//
// The same answer as index::PredicateIndex gives event by event, and more often the last word. Two sets of rows stand
// for a condition: where it may be other than false, and where it is true. A row on which an operand is missing, an
// error or of an unexpected kind is in the first and not in the second; `&&` and `||` are the intersection and the
// union of both, and `!` swaps their complements: so errors are absorbed as CEL wants it, and what is decided here is
// decided exactly. Regular expressions are asked (RE2) for the rows of rules that hang on them alone; the rest is
// evaluated.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/batch/columns.h"
#include "runtime/batch/plan.h"
#include "runtime/batch/search_column.h"
#include "runtime/index/predicate_index.h"
#include "runtime/value/arena.h"
#include "runtime/value/evaluator.h"

namespace weir::batch {

// What one stream of batches needs. One caller at a time. Nothing is allocated once it has warmed up.
class Selection {
 public:
  // Longer texts are left to the evaluator, which charges for what it reads.
  static constexpr size_t kMaxMatchedText = 4096;

  // The plan must outlive this.
  explicit Selection(const Plan& plan);

  using Selected = index::PredicateIndex::Selected;
  // Looks at rows[0], …, rows[count - 1], at most kRows. Operands that must be computed are evaluated by `evaluator` in
  // `ctx`, whose epoch moves; the rest of it is as before. Charges no steps.
  void select(const value::Value* const* rows, size_t count, const value::Evaluator& evaluator,
              value::EvalContext& ctx);
  // The rules that may not be false on a row, in order. Valid until the next select().
  std::span<const Selected> row(size_t r) const { return selected_[r]; }

  // Of the whole stream so far: (rule, row) pairs decided here to be true, and left to the evaluator.
  uint64_t certain() const { return certain_; }
  uint64_t undecided() const { return undecided_; }
  uint64_t matched() const { return matched_; }  // texts given to RE2

 private:
  void fill_leaves();
  void fill_numbers(const Plan::Column& column);
  void fill_texts(const Plan::Column& column, const RowSet& fit);
  void fill_members(const Plan::Column& column, const RowSet& fit);
  // Asks for the text, list or bytes of a row that comes soon.
  void prefetch(size_t row) const {
    if (row < count_) __builtin_prefetch(reader_.value_at(row).p);
  }
  void clear(const Plan::Column& column);
  void leave_unfit(const Plan::Column& column, const RowSet& fit);
  void share_conditions();
  bool ask_searches(Survivor& survivor, const value::Value* constants);
  bool ask(uint32_t leaf, const RowSet& rows, const value::Value* constants);
  bool has_runs(uint32_t leaf, size_t row, std::string_view text);
  void keep(const Survivor& survivor);
  void measure();
  double passes(const Item* at) const;
  void reorder(Item* at) const;
  LeafSets sets() { return {may_.data(), must_.data(), inexact_.data()}; }

  const Plan& plan_;
  ColumnReader reader_;
  std::vector<Item> items_;         // the plan's, the most telling first
  std::vector<RowSet> may_, must_;  // by leaf
  std::vector<uint8_t> inexact_;
  std::vector<float> passes_;                            // by leaf: share of rows, as measured
  std::vector<RowSet> values_;                           // of a dense column: by value
  std::vector<std::unique_ptr<SearchColumn>> searches_;  // by column; null: of another domain
  std::vector<RowSet> texts_;                            // by column: search: rows with a text
  // Of a run: the rows whose texts were asked for it, and those of them that have it.
  struct RunRows {
    RowSet asked, has;
  };
  std::vector<RunRows> runs_;  // by Plan::column_runs
  RowSet odd_;                 // rows whose searches are not exact
  std::vector<Survivor> survivors_;
  std::vector<std::vector<Selected>> selected_;
  value::Arena arena_;  // of computed texts
  const value::Value* const* rows_ = nullptr;
  size_t count_ = 0, words_ = 0;
  uint64_t batches_ = 0, certain_ = 0, undecided_ = 0, matched_ = 0;
};

}  // namespace weir::batch
