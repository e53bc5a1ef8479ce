// A set of the rows of a batch: one bit a row.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace weir::batch {

inline constexpr size_t kRows = 1024;
inline constexpr size_t kWords = kRows / 64;

struct alignas(128) RowSet {
  uint64_t words[kWords] = {};

  static RowSet first(size_t rows) {
    RowSet out;
    for (size_t w = 0; w < rows / 64; ++w) out.words[w] = ~uint64_t{0};
    if (rows % 64 != 0) out.words[rows / 64] = (uint64_t{1} << (rows % 64)) - 1;
    return out;
  }
  void set(size_t row) { words[row / 64] |= uint64_t{1} << (row % 64); }
  void clear(size_t row) { words[row / 64] &= ~(uint64_t{1} << (row % 64)); }
  bool test(size_t row) const { return (words[row / 64] >> (row % 64) & 1) != 0; }
  bool any() const {
    uint64_t all = 0;
    for (uint64_t w : words) all |= w;
    return all != 0;
  }
  size_t count() const {
    size_t n = 0;
    for (uint64_t w : words) n += static_cast<size_t>(std::popcount(w));
    return n;
  }
  RowSet& operator|=(const RowSet& other) {
    for (size_t w = 0; w < kWords; ++w) words[w] |= other.words[w];
    return *this;
  }
  RowSet& operator&=(const RowSet& other) {
    for (size_t w = 0; w < kWords; ++w) words[w] &= other.words[w];
    return *this;
  }
  RowSet without(const RowSet& other) const {
    RowSet out;
    for (size_t w = 0; w < kWords; ++w) out.words[w] = words[w] & ~other.words[w];
    return out;
  }
};

template <typename Visit>
void for_each_row(const RowSet& rows, Visit visit) {
  for (size_t w = 0; w < kWords; ++w)
    for (uint64_t bits = rows.words[w]; bits != 0; bits &= bits - 1)
      visit(w * 64 + static_cast<size_t>(std::countr_zero(bits)));
}

}  // namespace weir::batch
