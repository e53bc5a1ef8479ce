// Conversions: bool(), int(), uint(), double(), string(), bytes(). A value the target cannot hold is an error.
#include <fmt/format.h>

#include <cmath>

#include "runtime/value/bodies.h"
#include "runtime/value/number.h"
#include "runtime/value/operations.h"
#include "runtime/value/text.h"
#include "runtime/value/utf8.h"

namespace weir::value {
namespace {

constexpr int64_t kNanosPerSecond = 1000000000;
// As much of a malformed text as a message quotes.
constexpr size_t kQuoted = 64;

Value out_of_range(EvalContext& ctx, const Value& v, std::string_view target) {
  return make_error(ctx, ErrorCode::kOverflow, fmt::format("{} is out of the range of `{}`", to_text(v), target));
}

Value malformed(EvalContext& ctx, std::string_view text, std::string_view target) {
  std::string_view quoted = text.substr(0, kQuoted);
  while (!valid_utf8(quoted)) quoted.remove_suffix(1);
  return make_error(
      ctx, ErrorCode::kInvalidArgument,
      fmt::format("cannot read \"{}{}\" as `{}`", quoted, quoted.size() < text.size() ? "..." : "", target));
}

// Reads text by a parser of text.h; make turns what it read into a value.
template <typename T, typename Make>
Value read(EvalContext& ctx, const Value& text, ParseResult (*parse)(std::string_view, T*), Make make,
           std::string_view target) {
  if (!charge_linear(ctx, text)) return budget_error();
  T parsed{};
  switch (parse(text.str(), &parsed)) {
    case ParseResult::kOk:
      return make(parsed);
    case ParseResult::kOutOfRange:
      return make_error(ctx, ErrorCode::kOverflow, fmt::format("text out of the range of `{}`", target));
    case ParseResult::kMalformed:
      break;
  }
  return malformed(ctx, text.str(), target);
}

}  // namespace

WEIR_BODY(int_of_int) { *out = a[0]; }
WEIR_BODY(int_of_uint) {
  *out = a[0].u <= INT64_MAX ? Value::integer(static_cast<int64_t>(a[0].u)) : out_of_range(ctx, a[0], "int");
}
WEIR_BODY(int_of_double) {
  // The bounds themselves are excluded, as everywhere in CEL: 2^63 - 1 rounds to the upper one.
  bool fits = a[0].d > -kTwoTo63 && a[0].d < kTwoTo63;
  *out = fits ? Value::integer(static_cast<int64_t>(a[0].d)) : out_of_range(ctx, a[0], "int");
}
WEIR_BODY(int_of_string) { *out = read<int64_t>(ctx, a[0], parse_int, &Value::integer, "int"); }
WEIR_BODY(int_of_timestamp) {
  if (!a[0].is(Kind::kTimestamp)) {
    *out = wrong_kind(ctx, "int", a[0]);
  } else {
    *out = Value::integer(a[0].i);
  }
}
WEIR_BODY(int_of_duration) {
  int64_t nanos = 0;
  if (!a[0].is(Kind::kDuration)) {
    *out = wrong_kind(ctx, "int", a[0]);
  } else if (__builtin_mul_overflow(a[0].i, kNanosPerSecond, &nanos) ||
             __builtin_add_overflow(nanos, static_cast<int64_t>(a[0].aux), &nanos)) {
    *out = out_of_range(ctx, a[0], "int");
  } else {
    *out = Value::integer(nanos);
  }
}

WEIR_BODY(uint_of_uint) { *out = a[0]; }
WEIR_BODY(uint_of_int) {
  *out = a[0].i >= 0 ? Value::uint(static_cast<uint64_t>(a[0].i)) : out_of_range(ctx, a[0], "uint");
}
WEIR_BODY(uint_of_double) {
  bool fits = a[0].d >= 0 && a[0].d < kTwoTo64;
  *out = fits ? Value::uint(static_cast<uint64_t>(a[0].d)) : out_of_range(ctx, a[0], "uint");
}
WEIR_BODY(uint_of_string) { *out = read<uint64_t>(ctx, a[0], parse_uint, &Value::uint, "uint"); }

WEIR_BODY(double_of_double) { *out = a[0]; }
WEIR_BODY(double_of_int) { *out = Value::dbl(static_cast<double>(a[0].i)); }
WEIR_BODY(double_of_uint) { *out = Value::dbl(static_cast<double>(a[0].u)); }
WEIR_BODY(double_of_string) { *out = read<double>(ctx, a[0], parse_double, &Value::dbl, "double"); }

WEIR_BODY(bool_of_bool) { *out = a[0]; }
WEIR_BODY(bool_of_string) {
  std::string_view text = a[0].str();
  auto among = [&](std::initializer_list<std::string_view> names) {
    for (std::string_view name : names)
      if (text == name) return true;
    return false;
  };
  if (among({"1", "t", "T", "true", "TRUE", "True"})) {
    *out = Value::boolean(true);
  } else if (among({"0", "f", "F", "false", "FALSE", "False"})) {
    *out = Value::boolean(false);
  } else {
    *out = malformed(ctx, text, "bool");
  }
}

WEIR_BODY(string_of_string) { *out = a[0]; }
WEIR_BODY(string_of_bool) { *out = Value::string(a[0].i != 0 ? "true" : "false"); }
WEIR_BODY(string_of_int) { *out = new_string(ctx, fmt::format_int(a[0].i).c_str()); }
WEIR_BODY(string_of_uint) { *out = new_string(ctx, fmt::format_int(a[0].u).c_str()); }
WEIR_BODY(string_of_double) { *out = new_string(ctx, format_double(a[0].d)); }
WEIR_BODY(string_of_bytes) {
  if (!a[0].is(Kind::kBytes)) {
    *out = wrong_kind(ctx, "string", a[0]);
  } else if (!charge_linear(ctx, a[0])) {
    *out = budget_error();
  } else {
    *out = valid_utf8(a[0].str()) ? Value::string(a[0].str())
                                  : make_error(ctx, ErrorCode::kInvalidArgument, "the bytes are not valid UTF-8");
  }
}
WEIR_BODY(string_of_timestamp) {
  *out =
      a[0].is(Kind::kTimestamp) ? new_string(ctx, format_timestamp(a[0].i, a[0].aux)) : wrong_kind(ctx, "string", a[0]);
}
WEIR_BODY(string_of_duration) {
  *out =
      a[0].is(Kind::kDuration) ? new_string(ctx, format_duration(a[0].i, a[0].aux)) : wrong_kind(ctx, "string", a[0]);
}

WEIR_BODY(bytes_of_bytes) { *out = a[0]; }
WEIR_BODY(bytes_of_string) { *out = Value::bytes(a[0].str()); }

// timestamp() and duration() stand here for what they share with the others; arithmetic on times is in bodies_time.cc.
WEIR_BODY(timestamp_of_timestamp) { *out = a[0]; }
WEIR_BODY(timestamp_of_int) {
  bool fits = a[0].i >= kMinTimestamp && a[0].i <= kMaxTimestamp;
  *out = fits ? Value::timestamp(a[0].i, 0) : out_of_range(ctx, a[0], "timestamp");
}
WEIR_BODY(timestamp_of_string) {
  *out = read<Value>(
      ctx, a[0], parse_timestamp, [](const Value& v) { return v; }, "timestamp");
}
WEIR_BODY(duration_of_duration) { *out = a[0]; }
WEIR_BODY(duration_of_int) {
  int64_t seconds = a[0].i / kNanosPerSecond;
  int64_t nanos = a[0].i % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  *out = Value::duration(seconds, static_cast<uint32_t>(nanos));
}
WEIR_BODY(duration_of_string) {
  *out = read<Value>(
      ctx, a[0], parse_duration, [](const Value& v) { return v; }, "duration");
}

}  // namespace weir::value
