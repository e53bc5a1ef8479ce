// Keys of windowed state: 128-bit hashes of one or more values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/value/value.h"

namespace weir::state {

// Two keys are taken to be one if their hashes are: at 10^9 keys two collide with a probability of 10^-21. XXH3 is
// seeded by nothing, so that state moves between processes and machines.
struct Key {
  uint64_t lo = 0;
  uint64_t hi = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

// Parts must be ok() values. Equal values (value::equal) give equal keys.
Key make_key(const value::Value* parts, size_t count);
inline Key make_key(const value::Value& part) { return make_key(&part, 1); }

// 64 bits of one value, as `distinct` and `entropy` count it.
inline uint64_t hash_of(const value::Value& v) { return make_key(v).lo; }

}  // namespace weir::state
