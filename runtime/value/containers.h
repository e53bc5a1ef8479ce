// Lookup in lists and maps, and the hash tables behind it.
#pragma once

#include <cstdint>

#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::value {

// Maps and constant lists above this size have an index.
inline constexpr uint32_t kIndexAbove = 8;

inline bool is_map_key(Kind k) { return k == Kind::kBool || k == Kind::kInt || k == Kind::kUint || k == Kind::kString; }

inline bool is_scalar(const Value& v) { return !v.is(Kind::kList) && !v.is(Kind::kMap) && !v.is(Kind::kOptional); }

// The value stored under a key equal to `key` (any ok() value), or null.
const Value* find(const MapRep& map, const Value& key);
// Whether an element equals `v`; uses the list's index if it has one. Charges *steps as equal() does.
bool contains(const ListRep& list, const Value& v, int64_t* steps = nullptr);

// Smallest power of two that keeps a table of n entries at most half full.
uint32_t index_slots(uint32_t n);
// Enters entry number `entry` with the key's hash into a table of mask + 1 slots, of which one is free.
void index_insert(uint32_t* index, uint32_t mask, uint64_t key_hash, uint32_t entry);
// Zeroed table; null if the arena is out of budget.
uint32_t* make_index(Arena& arena, uint32_t slots);

}  // namespace weir::value
