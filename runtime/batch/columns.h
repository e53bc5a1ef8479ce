// One operand's values on all rows of a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/batch/row_set.h"
#include "runtime/index/guards.h"
#include "runtime/value/evaluator.h"

namespace weir::batch {

// Whether a node is arithmetic over numbers that columns can do by themselves.
bool is_columnar(const ir::Module& module, ir::NodeId node);

// Reused from batch to batch. One caller at a time.
class ColumnReader {
 public:
  explicit ColumnReader(const ir::Module& module) : module_(module) {}

  // Row r of a batch is rows[r]. Computed operands are evaluated with `ctx`, whose row, epoch and steps are used; their
  // texts lie in its arena.
  void begin(const value::Value* const* rows, size_t count, const value::Evaluator& evaluator, value::EvalContext& ctx);

  // Rows on which the operand has a value of its domain's kind. They fill, by domain: `truths`; `ints` (uints with the
  // sign bit flipped); `doubles`; value_at().
  const RowSet& read(const index::Operand& operand);
  RowSet truths;
  alignas(64) int64_t ints[kRows];
  alignas(64) double doubles[kRows];
  const value::Value& value_at(size_t row) const { return slot_ != kComputed ? rows_[row][slot_] : computed_[row]; }

 private:
  static constexpr size_t kComputed = SIZE_MAX;
  void compute(ir::NodeId node);
  void compute_doubles(ir::NodeId node, double* out, RowSet& fit, size_t depth);
  template <typename Test>
  void collect(Test test);

  const ir::Module& module_;
  const value::Value* const* rows_ = nullptr;
  size_t count_ = 0, slot_ = 0;
  size_t last_slot_ = 0;  // that was ever read
  const value::Evaluator* evaluator_ = nullptr;
  value::EvalContext* ctx_ = nullptr;
  std::vector<value::Value> computed_;
  struct Doubles {
    alignas(64) double values[kRows];
  };
  std::vector<std::unique_ptr<Doubles>> right_;  // by depth of the expression
  RowSet fit_;
};

}  // namespace weir::batch
