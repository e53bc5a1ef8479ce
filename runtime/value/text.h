// Values as text and back, in the formats of CEL's conversions. No locale, no allocation beyond the result.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/value/value.h"

namespace weir::value {

// The range of instants and durations: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z; ±10,000 years.
inline constexpr int64_t kMinTimestamp = -62135596800;
inline constexpr int64_t kMaxTimestamp = 253402300799;
inline constexpr int64_t kMaxDuration = 315576000000;

// Shortest text that reads back as the same number, laid out as Go's strconv does with 'g': 0.1, 1e+06, NaN, +Inf.
std::string format_double(double d);
// RFC 3339 in UTC, as many digits of the second as needed: 2009-02-13T23:31:30.5Z.
std::string format_timestamp(int64_t seconds, uint32_t nanos);
// Seconds with as many digits as needed: -1.5s.
std::string format_duration(int64_t seconds, uint32_t nanos);
// RFC 5952.
std::string format_ip(const IpRep& ip);

enum class ParseResult : uint8_t { kOk, kMalformed, kOutOfRange };

// An optional sign and digits.
ParseResult parse_int(std::string_view text, int64_t* out);
ParseResult parse_uint(std::string_view text, uint64_t* out);
// Decimal notation, inf, infinity and nan in any case, each with an optional sign. Too large is kOutOfRange.
ParseResult parse_double(std::string_view text, double* out);
// Go's syntax: 1h30m, -1.5h, .5s, 100ms, 1us (or µs), 1ns, 0; no more than ±kMaxDuration. *out is a kDuration.
ParseResult parse_duration(std::string_view text, Value* out);
// RFC 3339 with Z or an offset; digits of the second beyond the ninth are dropped. *out is a kTimestamp.
ParseResult parse_timestamp(std::string_view text, Value* out);

}  // namespace weir::value
