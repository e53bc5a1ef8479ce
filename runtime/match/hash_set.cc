#include "runtime/match/hash_set.h"

#include <xxhash.h>

namespace weir::match {

bool StringSet::insert(std::string_view text) {
  if ((entries_.size() + 1) * 2 > table_.size()) grow();
  const uint64_t hash = XXH3_64bits(text.data(), text.size());
  const size_t mask = table_.size() - 1;
  size_t i = hash & mask;
  for (; table_[i] != 0; i = (i + 1) & mask) {
    const Entry& e = entries_[table_[i] - 1];
    if (e.hash == hash && this->text(e) == text) return false;
  }
  entries_.push_back({hash, text_.size(), static_cast<uint32_t>(text.size())});
  text_.append(text);
  table_[i] = static_cast<uint32_t>(entries_.size());
  return true;
}

bool StringSet::contains(std::string_view text) const {
  if (table_.empty()) return false;
  const uint64_t hash = XXH3_64bits(text.data(), text.size());
  const size_t mask = table_.size() - 1;
  for (size_t i = hash & mask; table_[i] != 0; i = (i + 1) & mask) {
    const Entry& e = entries_[table_[i] - 1];
    if (e.hash == hash && this->text(e) == text) return true;
  }
  return false;
}

void StringSet::grow() {
  table_.assign(table_.empty() ? 16 : table_.size() * 2, 0);
  const size_t mask = table_.size() - 1;
  for (size_t n = 0; n < entries_.size(); ++n) {
    size_t i = entries_[n].hash & mask;
    while (table_[i] != 0) i = (i + 1) & mask;
    table_[i] = static_cast<uint32_t>(n + 1);
  }
}

uint64_t BitsSet::mix(uint64_t v) {  // the finaliser of MurmurHash3
  v = (v ^ (v >> 33)) * 0xff51afd7ed558ccdULL;
  v = (v ^ (v >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return v ^ (v >> 33);
}

bool BitsSet::insert(uint64_t v) {
  if (v == 0) {
    if (has_zero_) return false;
    has_zero_ = true;
    ++size_;
    return true;
  }
  if ((size_ + 1) * 2 > table_.size()) grow();
  const size_t mask = table_.size() - 1;
  size_t i = mix(v) & mask;
  for (; table_[i] != 0; i = (i + 1) & mask) {
    if (table_[i] == v) return false;
  }
  table_[i] = v;
  ++size_;
  return true;
}

bool BitsSet::contains(uint64_t v) const {
  if (v == 0) return has_zero_;
  if (table_.empty()) return false;
  const size_t mask = table_.size() - 1;
  for (size_t i = mix(v) & mask; table_[i] != 0; i = (i + 1) & mask) {
    if (table_[i] == v) return true;
  }
  return false;
}

void BitsSet::grow() {
  std::vector<uint64_t> old(table_.empty() ? 16 : table_.size() * 2, 0);
  old.swap(table_);
  const size_t mask = table_.size() - 1;
  for (uint64_t v : old) {
    if (v == 0) continue;
    size_t i = mix(v) & mask;
    while (table_[i] != 0) i = (i + 1) & mask;
    table_[i] = v;
  }
}

}  // namespace weir::match
