#include <cmath>
#include <limits>

#include "tests/unit/value/ext_call.h"

namespace weir::value {
namespace {

using namespace testing;
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(ExtMath, Extremes) {
  check({
      {"max_int", {I(-5)}, "-5"},
      {"max_int_double", {I(1), D(1.0)}, "1"},
      {"max_double_int", {D(1.0), I(1)}, "1.0"},
      {"max_int_uint", {I(-1), U(UINT64_MAX)}, "18446744073709551615u"},
      {"min_int_uint", {I(-1), U(UINT64_MAX)}, "-1"},
      {"min_double_double", {D(-0.5), D(-kInf)}, "double(\"-Inf\")"},
      {"max_double_double", {D(1), D(std::nan(""))}, "!invalid_argument"},
      {"max_list_int", {L({D(5.4), I(10), U(3), D(-5)})}, "10"},
      {"min_list_dyn", {L({D(5.4), I(10), U(3), D(-5)})}, "-5.0"},
      {"max_list_dyn", {L({})}, "!invalid_argument"},
      {"max_list_dyn", {L({S("a")})}, "!no_such_overload"},
      {"max_list_dyn", {L({I(1), S("a")})}, "!no_such_overload"},
  });
}

TEST(ExtMath, Functions) {
  check({
      {"math_ceil", {D(-1.2)}, "-1.0"},
      {"math_floor", {D(-1.2)}, "-2.0"},
      {"math_round", {D(-2.5)}, "-3.0"},
      {"math_round", {D(0.49999999999999994)}, "0.0"},
      {"math_trunc", {D(-1.9)}, "-1.0"},
      {"math_is_inf", {D(-kInf)}, "true"},
      {"math_is_nan", {D(kInf)}, "false"},
      {"math_is_finite", {D(kInf)}, "false"},
      {"math_abs_int", {I(-7)}, "7"},
      {"math_abs_int", {I(INT64_MIN)}, "!overflow"},
      {"math_sign_int", {I(INT64_MIN)}, "-1"},
      {"math_sign_double", {D(-0.0)}, "0.0"},
      {"math_sqrt_int", {I(81)}, "9.0"},
      {"math_bit_xor_int", {I(4), I(-2)}, "-6"},
      {"math_bit_not_uint", {U(1)}, "18446744073709551614u"},
      {"math_bit_shift_left_int", {I(1), I(63)}, "-9223372036854775808"},
      {"math_bit_shift_left_int", {I(-1), I(64)}, "0"},
      {"math_bit_shift_right_int", {I(-1024), I(3)}, "2305843009213693824"},
      {"math_bit_shift_right_uint", {U(1024), I(200)}, "0u"},
      {"math_bit_shift_right_uint", {U(1), I(-1)}, "!invalid_argument"},
  });
}

TEST(ExtEncoders, Base64) {
  check({
      {"base64_encode", {B("")}, R"("")"},
      {"base64_encode", {B("a")}, R"("YQ==")"},
      {"base64_encode", {B("\xfb\xff\xfe")}, R"("+//+")"},
      {"base64_decode", {S("YQ==")}, R"(b"a")"},
      {"base64_decode", {S("YQ")}, R"(b"a")"},
      {"base64_decode", {S("YWI")}, R"(b"ab")"},
      {"base64_decode", {S("aGVs\r\nbG8=")}, R"(b"hello")"},
      {"base64_decode", {S("Y")}, "!invalid_argument"},
      {"base64_decode", {S("YQ=")}, "!invalid_argument"},
      {"base64_decode", {S("YQ=a")}, "!invalid_argument"},
      {"base64_decode", {S("YWJj=")}, "!invalid_argument"},
      {"base64_decode", {S("a*bc")}, "!invalid_argument"},
  });
}

}  // namespace
}  // namespace weir::value
