// The loops over whole columns and sets of rows, compiled for several instruction sets; the best one that the machine
// has is chosen when the program runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/batch/row_set.h"

namespace weir::batch {

// What is known of each leaf: the rows where it may be other than false, and those where it is true. Where `inexact` is
// 0 the two are the same and only `may` is filled.
struct LeafSets {
  RowSet* may;
  RowSet* must;
  uint8_t* inexact;
};

// A condition in prefix order: two bits of kind, thirty of the leaf's number or, for groups, how many items follow that
// belong to them. Negation is at the leaves.
enum class ItemKind : uint32_t { kLeaf, kNotLeaf, kAnd, kOr };
using Item = uint32_t;
constexpr Item make_item(ItemKind kind, uint32_t value) { return static_cast<uint32_t>(kind) << 30 | value; }
constexpr ItemKind kind_of(Item item) { return static_cast<ItemKind>(item >> 30); }
constexpr uint32_t value_of(Item item) { return item & ((uint32_t{1} << 30) - 1); }

// A condition that is not false on all rows.
struct Survivor {
  RowSet may, must;
  uint32_t condition;
  bool exact;  // the sets are equal
};

// The comparisons there are kernels for; the others are made of them.
enum class Compare : uint8_t { kLess, kLessEquals, kGreater, kGreaterEquals, kEquals };

// Columns have room for kRows; what is beyond the batch's rows comes out as it may. `words`: of the sets that matter, a
// multiple of 8.
void compare(Compare relation, const int64_t* column, int64_t constant, size_t words, RowSet& out);
void compare(Compare relation, const double* column, double constant, size_t words, RowSet& out);  // IEEE 754
// out = the union of sets[w] for w in which.
void unite(const RowSet* sets, std::span<const uint32_t> which, RowSet& out);
// Conditions [first, end), condition c being items[starts[c]] to items[starts[c + 1]], on `rows`. Fills `out`, in
// order; returns how many.
size_t evaluate(const Item* items, const uint32_t* starts, uint32_t first, uint32_t end, const LeafSets& leaves,
                const RowSet& rows, size_t words, Survivor* out);
// The instruction set in use: "AVX2", "AVX3", "NEON"…
std::string_view kernels_in_use();
// For tests: another one, by name, for the whole process. False if the kernels are not compiled for it, or the machine
// has it not; then nothing changes.
bool use_kernels(std::string_view target);

}  // namespace weir::batch
