// Equality and ordering: within a kind, and between numbers of different kinds (number.h).
#include <algorithm>
#include <compare>
#include <cstring>

#include "runtime/value/bodies.h"
#include "runtime/value/number.h"

namespace weir::value {
namespace {

// How a kind's values are ordered. What cannot be compared (NaN) is neither less nor greater nor equal.
struct Bool {
  static int64_t read(const Value& v) { return v.i; }
};
struct Int {
  static int64_t read(const Value& v) { return v.i; }
};
struct Uint {
  static uint64_t read(const Value& v) { return v.u; }
};
struct Double {
  static double read(const Value& v) { return v.d; }
};

template <typename A, typename B>
std::partial_ordering order_numbers(EvalContext&, const Value* a) {
  return order(A::read(a[0]), B::read(a[1]));
}

// Bytes of UTF-8 sort as its code points do.
std::partial_ordering order_text(EvalContext& ctx, const Value* a) {
  charge_linear(ctx, a[0], a[1]);
  uint32_t common = std::min(a[0].aux, a[1].aux);
  int by_bytes = common == 0 ? 0 : std::memcmp(a[0].s, a[1].s, common);
  if (by_bytes != 0) return by_bytes <=> 0;
  return a[0].aux <=> a[1].aux;
}

// A null in place of a time is not ordered.
std::partial_ordering order_time(EvalContext&, const Value* a) {
  if (a[0].kind != a[1].kind) return std::partial_ordering::unordered;
  if (a[0].i != a[1].i) return a[0].i <=> a[1].i;
  return a[0].aux <=> a[1].aux;
}

// Texts of unlike lengths are told apart without reading them.
bool same(EvalContext& ctx, const Value* a) {
  bool texts = a[0].is(Kind::kString) && a[1].is(Kind::kString);
  charge_read(ctx, !texts ? size_of(a[0]) + size_of(a[1]) : a[0].aux == a[1].aux ? a[0].aux : 0);
  return equal(a[0], a[1], &ctx.steps);
}

}  // namespace

WEIR_BODY(equals) { *out = Value::boolean(same(ctx, a)); }
WEIR_BODY(not_equals) { *out = Value::boolean(!same(ctx, a)); }

// The four orderings of one pair of kinds. `std::is_lt` and its like are false for what is unordered.
#define WEIR_ORDERINGS(kinds, order_kinds)                                                     \
  WEIR_BODY(less_##kinds) { *out = Value::boolean(std::is_lt(order_kinds(ctx, a))); }          \
  WEIR_BODY(less_equals_##kinds) { *out = Value::boolean(std::is_lteq(order_kinds(ctx, a))); } \
  WEIR_BODY(greater_##kinds) { *out = Value::boolean(std::is_gt(order_kinds(ctx, a))); }       \
  WEIR_BODY(greater_equals_##kinds) { *out = Value::boolean(std::is_gteq(order_kinds(ctx, a))); }

WEIR_ORDERINGS(bool, (order_numbers<Bool, Bool>))
WEIR_ORDERINGS(int, (order_numbers<Int, Int>))
WEIR_ORDERINGS(uint, (order_numbers<Uint, Uint>))
WEIR_ORDERINGS(double, (order_numbers<Double, Double>))
WEIR_ORDERINGS(int_uint, (order_numbers<Int, Uint>))
WEIR_ORDERINGS(int_double, (order_numbers<Int, Double>))
WEIR_ORDERINGS(uint_int, (order_numbers<Uint, Int>))
WEIR_ORDERINGS(uint_double, (order_numbers<Uint, Double>))
WEIR_ORDERINGS(double_int, (order_numbers<Double, Int>))
WEIR_ORDERINGS(double_uint, (order_numbers<Double, Uint>))
WEIR_ORDERINGS(string, order_text)
WEIR_ORDERINGS(bytes, order_text)
WEIR_ORDERINGS(timestamp, order_time)
WEIR_ORDERINGS(duration, order_time)
#undef WEIR_ORDERINGS

}  // namespace weir::value
