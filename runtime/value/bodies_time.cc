// Timestamps and durations: arithmetic within their ranges, and their parts.
#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <fmt/format.h>

#include "runtime/value/bodies.h"
#include "runtime/value/text.h"
#include "runtime/value/time_zone.h"

namespace weir::value {
namespace {

constexpr int64_t kNanosPerSecond = 1000000000;

// Seconds and nanoseconds, not yet normalised. The ranges of both kinds leave room for any sum of two.
struct Span {
  int64_t seconds;
  int64_t nanos;
};

Span plus(const Value& a, const Value& b) { return {a.i + b.i, int64_t{a.aux} + b.aux}; }
Span minus(const Value& a, const Value& b) { return {a.i - b.i, int64_t{a.aux} - b.aux}; }

Span normal(Span s) {
  if (s.nanos >= kNanosPerSecond) return {s.seconds + 1, s.nanos - kNanosPerSecond};
  if (s.nanos < 0) return {s.seconds - 1, s.nanos + kNanosPerSecond};
  return s;
}

Value to_timestamp(EvalContext& ctx, Span span) {
  Span s = normal(span);
  if (s.seconds < kMinTimestamp || s.seconds > kMaxTimestamp) {
    return make_error(ctx, ErrorCode::kOverflow, "timestamp out of range: years 1 to 9999");
  }
  return Value::timestamp(s.seconds, static_cast<uint32_t>(s.nanos));
}

Value to_duration(EvalContext& ctx, Span span) {
  Span s = normal(span);
  bool above = s.seconds > kMaxDuration || (s.seconds == kMaxDuration && s.nanos > 0);
  if (above || s.seconds < -kMaxDuration) {
    return make_error(ctx, ErrorCode::kOverflow, "duration out of range: 10,000 years");
  }
  return Value::duration(s.seconds, static_cast<uint32_t>(s.nanos));
}

// False with the error in *out if an operand is not of its kind.
bool operands(EvalContext& ctx, const Value* a, Kind first, Kind second, std::string_view sign, Value* out) {
  if (a[0].is(first) && a[1].is(second)) return true;
  *out = wrong_kind(ctx, sign, a[a[0].is(first) ? 1 : 0]);
  return false;
}

using Part = int64_t (*)(const absl::CivilSecond&);

int64_t year_of(const absl::CivilSecond& c) { return c.year(); }
int64_t month_of(const absl::CivilSecond& c) { return c.month() - 1; }
int64_t date_of(const absl::CivilSecond& c) { return c.day(); }
int64_t day_of_month(const absl::CivilSecond& c) { return c.day() - 1; }
int64_t day_of_week(const absl::CivilSecond& c) {
  return (static_cast<int64_t>(absl::GetWeekday(c)) + 1) % 7;  // Abseil counts from Monday
}
int64_t day_of_year(const absl::CivilSecond& c) { return absl::GetYearDay(c) - 1; }
int64_t hour_of(const absl::CivilSecond& c) { return c.hour(); }
int64_t minute_of(const absl::CivilSecond& c) { return c.minute(); }
int64_t second_of(const absl::CivilSecond& c) { return c.second(); }

// Counting seconds from the epoch is the civil time in UTC.
absl::CivilSecond civil(int64_t seconds) { return absl::CivilSecond(1970, 1, 1) + seconds; }

Value part_utc(EvalContext& ctx, const Value& when, std::string_view function, Part part) {
  if (!when.is(Kind::kTimestamp)) return wrong_kind(ctx, function, when);
  return Value::integer(part(civil(when.i)));
}

Value part_in(EvalContext& ctx, const Value& when, const Value& zone, std::string_view function, Part part) {
  if (!when.is(Kind::kTimestamp)) return wrong_kind(ctx, function, when);
  int64_t offset;
  if (!zone_offset(zone.str(), when.i, &offset)) {
    return make_error(ctx, ErrorCode::kInvalidArgument,
                      fmt::format("unknown time zone \"{}\"", zone.str().substr(0, 64)));
  }
  return Value::integer(part(civil(when.i + offset)));
}

Value milliseconds(EvalContext& ctx, const Value& v, Kind kind) {
  if (!v.is(kind)) return wrong_kind(ctx, "getMilliseconds", v);
  return Value::integer(v.aux / 1000000);
}

// Rounds towards zero: seconds of a duration are rounded down.
Value whole(EvalContext& ctx, const Value& v, std::string_view function, int64_t unit) {
  if (!v.is(Kind::kDuration)) return wrong_kind(ctx, function, v);
  int64_t seconds = v.i < 0 && v.aux > 0 ? v.i + 1 : v.i;
  return Value::integer(seconds / unit);
}

}  // namespace

WEIR_BODY(add_timestamp_duration) {
  if (operands(ctx, a, Kind::kTimestamp, Kind::kDuration, "+", out)) *out = to_timestamp(ctx, plus(a[0], a[1]));
}
WEIR_BODY(add_duration_timestamp) {
  if (operands(ctx, a, Kind::kDuration, Kind::kTimestamp, "+", out)) *out = to_timestamp(ctx, plus(a[0], a[1]));
}
WEIR_BODY(add_duration) {
  if (operands(ctx, a, Kind::kDuration, Kind::kDuration, "+", out)) *out = to_duration(ctx, plus(a[0], a[1]));
}
WEIR_BODY(sub_timestamp) {
  if (operands(ctx, a, Kind::kTimestamp, Kind::kTimestamp, "-", out)) *out = to_duration(ctx, minus(a[0], a[1]));
}
WEIR_BODY(sub_timestamp_duration) {
  if (operands(ctx, a, Kind::kTimestamp, Kind::kDuration, "-", out)) *out = to_timestamp(ctx, minus(a[0], a[1]));
}
WEIR_BODY(sub_duration) {
  if (operands(ctx, a, Kind::kDuration, Kind::kDuration, "-", out)) *out = to_duration(ctx, minus(a[0], a[1]));
}

// One part of a timestamp, in UTC and in a zone.
#define WEIR_PART(id, function, part)                           \
  WEIR_BODY(id) { *out = part_utc(ctx, a[0], function, part); } \
  WEIR_BODY(id##_in) { *out = part_in(ctx, a[0], a[1], function, part); }

WEIR_PART(get_full_year, "getFullYear", year_of)
WEIR_PART(get_month, "getMonth", month_of)
WEIR_PART(get_date, "getDate", date_of)
WEIR_PART(get_day_of_month, "getDayOfMonth", day_of_month)
WEIR_PART(get_day_of_week, "getDayOfWeek", day_of_week)
WEIR_PART(get_day_of_year, "getDayOfYear", day_of_year)
WEIR_PART(get_hours, "getHours", hour_of)
WEIR_PART(get_minutes, "getMinutes", minute_of)
WEIR_PART(get_seconds, "getSeconds", second_of)
#undef WEIR_PART

WEIR_BODY(get_milliseconds) { *out = milliseconds(ctx, a[0], Kind::kTimestamp); }
WEIR_BODY(get_milliseconds_in) {
  // A zone shifts whole seconds; an unknown one is an error here as elsewhere.
  *out = part_in(ctx, a[0], a[1], "getMilliseconds", second_of);
  if (out->is(Kind::kInt)) *out = Value::integer(a[0].aux / 1000000);
}

WEIR_BODY(duration_hours) { *out = whole(ctx, a[0], "getHours", 3600); }
WEIR_BODY(duration_minutes) { *out = whole(ctx, a[0], "getMinutes", 60); }
WEIR_BODY(duration_seconds) { *out = whole(ctx, a[0], "getSeconds", 1); }
WEIR_BODY(duration_milliseconds) {
  if (!a[0].is(Kind::kDuration)) {
    *out = wrong_kind(ctx, "getMilliseconds", a[0]);
    return;
  }
  // The part of a negative duration is negative: -1.25s is -2 s and 750 ms, and gives -250.
  Value magnitude = a[0];
  bool negative = a[0].i < 0 && a[0].aux > 0;
  if (negative) magnitude.aux = static_cast<uint32_t>(kNanosPerSecond - a[0].aux);
  *out = milliseconds(ctx, magnitude, Kind::kDuration);
  if (negative && out->is(Kind::kInt)) out->i = -out->i;
}

}  // namespace weir::value
