// How often each value occurs: exact up to a number of distinct values, then the heavy hitters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/state/codec.h"
#include "runtime/state/heap_block.h"

namespace weir::state {

// Space-Saving (Metwally, Agrawal and El Abbadi, Efficient computation of frequent and top-k elements in data streams,
// 2005) with kTracked counters, ties broken by hash so that the outcome depends on the input alone: a count is too high
// by at most total() / kTracked. Values are known by hash; `slot` numbers are stable and below kTracked, so that a
// caller can keep something beside each.
class FrequencyTable {
 public:
  static constexpr uint32_t kTracked = 1024;

  bool contains(uint64_t hash) const;
  // Afterwards one add() throws nothing.
  void make_room();
  // The slot the value is counted in. `evicts` tells whether another value had to leave it.
  uint32_t add(uint64_t hash, uint64_t count, bool* evicts);
  // Counts the value only if that evicts no other. False if it was not counted.
  bool add_if_room(uint64_t hash, uint64_t count);

  size_t size() const { return hashes_.size(); }
  uint64_t hash(size_t slot) const { return hashes_[slot]; }
  uint64_t count(size_t slot) const { return counts_[slot]; }
  uint64_t total() const { return total_; }
  size_t heap_bytes() const {
    return heap_block(hashes_.capacity() * 8) + heap_block(counts_.capacity() * 8) + heap_block(index_.capacity() * 2);
  }

  void save(Writer& out) const;
  bool load(Reader& in);  // into an empty table

 private:
  uint32_t find(uint64_t hash) const;  // kTracked if it is not there
  void index_insert(uint32_t slot);
  void index_erase(uint32_t slot);

  std::vector<uint64_t> hashes_;
  std::vector<uint64_t> counts_;
  std::vector<uint16_t> index_;  // open addressing, slot + 1; used above kScan entries
  uint64_t total_ = 0;
};

}  // namespace weir::state
