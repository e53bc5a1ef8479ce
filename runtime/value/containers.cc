#include "runtime/value/containers.h"

#include <bit>
#include <cstring>

namespace weir::value {

const Value* find(const MapRep& map, const Value& key) {
  if (!is_map_key(key.kind) && !key.is(Kind::kDouble)) return nullptr;
  if (map.index != nullptr) {
    for (uint32_t slot = static_cast<uint32_t>(hash(key)) & map.index_mask;; slot = (slot + 1) & map.index_mask) {
      uint32_t entry = map.index[slot];
      if (entry == 0) return nullptr;
      const MapEntry& e = map.entries[entry - 1];
      if (equal(e.key, key)) return &e.value;
    }
  }
  // Most keys are strings, and most lookups miss most entries by the length alone.
  if (key.is(Kind::kString)) {
    for (uint32_t i = 0; i < map.size; ++i)
      if (map.entries[i].key.is(Kind::kString) && map.entries[i].key.str() == key.str()) return &map.entries[i].value;
    return nullptr;
  }
  for (uint32_t i = 0; i < map.size; ++i)
    if (equal(map.entries[i].key, key)) return &map.entries[i].value;
  return nullptr;
}

bool contains(const ListRep& list, const Value& v, int64_t* steps) {
  if (list.index != nullptr) {
    if (!is_scalar(v)) return false;  // it holds scalars only
    for (uint32_t slot = static_cast<uint32_t>(hash(v)) & list.index_mask;; slot = (slot + 1) & list.index_mask) {
      uint32_t item = list.index[slot];
      if (item == 0) return false;
      if (equal(list.items[item - 1], v)) return true;
    }
  }
  if (v.is(Kind::kString)) {
    for (uint32_t i = 0; i < list.size; ++i)
      if (list.items[i].is(Kind::kString) && list.items[i].str() == v.str()) return true;
    return false;
  }
  for (uint32_t i = 0; i < list.size; ++i)
    if (equal(list.items[i], v, steps)) return true;
  return false;
}

uint32_t index_slots(uint32_t n) { return std::bit_ceil(n < 8 ? 16u : n * 2); }

void index_insert(uint32_t* index, uint32_t mask, uint64_t key_hash, uint32_t entry) {
  uint32_t slot = static_cast<uint32_t>(key_hash) & mask;
  while (index[slot] != 0) slot = (slot + 1) & mask;
  index[slot] = entry + 1;
}

uint32_t* make_index(Arena& arena, uint32_t slots) {
  uint32_t* index = arena.allocate_array<uint32_t>(slots);
  if (index != nullptr) std::memset(index, 0, slots * sizeof(uint32_t));
  return index;
}

}  // namespace weir::value
