// Event time as nanoseconds since the epoch.
#pragma once

#include <cstdint>

#include "runtime/value/value.h"

namespace weir::state {

inline constexpr int64_t kNever = INT64_MIN;

// Saturates outside 1677..2262, which int64 nanoseconds cannot hold.
inline int64_t to_nanos(const value::Value& timestamp) {
  const __int128 n = static_cast<__int128>(timestamp.i) * 1'000'000'000 + timestamp.aux;
  if (n > INT64_MAX) return INT64_MAX;
  if (n <= INT64_MIN) return INT64_MIN + 1;
  return static_cast<int64_t>(n);
}
inline value::Value from_nanos(int64_t nanos) {
  int64_t seconds = nanos / 1'000'000'000;
  int64_t rest = nanos % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  return value::Value::timestamp(seconds, static_cast<uint32_t>(rest));
}
inline int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? INT64_MAX : INT64_MIN;
}
inline int64_t saturating_sub(int64_t a, int64_t b) {
  int64_t difference;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? INT64_MAX : INT64_MIN;
}
inline int64_t floor_div(int64_t a, int64_t b) {  // b > 0
  const int64_t q = a / b;
  return q - (a % b < 0);
}

}  // namespace weir::state
