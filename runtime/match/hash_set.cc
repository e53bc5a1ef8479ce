#include "runtime/match/hash_set.h"

#include <xxhash.h>

#include <cstring>

namespace weir::match {

namespace {

uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

}  // namespace

std::string_view StringSet::text(Slot slot) const {
  const char* at = texts_.data() + (size_t{slot.place} - 1) * kAlign;
  uint32_t size;
  std::memcpy(&size, at, sizeof(size));
  return {at + sizeof(size), size};
}

size_t StringSet::find(uint64_t hash, std::string_view text) const {
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = table_.size() - 1;
  size_t i = hash & mask;
  while (table_[i].place != 0 && (table_[i].tag != tag || this->text(table_[i]) != text)) i = (i + 1) & mask;
  return i;
}

bool StringSet::insert(std::string_view text) {
  if ((size_ + 1) * 2 > table_.size()) grow();
  const uint64_t hash = hash_of(text);
  Slot& slot = table_[find(hash, text)];
  if (slot.place != 0) return false;
  const auto size = static_cast<uint32_t>(text.size());
  const size_t at = texts_.size();
  slot = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(at / kAlign + 1)};
  texts_.resize(at + (sizeof(size) + text.size() + kAlign - 1) / kAlign * kAlign);
  std::memcpy(texts_.data() + at, &size, sizeof(size));
  std::memcpy(texts_.data() + at + sizeof(size), text.data(), text.size());
  ++size_;
  return true;
}

bool StringSet::contains(std::string_view text) const {
  return size_ != 0 && table_[find(hash_of(text), text)].place != 0;
}

void StringSet::grow() {
  std::vector<Slot> old(table_.empty() ? 16 : table_.size() * 2);
  old.swap(table_);
  const size_t mask = table_.size() - 1;
  for (const Slot slot : old) {
    if (slot.place == 0) continue;
    size_t i = hash_of(text(slot)) & mask;
    while (table_[i].place != 0) i = (i + 1) & mask;
    table_[i] = slot;
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
