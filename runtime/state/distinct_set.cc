#include "runtime/state/distinct_set.h"

#include <cmath>

namespace weir::state {

void DistinctSet::free_all() {
  if (capacity_ == kSketch) {
    delete sketch_;
  } else if (capacity_ > 0) {
    delete[] table_;
  }
}

size_t DistinctSet::heap_bytes() const {
  return capacity_ == kSketch ? sizeof(HyperLogLog) : capacity_ * sizeof(uint64_t);
}

bool DistinctSet::put(uint64_t* table, uint32_t capacity, uint64_t hash) const {
  const uint32_t mask = capacity - 1;
  uint32_t i = static_cast<uint32_t>(hash) & mask;
  for (; table[i] != 0; i = (i + 1) & mask) {
    if (table[i] == hash) return false;
  }
  table[i] = hash;
  return true;
}

void DistinctSet::grow() {
  const uint32_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
  auto* table = new uint64_t[capacity]();
  if (capacity_ == 0) {
    put(table, capacity, one_);
  } else {
    for (uint32_t i = 0; i < capacity_; ++i) {
      if (table_[i] != 0) put(table, capacity, table_[i]);
    }
    delete[] table_;
  }
  table_ = table;
  capacity_ = capacity;
}

void DistinctSet::to_sketch() {
  auto sketch = std::make_unique<HyperLogLog>();
  for (uint32_t i = 0; i < capacity_; ++i) {
    if (table_[i] != 0) sketch->add(table_[i]);
  }
  delete[] table_;
  sketch_ = sketch.release();
  capacity_ = kSketch;
}

bool DistinctSet::add(uint64_t hash) {
  if (capacity_ == kSketch) return sketch_->add(hash);
  if (hash == 0) hash = 1;
  if (size_ == 0) {
    one_ = hash;
    size_ = 1;
    return true;
  }
  if (capacity_ == 0) {
    if (one_ == hash) return false;
    grow();
  } else if ((size_ + 1) * 4 > capacity_ * 3) {
    grow();
  }
  if (!put(table_, capacity_, hash)) return false;
  if (++size_ > kExact) to_sketch();
  return true;
}

void DistinctSet::merge(const DistinctSet& other) {
  if (other.size_ == 0) return;
  if (other.capacity_ == kSketch) {
    if (capacity_ != kSketch) {
      if (size_ == 1 && capacity_ == 0) grow();
      to_sketch();
      size_ = kExact + 1;
    }
    sketch_->merge(*other.sketch_);
  } else if (other.capacity_ == 0) {
    add(other.one_);
  } else {
    for (uint32_t i = 0; i < other.capacity_; ++i) {
      if (other.table_[i] != 0) add(other.table_[i]);
    }
  }
}

int64_t DistinctSet::count() const {
  return capacity_ == kSketch ? std::llround(sketch_->estimate()) : static_cast<int64_t>(size_);
}

}  // namespace weir::state
