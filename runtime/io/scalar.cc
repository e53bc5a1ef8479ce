#include "runtime/io/scalar.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "absl/strings/charconv.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"

namespace weir::io {
namespace {

using value::Value;

// CEL's range of timestamps, in seconds: years 1 to 9999.
constexpr int64_t kMinSeconds = -62135596800, kMaxSeconds = 253402300799;

bool wrong_type(const Scalar& s, const types::Type* type, Problem* problem) {
  problem->cause = RejectCause::kWrongType;
  if (s.kind == ScalarKind::kText) {
    problem->message = fmt::format("expected {}, found `{}`", types::to_string(type), s.text.substr(0, 40));
  } else {
    problem->message = fmt::format("expected {}, found {}", types::to_string(type), scalar_kind_name(s.kind));
  }
  return false;
}

bool out_of_range(std::string_view what, const types::Type* type, Problem* problem) {
  problem->cause = RejectCause::kOutOfRange;
  problem->message = fmt::format("{} does not fit {}", what.substr(0, 40), types::to_string(type));
  return false;
}

// A CSV cell read as a JSON number would be; kind kText if it is none.
Scalar number_of_text(std::string_view text) {
  Scalar s;
  s.kind = ScalarKind::kText;
  s.text = text;
  const char *begin = text.data(), *end = begin + text.size();
  if (begin != end && *begin == '+') ++begin;
  auto as_int = std::from_chars(begin, end, s.i);
  if (as_int.ptr == end && as_int.ec == std::errc()) {
    s.kind = ScalarKind::kInt;
    return s;
  }
  auto as_uint = std::from_chars(begin, end, s.u);
  if (as_uint.ptr == end && as_uint.ec == std::errc()) {
    s.kind = ScalarKind::kUint;
    return s;
  }
  auto as_double = absl::from_chars(begin, end, s.d);
  if (as_double.ptr != end || begin == end) return s;
  s.kind = as_double.ec == std::errc() && std::isfinite(s.d) ? ScalarKind::kDouble : ScalarKind::kBigNumber;
  return s;
}

bool convert_bool(const Scalar& s, const types::Type* type, Value* out, Problem* problem) {
  if (s.kind == ScalarKind::kBool) {
    *out = Value::boolean(s.b);
    return true;
  }
  if (s.kind == ScalarKind::kText) {
    for (std::string_view t : {"true", "True", "TRUE", "1"})
      if (s.text == t) {
        *out = Value::boolean(true);
        return true;
      }
    for (std::string_view t : {"false", "False", "FALSE", "0"})
      if (s.text == t) {
        *out = Value::boolean(false);
        return true;
      }
  }
  return wrong_type(s, type, problem);
}

bool convert_int(const Scalar& s, const types::Type* type, Value* out, Problem* problem) {
  switch (s.kind) {
    case ScalarKind::kInt:
      *out = Value::integer(s.i);
      return true;
    case ScalarKind::kUint:
      return out_of_range(fmt::format("{}", s.u), type, problem);
    case ScalarKind::kDouble:
      // Tables with a gap write whole numbers as doubles: 12.0 is 12, and 12.5 is no int.
      if (s.d != std::floor(s.d)) {
        problem->cause = RejectCause::kWrongType;
        problem->message = fmt::format("expected int, found {}", s.d);
        return false;
      }
      if (s.d < -9223372036854775808.0 || s.d >= 9223372036854775808.0)
        return out_of_range(fmt::format("{}", s.d), type, problem);
      *out = Value::integer(static_cast<int64_t>(s.d));
      return true;
    case ScalarKind::kBigNumber:
      return out_of_range(s.text, type, problem);
    default:
      return wrong_type(s, type, problem);
  }
}

bool convert_uint(const Scalar& s, const types::Type* type, Value* out, Problem* problem) {
  if (s.kind == ScalarKind::kUint) {
    *out = Value::uint(s.u);
    return true;
  }
  if (s.kind == ScalarKind::kDouble && s.d == std::floor(s.d) && s.d >= 9223372036854775808.0 &&
      s.d < 18446744073709551616.0) {
    *out = Value::uint(static_cast<uint64_t>(s.d));
    return true;
  }
  Value v;
  if (!convert_int(s, type, &v, problem)) return false;
  if (v.i < 0) return out_of_range(fmt::format("{}", v.i), type, problem);
  *out = Value::uint(static_cast<uint64_t>(v.i));
  return true;
}

bool convert_double(const Scalar& s, const types::Type* type, Value* out, Problem* problem) {
  switch (s.kind) {
    case ScalarKind::kInt:
      *out = Value::dbl(static_cast<double>(s.i));
      return true;
    case ScalarKind::kUint:
      *out = Value::dbl(static_cast<double>(s.u));
      return true;
    case ScalarKind::kDouble:
      *out = Value::dbl(s.d);
      return true;
    case ScalarKind::kBigNumber:
      if (!std::isfinite(s.d)) return out_of_range(s.text, type, problem);
      *out = Value::dbl(s.d);
      return true;
    default:
      return wrong_type(s, type, problem);
  }
}

bool set_timestamp(int64_t seconds, uint32_t nanos, const types::Type* type, Value* out, Problem* problem) {
  if (seconds < kMinSeconds || seconds > kMaxSeconds)
    return out_of_range(fmt::format("{} s after 1970", seconds), type, problem);
  *out = Value::timestamp(seconds, nanos);
  return true;
}

bool convert_unix(const Scalar& s, int64_t per_second, const types::Type* type, Value* out, Problem* problem) {
  switch (s.kind) {
    case ScalarKind::kInt: {
      int64_t seconds = s.i / per_second, rest = s.i % per_second;
      if (rest < 0) {
        rest += per_second;
        --seconds;
      }
      return set_timestamp(seconds, static_cast<uint32_t>(rest * (1'000'000'000 / per_second)), type, out, problem);
    }
    case ScalarKind::kDouble: {
      double whole = std::floor(s.d / static_cast<double>(per_second));
      if (!(std::abs(whole) < 1e15)) return out_of_range(fmt::format("{}", s.d), type, problem);
      double nanos =
          std::round((s.d - whole * static_cast<double>(per_second)) * (1e9 / static_cast<double>(per_second)));
      auto seconds = static_cast<int64_t>(whole);
      if (nanos >= 1e9) {
        nanos = 0;
        ++seconds;
      }
      return set_timestamp(seconds, static_cast<uint32_t>(nanos), type, out, problem);
    }
    case ScalarKind::kUint:
    case ScalarKind::kBigNumber:
      return out_of_range("the number", type, problem);
    default:
      problem->cause = RejectCause::kWrongType;
      problem->message = fmt::format("expected a time as unix {}, found {}",
                                     per_second == 1 ? "seconds" : "milliseconds", scalar_kind_name(s.kind));
      return false;
  }
}

bool convert_time(const Scalar& s, const types::Type* type, const FieldPlan& field, Value* out, Problem* problem) {
  bool text = s.kind == ScalarKind::kString || s.kind == ScalarKind::kText;
  if (field.time_format == TimeFormat::kUnix || field.time_format == TimeFormat::kUnixMs) {
    int64_t per_second = field.time_format == TimeFormat::kUnix ? 1 : 1000;
    return convert_unix(text ? number_of_text(s.text) : s, per_second, type, out, problem);
  }
  if (!text) {
    problem->cause = RejectCause::kWrongType;
    problem->message =
        fmt::format("expected a time as text, found {}; map it with format: unix or unix_ms if it is a number",
                    scalar_kind_name(s.kind));
    return false;
  }
  if (field.time_format == TimeFormat::kStrptime) {
    absl::Time t;
    std::string error;
    if (!absl::ParseTime(absl::string_view(field.strptime), absl::string_view(s.text.data(), s.text.size()),
                         absl::UTCTimeZone(), &t, &error)) {
      problem->cause = RejectCause::kWrongType;
      problem->message = fmt::format("`{}` is no time of the format `{}`", s.text.substr(0, 40), field.strptime);
      return false;
    }
    int64_t seconds = absl::ToUnixSeconds(t);  // rounds down
    auto nanos = static_cast<uint32_t>(absl::ToInt64Nanoseconds(t - absl::FromUnixSeconds(seconds)));
    return set_timestamp(seconds, nanos, type, out, problem);
  }
  int64_t seconds = 0;
  uint32_t nanos = 0;
  bool in_range = true;
  if (parse_rfc3339(s.text, &seconds, &nanos, &in_range)) {
    *out = Value::timestamp(seconds, nanos);
    return true;
  }
  problem->cause = in_range ? RejectCause::kWrongType : RejectCause::kOutOfRange;
  problem->message =
      fmt::format("`{}` is {}", s.text.substr(0, 40),
                  in_range ? "no RFC 3339 time, such as 2017-08-24T00:04:00Z" : "outside the years 1 to 9999");
  return false;
}

bool convert_duration(const Scalar& s, const types::Type* type, Value* out, Problem* problem) {
  if (s.kind != ScalarKind::kString && s.kind != ScalarKind::kText) return wrong_type(s, type, problem);
  absl::Duration d;
  if (!absl::ParseDuration(absl::string_view(s.text.data(), s.text.size()), &d)) {
    problem->cause = RejectCause::kWrongType;
    problem->message = fmt::format("`{}` is no duration, such as 1h30m or 1.5s", s.text.substr(0, 40));
    return false;
  }
  int64_t seconds = absl::ToInt64Seconds(d);
  absl::Duration rest = d - absl::Seconds(seconds);
  if (rest < absl::ZeroDuration()) {
    --seconds;
    rest += absl::Seconds(1);
  }
  if (seconds < kMinSeconds - kMaxSeconds || seconds > kMaxSeconds - kMinSeconds)
    return out_of_range(s.text, type, problem);
  *out = Value::duration(seconds, static_cast<uint32_t>(absl::ToInt64Nanoseconds(rest)));
  return true;
}

bool convert_bytes(const Scalar& s, const types::Type* type, value::Arena& arena, Value* out, Problem* problem) {
  if (s.kind != ScalarKind::kString && s.kind != ScalarKind::kText) return wrong_type(s, type, problem);
  std::string decoded;
  if (!absl::Base64Unescape(absl::string_view(s.text.data(), s.text.size()), &decoded)) {
    problem->cause = RejectCause::kWrongType;
    problem->message = fmt::format("`{}` is not base64, which bytes are written in", s.text.substr(0, 40));
    return false;
  }
  const char* copy = arena.copy(decoded);
  if (copy == nullptr) return out_of_range("the text", type, problem);
  *out = Value::bytes({copy, decoded.size()});
  return true;
}

bool convert_split(const Scalar& s, const types::Type* type, const FieldPlan& field, value::Arena& arena, Value* out,
                   Problem* problem) {
  const types::Type* element = type->arg(0)->base();
  uint32_t count = 0;
  auto each_piece = [&](auto use) {
    std::string_view rest = s.text;
    while (!rest.empty()) {
      size_t at = rest.find(field.split);
      std::string_view piece = rest.substr(0, at);
      if (!piece.empty() && !use(piece)) return false;
      if (at == std::string_view::npos) break;
      rest.remove_prefix(at + field.split.size());
    }
    return true;
  };
  each_piece([&](std::string_view) { return ++count > 0; });
  auto* list = arena.allocate_array<value::ListRep>(1);
  auto* items = arena.allocate_array<Value>(count);
  if (list == nullptr || items == nullptr) return out_of_range("the list", type, problem);
  uint32_t i = 0;
  FieldPlan plain;
  bool ok = each_piece([&](std::string_view piece) {
    Scalar part;
    part.kind = ScalarKind::kText;
    part.text = piece;
    return convert(part, element, plain, arena, &items[i++], problem);
  });
  *list = {};
  list->size = list->capacity = count;
  list->items = items;
  *out = Value::of(list);
  return ok;
}

}  // namespace

std::string_view scalar_kind_name(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::kNull:
      return "null";
    case ScalarKind::kBool:
      return "a bool";
    case ScalarKind::kInt:
    case ScalarKind::kUint:
    case ScalarKind::kDouble:
    case ScalarKind::kBigNumber:
      return "a number";
    case ScalarKind::kString:
      return "a string";
    case ScalarKind::kText:
      return "text";
  }
  return "";
}

bool convert(const Scalar& scalar, const types::Type* type, const FieldPlan& field, value::Arena& arena, Value* out,
             Problem* problem) {
  bool text = scalar.kind == ScalarKind::kText;
  switch (type->kind()) {
    case types::Kind::kBool:
      return convert_bool(scalar, type, out, problem);
    case types::Kind::kInt:
      return convert_int(text ? number_of_text(scalar.text) : scalar, type, out, problem);
    case types::Kind::kUint:
      return convert_uint(text ? number_of_text(scalar.text) : scalar, type, out, problem);
    case types::Kind::kDouble:
      return convert_double(text ? number_of_text(scalar.text) : scalar, type, out, problem);
    case types::Kind::kString:
      if (scalar.kind != ScalarKind::kString && !text) return wrong_type(scalar, type, problem);
      *out = Value::string(scalar.text);
      return true;
    case types::Kind::kBytes:
      return convert_bytes(scalar, type, arena, out, problem);
    case types::Kind::kTimestamp:
      return convert_time(scalar, type, field, out, problem);
    case types::Kind::kDuration:
      return convert_duration(scalar, type, out, problem);
    case types::Kind::kList:
      if (!field.split.empty() && (scalar.kind == ScalarKind::kString || text))
        return convert_split(scalar, type, field, arena, out, problem);
      return wrong_type(scalar, type, problem);
    case types::Kind::kDyn:
      *out = as_is(scalar);
      return true;
    default:
      return wrong_type(scalar, type, problem);
  }
}

Value as_is(const Scalar& scalar) {
  switch (scalar.kind) {
    case ScalarKind::kNull:
      return Value::null();
    case ScalarKind::kBool:
      return Value::boolean(scalar.b);
    case ScalarKind::kInt:
      return Value::integer(scalar.i);
    case ScalarKind::kUint:
      return Value::uint(scalar.u);
    case ScalarKind::kDouble:
    case ScalarKind::kBigNumber:
      return Value::dbl(scalar.d);
    default:
      return Value::string(scalar.text);
  }
}

bool parse_rfc3339(std::string_view text, int64_t* seconds, uint32_t* nanos, bool* in_range) {
  *in_range = true;
  size_t at = 0;
  bool ok = true;
  auto digits = [&](size_t n) {
    int64_t v = 0;
    for (size_t k = 0; k < n; ++k, ++at) {
      if (at >= text.size() || text[at] < '0' || text[at] > '9') {
        ok = false;
        return v;
      }
      v = v * 10 + (text[at] - '0');
    }
    return v;
  };
  auto mark = [&](std::string_view any) {
    if (ok && at < text.size() && any.find(text[at]) != std::string_view::npos) return text[at++];
    ok = false;
    return '\0';
  };
  int64_t year = digits(4);
  mark("-");
  int64_t month = digits(2);
  mark("-");
  int64_t day = digits(2);
  mark("Tt ");
  int64_t hour = digits(2);
  mark(":");
  int64_t minute = digits(2);
  mark(":");
  int64_t second = digits(2);
  if (!ok) return false;
  *nanos = 0;
  if (at < text.size() && text[at] == '.') {
    size_t begin = ++at;
    uint32_t scale = 100'000'000;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      *nanos += static_cast<uint32_t>(text[at] - '0') * scale;
    if (at == begin) return false;
  }
  int64_t offset = 0;
  char zone = mark("Zz+-");
  if (zone == '+' || zone == '-') {
    int64_t h = digits(2);
    mark(":");
    int64_t m = digits(2);
    if (h > 23 || m > 59) return false;
    offset = (h * 3600 + m * 60) * (zone == '+' ? 1 : -1);
  }
  if (!ok || at != text.size()) return false;
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (month < 1 || month > 12 || day < 1 || day > kDays[month - 1] + (month == 2 && leap) || hour > 23 || minute > 59 ||
      second > 59)
    return false;
  // Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from March (Hinnant, chrono-compatible
  // low-level date algorithms).
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = (y >= 0 ? y : y - 399) / 400, year_of_era = y - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t days = era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
  *seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  *in_range = *seconds >= kMinSeconds && *seconds <= kMaxSeconds;
  return *in_range;
}

}  // namespace weir::io
