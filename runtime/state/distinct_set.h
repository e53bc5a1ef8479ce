// The number of distinct 64-bit hashes: exact up to kExact, a HyperLogLog beyond.
//
// What count() says is a function of the set of hashes added, whatever their order and however sets were merged.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "runtime/state/codec.h"
#include "runtime/state/hyperloglog.h"

namespace weir::state {

class DistinctSet {
 public:
  static constexpr uint32_t kExact = 1000;

  DistinctSet() = default;
  DistinctSet(DistinctSet&& other) noexcept { swap(other); }
  DistinctSet& operator=(DistinctSet&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DistinctSet() { free_all(); }

  bool add(uint64_t hash);  // false if count() cannot have changed
  void merge(const DistinctSet& other);
  int64_t count() const;
  uint32_t stored() const { return size_; }  // hashes held; more than kExact if they are sketched
  bool exact() const { return capacity_ != kSketch; }
  size_t heap_bytes() const;

  void save(Writer& out) const;
  bool load(Reader& in);  // into an empty set

 private:
  static constexpr uint32_t kSketch = UINT32_MAX;

  void swap(DistinctSet& other) noexcept {
    std::swap(p_, other.p_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  void free_all();
  void grow();
  bool has(uint64_t hash) const;  // with a table
  bool put(uint64_t* table, uint32_t capacity, uint64_t hash) const;
  void to_sketch();

  union {
    uint64_t one_;         // capacity 0: the only hash
    uint64_t* table_;      // open addressing, 0 = free (a hash of 0 is stored as 1)
    HyperLogLog* sketch_;  // capacity kSketch
    void* p_ = nullptr;
  };
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace weir::state
