// Arithmetic on int, uint and double. Overflow and division by zero are errors; doubles follow IEEE 754.
#include <cstdint>

#include "runtime/value/bodies.h"

namespace weir::value {
namespace {

Value value_of(int64_t i) { return Value::integer(i); }
Value value_of(uint64_t u) { return Value::uint(u); }

struct Add {
  template <typename T>
  bool operator()(T a, T b, T* out) const {
    return __builtin_add_overflow(a, b, out);
  }
};
struct Subtract {
  template <typename T>
  bool operator()(T a, T b, T* out) const {
    return __builtin_sub_overflow(a, b, out);
  }
};
struct Multiply {
  template <typename T>
  bool operator()(T a, T b, T* out) const {
    return __builtin_mul_overflow(a, b, out);
  }
};

template <typename Op, typename T>
Value checked(EvalContext& ctx, T a, T b) {
  T result;
  if (!Op()(a, b, &result)) return value_of(result);
  return make_error(ctx, ErrorCode::kOverflow, std::is_signed_v<T> ? "int overflow" : "uint overflow");
}

template <typename T>
Value divide(EvalContext& ctx, T a, T b) {
  if (b == 0) return make_error(ctx, ErrorCode::kDivideByZero, "division by zero");
  if constexpr (std::is_signed_v<T>) {
    if (a == INT64_MIN && b == -1) return make_error(ctx, ErrorCode::kOverflow, "int overflow");
  }
  return value_of(static_cast<T>(a / b));
}

template <typename T>
Value modulus(EvalContext& ctx, T a, T b) {
  if (b == 0) return make_error(ctx, ErrorCode::kModulusByZero, "modulus by zero");
  if constexpr (std::is_signed_v<T>) {
    // As cel-go: the quotient that goes with it does not exist.
    if (a == INT64_MIN && b == -1) return make_error(ctx, ErrorCode::kOverflow, "int overflow");
  }
  return value_of(static_cast<T>(a % b));
}

}  // namespace

WEIR_BODY(add_int) { *out = checked<Add>(ctx, a[0].i, a[1].i); }
WEIR_BODY(sub_int) { *out = checked<Subtract>(ctx, a[0].i, a[1].i); }
WEIR_BODY(mul_int) { *out = checked<Multiply>(ctx, a[0].i, a[1].i); }
WEIR_BODY(div_int) { *out = divide(ctx, a[0].i, a[1].i); }
WEIR_BODY(mod_int) { *out = modulus(ctx, a[0].i, a[1].i); }
WEIR_BODY(neg_int) { *out = checked<Subtract>(ctx, int64_t{0}, a[0].i); }

WEIR_BODY(add_uint) { *out = checked<Add>(ctx, a[0].u, a[1].u); }
WEIR_BODY(sub_uint) { *out = checked<Subtract>(ctx, a[0].u, a[1].u); }
WEIR_BODY(mul_uint) { *out = checked<Multiply>(ctx, a[0].u, a[1].u); }
WEIR_BODY(div_uint) { *out = divide(ctx, a[0].u, a[1].u); }
WEIR_BODY(mod_uint) { *out = modulus(ctx, a[0].u, a[1].u); }

WEIR_BODY(add_double) { *out = Value::dbl(a[0].d + a[1].d); }
WEIR_BODY(sub_double) { *out = Value::dbl(a[0].d - a[1].d); }
WEIR_BODY(mul_double) { *out = Value::dbl(a[0].d * a[1].d); }
WEIR_BODY(div_double) { *out = Value::dbl(a[0].d / a[1].d); }
WEIR_BODY(neg_double) { *out = Value::dbl(-a[0].d); }

}  // namespace weir::value
