// The values of one operand, cut into cells in which all tests of it have one outcome.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/index/bits.h"
#include "runtime/index/guards.h"
#include "runtime/index/text_table.h"
#include "runtime/value/value.h"

namespace weir::index {

// Where a test may be true; exact: and is.
struct Truths {
  Bits cells;
  bool exact = true;
};

// Immutable once made. Numbers are cut at the thresholds of tests, into at most kMaxCells: beyond that neighbouring
// cells are joined, and tests that differ within one are inexact. Strings have a cell each, and one for all others.
class ValueCells {
 public:
  static constexpr size_t kMaxCells = 128;

  // `tests`: all of the operand, whose domain is a bool, a number or a text.
  ValueCells(const ir::Module& module, Domain domain, std::span<const Test> tests);

  size_t size() const { return size_; }
  int cell_of(const value::Value& v) const;  // -1: missing, an error or of another kind; tests say nothing of it
  const Truths& truths(size_t test) const { return truths_[test]; }  // as the tests given

 private:
  void cut_numbers(const ir::Module& module, std::span<const Test> tests);
  void number_texts(const ir::Module& module, std::span<const Test> tests);
  std::vector<uint32_t> constants_of(const ir::Module& module, const Test& test) const;

  Domain domain_;
  size_t size_ = 0;
  std::vector<uint64_t> thresholds_;   // ascending, in an order-preserving form
  std::vector<uint32_t> number_cell_;  // below threshold 0, at it, above it and below threshold 1, at…; last: NaN
  TextTable texts_;
  std::vector<Truths> truths_;
};

}  // namespace weir::index
