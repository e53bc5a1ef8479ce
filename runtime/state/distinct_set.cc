#include "runtime/state/distinct_set.h"

#include <bit>
#include <cmath>

#include "runtime/state/heap_block.h"

namespace weir::state {

void DistinctSet::free_all() {
  if (capacity_ == kSketch) {
    delete sketch_;
  } else if (capacity_ > 0) {
    delete[] table_;
  }
}

size_t DistinctSet::heap_bytes() const {
  return heap_block(capacity_ == kSketch ? sizeof(HyperLogLog) : capacity_ * sizeof(uint64_t));
}

bool DistinctSet::has(uint64_t hash) const {
  const uint32_t mask = capacity_ - 1;
  uint32_t i = static_cast<uint32_t>(hash) & mask;
  while (table_[i] != 0 && table_[i] != hash) i = (i + 1) & mask;
  return table_[i] != 0;
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
  if (size_ == kExact && !has(hash)) {
    to_sketch();
    size_ = kExact + 1;
    sketch_->add(hash);
    return true;
  }
  if (!put(table_, capacity_, hash)) return false;
  ++size_;
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

void DistinctSet::save(Writer& out) const {
  if (capacity_ == kSketch) {
    out.varint(kExact + 1);
    sketch_->save(out);
    return;
  }
  out.varint(size_);
  out.varint(capacity_);
  if (capacity_ == 0) {
    if (size_ > 0) out.fixed64(one_);
    return;
  }
  // From behind a free place on: added in this order, each hash comes to lie where it lies now.
  const uint32_t mask = capacity_ - 1;
  uint32_t start = 0;
  while (table_[start] != 0) ++start;
  for (uint32_t i = 1; i <= capacity_; ++i) {
    if (const uint64_t hash = table_[(start + i) & mask]; hash != 0) out.fixed64(hash);
  }
}

bool DistinctSet::load(Reader& in) {
  const uint64_t size = in.varint();
  if (size > kExact) {
    if (!in.allocates(1, sizeof(HyperLogLog))) return false;
    auto sketch = std::make_unique<HyperLogLog>();
    if (!sketch->load(in)) return false;
    sketch_ = sketch.release();
    capacity_ = kSketch;
    size_ = kExact + 1;
    return true;
  }
  const uint64_t capacity = in.varint();
  if (capacity == 0 ? size > 1 : !std::has_single_bit(capacity) || capacity > 4 * kExact || size * 4 > capacity * 3) {
    return in.fail("a set's capacity does not fit it");
  }
  if (capacity == 0) {
    one_ = size > 0 ? in.fixed64() : 0;
    size_ = static_cast<uint32_t>(size);
    return size == 0 || one_ != 0 || in.fail("a set holds a hash of 0");
  }
  if (!in.allocates(capacity, sizeof(uint64_t))) return false;
  table_ = new uint64_t[capacity]();
  capacity_ = static_cast<uint32_t>(capacity);
  for (; size_ < size; ++size_) {
    const uint64_t hash = in.fixed64();
    if (hash == 0 || !put(table_, capacity_, hash)) return in.fail("a set holds a hash of 0, or one twice");
  }
  return in.ok();
}

int64_t DistinctSet::count() const {
  return capacity_ == kSketch ? std::llround(sketch_->estimate()) : static_cast<int64_t>(size_);
}

}  // namespace weir::state
