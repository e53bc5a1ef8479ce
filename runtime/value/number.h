// Numbers of different kinds on one number line.
//
// Equality is exact: 9007199254740993 and 9007199254740992.0 are different numbers, so that equal() is transitive and
// agrees with hash(). Ordering beside a double follows cel-go, cel-cpp and the conformance suite: a double beyond the
// range of the integer decides, else the integer is rounded to double first.
#pragma once

#include <cmath>
#include <compare>
#include <cstdint>

namespace weir::value {

inline constexpr double kTwoTo63 = 9223372036854775808.0;
inline constexpr double kTwoTo64 = 18446744073709551616.0;

inline std::partial_ordering order(int64_t a, int64_t b) { return a <=> b; }
inline std::partial_ordering order(uint64_t a, uint64_t b) { return a <=> b; }
inline std::partial_ordering order(double a, double b) { return a <=> b; }
inline std::partial_ordering order(int64_t a, uint64_t b) {
  return a < 0 ? std::partial_ordering::less : static_cast<uint64_t>(a) <=> b;
}
inline std::partial_ordering order(uint64_t a, int64_t b) {
  return b < 0 ? std::partial_ordering::greater : a <=> static_cast<uint64_t>(b);
}
// Rounding to double is monotonic and the bounds are doubles, so no test of the range is needed.
inline std::partial_ordering order(int64_t a, double b) { return static_cast<double>(a) <=> b; }
inline std::partial_ordering order(uint64_t a, double b) { return static_cast<double>(a) <=> b; }
inline std::partial_ordering order(double a, int64_t b) { return a <=> static_cast<double>(b); }
inline std::partial_ordering order(double a, uint64_t b) { return a <=> static_cast<double>(b); }

// False for NaN, fractions and what is out of range: *out is the same number exactly.
inline bool exact_int(double d, int64_t* out) {
  if (!(d >= -kTwoTo63 && d < kTwoTo63)) return false;
  *out = static_cast<int64_t>(d);
  return static_cast<double>(*out) == d;
}
inline bool exact_uint(double d, uint64_t* out) {
  if (!(d >= 0 && d < kTwoTo64)) return false;
  *out = static_cast<uint64_t>(d);
  return static_cast<double>(*out) == d;
}

inline bool same_number(int64_t a, uint64_t b) { return a >= 0 && static_cast<uint64_t>(a) == b; }
inline bool same_number(int64_t a, double b) {
  int64_t exact;
  return exact_int(b, &exact) && exact == a;
}
inline bool same_number(uint64_t a, double b) {
  uint64_t exact;
  return exact_uint(b, &exact) && exact == a;
}

}  // namespace weir::value
