#include "runtime/state/frequency_table.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace weir::state {
namespace {

constexpr size_t kScan = 16;  // up to here a scan beats an index

}  // namespace

uint32_t FrequencyTable::find(uint64_t hash) const {
  if (index_.empty()) {
    const auto it = std::find(hashes_.begin(), hashes_.end(), hash);
    return it == hashes_.end() ? kTracked : static_cast<uint32_t>(it - hashes_.begin());
  }
  const size_t mask = index_.size() - 1;
  for (size_t i = hash & mask; index_[i] != 0; i = (i + 1) & mask) {
    if (hashes_[index_[i] - 1] == hash) return index_[i] - 1u;
  }
  return kTracked;
}

void FrequencyTable::index_insert(uint32_t slot) {
  const size_t mask = index_.size() - 1;
  size_t i = hashes_[slot] & mask;
  while (index_[i] != 0) i = (i + 1) & mask;
  index_[i] = static_cast<uint16_t>(slot + 1);
}

void FrequencyTable::index_erase(uint32_t slot) {
  const size_t mask = index_.size() - 1;
  size_t i = hashes_[slot] & mask;
  while (index_[i] != slot + 1) i = (i + 1) & mask;
  for (size_t j = (i + 1) & mask; index_[j] != 0; j = (j + 1) & mask) {
    const size_t home = hashes_[index_[j] - 1u] & mask;
    if (((j - home) & mask) < ((j - i) & mask)) continue;
    index_[i] = index_[j];
    i = j;
  }
  index_[i] = 0;
}

bool FrequencyTable::contains(uint64_t hash) const { return find(hash) != kTracked; }

void FrequencyTable::make_room() {
  const size_t size = hashes_.size() + 1;
  if (size > kTracked) return;
  for (std::vector<uint64_t>* v : {&hashes_, &counts_}) {
    if (v->capacity() < size) v->reserve(std::max(size, 2 * v->size()));
  }
  if (size <= kScan || size * 2 <= index_.size()) return;
  size_t capacity = 64;
  while (capacity < size * 2) capacity *= 2;
  index_ = std::vector<uint16_t>(capacity);
  for (uint32_t slot = 0; slot < hashes_.size(); ++slot) index_insert(slot);
}

uint32_t FrequencyTable::add(uint64_t hash, uint64_t count, bool* evicts) {
  *evicts = false;
  uint32_t slot = find(hash);
  if (slot == kTracked) make_room();
  total_ += count;
  if (slot != kTracked) {
    counts_[slot] += count;
    return slot;
  }
  if (hashes_.size() < kTracked) {
    hashes_.push_back(hash);
    counts_.push_back(count);
    slot = static_cast<uint32_t>(hashes_.size() - 1);
    if (!index_.empty()) index_insert(slot);
    return slot;
  }
  *evicts = true;
  slot = 0;
  for (uint32_t i = 1; i < kTracked; ++i) {
    if (std::tie(counts_[i], hashes_[i]) < std::tie(counts_[slot], hashes_[slot])) slot = i;
  }
  index_erase(slot);
  hashes_[slot] = hash;
  counts_[slot] += count;
  index_insert(slot);
  return slot;
}

bool FrequencyTable::add_if_room(uint64_t hash, uint64_t count) {
  if (hashes_.size() == kTracked && find(hash) == kTracked) return false;
  bool evicts;
  add(hash, count, &evicts);
  return true;
}

void FrequencyTable::save(Writer& out) const {
  out.varint(hashes_.size());
  out.varint(hashes_.capacity());
  out.varint(counts_.capacity());
  out.varint(index_.size());
  out.varint(index_.capacity());
  out.varint(total_);
  for (size_t slot = 0; slot < hashes_.size(); ++slot) {  // slots are known outside
    out.fixed64(hashes_[slot]);
    out.varint(counts_[slot]);
  }
}

bool FrequencyTable::load(Reader& in) {
  const size_t size = in.count(9);
  if (size > kTracked) return in.fail("a table of frequencies is too large");
  hashes_.reserve(in.capacity(size, sizeof(uint64_t)));
  counts_.reserve(in.capacity(size, sizeof(uint64_t)));
  const size_t index_size = in.capacity(0, sizeof(uint16_t));
  if (index_size == 0 ? size > kScan : !std::has_single_bit(index_size) || index_size <= size) {
    return in.fail("an index does not fit its table of frequencies");
  }
  index_.reserve(in.capacity(index_size, sizeof(uint16_t)));
  total_ = in.varint();
  if (!in.ok()) return false;
  index_.assign(index_size, 0);
  for (uint32_t slot = 0; slot < size && in.ok(); ++slot) {
    const uint64_t hash = in.fixed64();
    if (find(hash) != kTracked) return in.fail("a table of frequencies has a value twice");
    hashes_.push_back(hash);
    counts_.push_back(in.varint());
    if (index_size > 0) index_insert(slot);
  }
  return in.ok();
}

}  // namespace weir::state
