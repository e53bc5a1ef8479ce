// The math extension, after cel-go ext/math. math.greatest and math.least arrive as math.@max and math.@min.
#include <cmath>

#include "runtime/value/ext_support.h"
#include "runtime/value/number.h"

namespace weir::value {
namespace {

bool is_number(const Value& v) { return v.is(Kind::kInt) || v.is(Kind::kUint) || v.is(Kind::kDouble); }

std::partial_ordering order_numbers(const Value& a, const Value& b) {
  auto with = [&](auto left) {
    return b.is(Kind::kInt) ? order(left, b.i) : b.is(Kind::kUint) ? order(left, b.u) : order(left, b.d);
  };
  return a.is(Kind::kInt) ? with(a.i) : a.is(Kind::kUint) ? with(a.u) : with(a.d);
}

// The first of equal ones, with the kind it came with.
Value extreme(EvalContext& ctx, const Value& a, const Value& b, std::partial_ordering wanted) {
  std::partial_ordering o = order_numbers(b, a);
  if (o == std::partial_ordering::unordered) return ext::invalid(ctx, "NaN values cannot be ordered");
  return o == wanted ? b : a;
}

Value extreme_of(EvalContext& ctx, const ListRep& list, std::partial_ordering wanted) {
  if (list.size == 0) return ext::invalid(ctx, "math.greatest and math.least of an empty list");
  if (!is_number(list.items[0])) return Value::fail(ErrorCode::kNoSuchOverload);
  Value best = list.items[0];
  for (uint32_t i = 1; i < list.size; ++i) {
    if (!is_number(list.items[i])) return Value::fail(ErrorCode::kNoSuchOverload);
    best = extreme(ctx, best, list.items[i], wanted);
    if (!best.ok()) return best;
  }
  return best;
}

Value abs_int(EvalContext& ctx, int64_t i) {
  if (i == INT64_MIN) return make_error(ctx, ErrorCode::kOverflow, "integer overflow");
  return Value::integer(i < 0 ? -i : i);
}

double sign(double d) { return std::isnan(d) ? d : d > 0 ? 1 : d < 0 ? -1 : 0; }

// Bits move without a sign, also those of an int.
Value shift(EvalContext& ctx, const Value& v, int64_t distance, bool left) {
  if (distance < 0) return ext::invalid(ctx, "math.bitShift: negative offset");
  uint64_t bits = distance >= 64 ? 0 : left ? v.u << distance : v.u >> distance;
  return v.is(Kind::kInt) ? Value::integer(static_cast<int64_t>(bits)) : Value::uint(bits);
}

constexpr auto kGreater = std::partial_ordering::greater;
constexpr auto kLess = std::partial_ordering::less;

}  // namespace

#define WEIR_EXTREME(name, wanted)                                                         \
  WEIR_BODY_CONST(name##_int, args[0])                                                     \
  WEIR_BODY_CONST(name##_uint, args[0])                                                    \
  WEIR_BODY_CONST(name##_double, args[0])                                                  \
  WEIR_BODY_CONST(name##_int_int, extreme(ctx, args[0], args[1], wanted))                  \
  WEIR_BODY_CONST(name##_int_uint, extreme(ctx, args[0], args[1], wanted))                 \
  WEIR_BODY_CONST(name##_int_double, extreme(ctx, args[0], args[1], wanted))               \
  WEIR_BODY_CONST(name##_uint_int, extreme(ctx, args[0], args[1], wanted))                 \
  WEIR_BODY_CONST(name##_uint_uint, extreme(ctx, args[0], args[1], wanted))                \
  WEIR_BODY_CONST(name##_uint_double, extreme(ctx, args[0], args[1], wanted))              \
  WEIR_BODY_CONST(name##_double_int, extreme(ctx, args[0], args[1], wanted))               \
  WEIR_BODY_CONST(name##_double_uint, extreme(ctx, args[0], args[1], wanted))              \
  WEIR_BODY_CONST(name##_double_double, extreme(ctx, args[0], args[1], wanted))            \
  WEIR_BODY_OF(name##_list_int, 1, extreme_of(ctx, *args[0].list, wanted), Kind::kList)    \
  WEIR_BODY_OF(name##_list_uint, 1, extreme_of(ctx, *args[0].list, wanted), Kind::kList)   \
  WEIR_BODY_OF(name##_list_double, 1, extreme_of(ctx, *args[0].list, wanted), Kind::kList) \
  WEIR_BODY_OF(name##_list_dyn, 1, extreme_of(ctx, *args[0].list, wanted), Kind::kList)
WEIR_EXTREME(max, kGreater)
WEIR_EXTREME(min, kLess)
#undef WEIR_EXTREME

WEIR_BODY_CONST(math_ceil, Value::dbl(std::ceil(args[0].d)))
WEIR_BODY_CONST(math_floor, Value::dbl(std::floor(args[0].d)))
WEIR_BODY_CONST(math_round, Value::dbl(std::round(args[0].d)))
WEIR_BODY_CONST(math_trunc, Value::dbl(std::trunc(args[0].d)))
WEIR_BODY_CONST(math_is_inf, Value::boolean(std::isinf(args[0].d)))
WEIR_BODY_CONST(math_is_nan, Value::boolean(std::isnan(args[0].d)))
WEIR_BODY_CONST(math_is_finite, Value::boolean(std::isfinite(args[0].d)))
WEIR_BODY_CONST(math_abs_int, abs_int(ctx, args[0].i))
WEIR_BODY_CONST(math_abs_uint, args[0])
WEIR_BODY_CONST(math_abs_double, Value::dbl(std::fabs(args[0].d)))
WEIR_BODY_CONST(math_sign_int, Value::integer((args[0].i > 0) - (args[0].i < 0)))
WEIR_BODY_CONST(math_sign_uint, Value::uint(args[0].u > 0))
WEIR_BODY_CONST(math_sign_double, Value::dbl(sign(args[0].d)))
WEIR_BODY_CONST(math_sqrt_int, Value::dbl(std::sqrt(static_cast<double>(args[0].i))))
WEIR_BODY_CONST(math_sqrt_uint, Value::dbl(std::sqrt(static_cast<double>(args[0].u))))
WEIR_BODY_CONST(math_sqrt_double, Value::dbl(std::sqrt(args[0].d)))
WEIR_BODY_CONST(math_bit_or_int, Value::integer(args[0].i | args[1].i))
WEIR_BODY_CONST(math_bit_or_uint, Value::uint(args[0].u | args[1].u))
WEIR_BODY_CONST(math_bit_and_int, Value::integer(args[0].i& args[1].i))
WEIR_BODY_CONST(math_bit_and_uint, Value::uint(args[0].u& args[1].u))
WEIR_BODY_CONST(math_bit_xor_int, Value::integer(args[0].i ^ args[1].i))
WEIR_BODY_CONST(math_bit_xor_uint, Value::uint(args[0].u ^ args[1].u))
WEIR_BODY_CONST(math_bit_not_int, Value::integer(~args[0].i))
WEIR_BODY_CONST(math_bit_not_uint, Value::uint(~args[0].u))
WEIR_BODY_CONST(math_bit_shift_left_int, shift(ctx, args[0], args[1].i, true))
WEIR_BODY_CONST(math_bit_shift_left_uint, shift(ctx, args[0], args[1].i, true))
WEIR_BODY_CONST(math_bit_shift_right_int, shift(ctx, args[0], args[1].i, false))
WEIR_BODY_CONST(math_bit_shift_right_uint, shift(ctx, args[0], args[1].i, false))

}  // namespace weir::value
