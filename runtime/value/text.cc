#include "runtime/value/text.h"

#include <absl/strings/charconv.h>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>

namespace weir::value {
namespace {

constexpr uint32_t kNanosPerSecond = 1000000000;
// Where Go's %g turns to an exponent when the precision is the shortest.
constexpr int kFirstExponent = 6;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ".5" or nothing.
std::string fraction(uint32_t nanos) {
  if (nanos == 0) return {};
  std::string digits = fmt::format(".{:09}", nanos);
  digits.resize(digits.find_last_not_of('0') + 1);
  return digits;
}

template <typename T>
ParseResult parse_digits(std::string_view text, T* out) {
  if (text.empty()) return ParseResult::kMalformed;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return ParseResult::kMalformed;
  return error == std::errc() ? ParseResult::kOk : ParseResult::kOutOfRange;
}

struct Unit {
  std::string_view name;
  int64_t nanos;
};
constexpr Unit kUnits[] = {
    {"ns", 1},
    {"us", 1000},
    {"\u00b5s", 1000},  // micro sign
    {"\u03bcs", 1000},  // Greek mu
    {"ms", 1000000},
    {"s", kNanosPerSecond},
    {"m", 60LL * kNanosPerSecond},
    {"h", 3600LL * kNanosPerSecond},
};

// Reads fixed-width fields of a date.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  int number(int digits) {
    int n = 0;
    for (int i = 0; i < digits; ++i) {
      if (at_ >= text_.size() || !is_digit(text_[at_])) {
        good_ = false;
        return 0;
      }
      n = n * 10 + (text_[at_++] - '0');
    }
    return n;
  }
  void expect(char c) {
    if (!take(c)) good_ = false;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at_digit() const { return at_ < text_.size() && is_digit(text_[at_]); }
  bool good() const { return good_; }
  bool done() const { return good_ && at_ == text_.size(); }

 private:
  std::string_view text_;
  size_t at_ = 0;
  bool good_ = true;
};

}  // namespace

std::string format_double(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "+Inf" : "-Inf";
  char buffer[32];  // -d.dddddddddddddddde-xxx
  char* end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  size_t e = text.find('e');
  int exponent = 0;
  std::string_view exponent_text = text.substr(e + 1);
  if (exponent_text[0] == '+') exponent_text.remove_prefix(1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (exponent >= -4 && exponent < kFirstExponent) {
    end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::fixed).ptr;
    return std::string(buffer, end);
  }
  return std::string(text);
}

std::string format_timestamp(int64_t seconds, uint32_t nanos) {
  using namespace std::chrono;
  sys_seconds when{std::chrono::seconds(seconds)};
  sys_days day = floor<days>(when);
  year_month_day date{day};
  hh_mm_ss time{when - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), fraction(nanos));
}

std::string format_duration(int64_t seconds, uint32_t nanos) {
  bool negative = seconds < 0;
  if (negative && nanos > 0) {  // seconds are rounded down: -0.5 s is -1 and half a second
    ++seconds;
    nanos = kNanosPerSecond - nanos;
  }
  return fmt::format("{}{}{}s", negative ? "-" : "", negative ? -seconds : seconds, fraction(nanos));
}

std::string format_ip(const IpRep& ip) {
  const uint8_t* b = ip.bytes;
  if (ip.family == 4) return fmt::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3]);
  // inet_ntop would write ::1:2 as ::0.1.0.2. The longest run of two or more zero groups, the first of equals, becomes
  // ::
  int groups[8];
  for (int i = 0; i < 8; ++i) groups[i] = b[2 * i] << 8 | b[2 * i + 1];
  int run = 8, longest = 1;
  for (int i = 0; i < 8; ++i) {
    int end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > longest) {
      run = i;
      longest = end - i;
    }
  }
  std::string text;
  for (int i = 0; i < 8; ++i) {
    if (i == run) {
      text += "::";
      i += longest - 1;
    } else {
      fmt::format_to(std::back_inserter(text), "{}{:x}", i == 0 || i == run + longest ? "" : ":", groups[i]);
    }
  }
  return text;
}

ParseResult parse_int(std::string_view text, int64_t* out) {
  if (text.size() > 1 && text[0] == '+' && is_digit(text[1])) text.remove_prefix(1);
  return parse_digits(text, out);
}

ParseResult parse_uint(std::string_view text, uint64_t* out) { return parse_digits(text, out); }

ParseResult parse_double(std::string_view text, double* out) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  if (text.empty() || text.back() == ')') return ParseResult::kMalformed;  // absl reads nan(text)
  auto [end, error] = absl::from_chars(text.data(), text.data() + text.size(), *out);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return ParseResult::kMalformed;
  return error == std::errc::result_out_of_range && std::abs(*out) > 1 ? ParseResult::kOutOfRange : ParseResult::kOk;
}

ParseResult parse_duration(std::string_view text, Value* out) {
  constexpr __int128 kLimit = static_cast<__int128>(kMaxDuration) * kNanosPerSecond;
  constexpr int64_t kLargestScale = 1000000000000000000;
  size_t at = 0;
  bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) at = 1;
  if (text.substr(at) == "0") {
    *out = Value::duration(0, 0);
    return ParseResult::kOk;
  }
  if (at == text.size()) return ParseResult::kMalformed;
  __int128 total = 0;
  bool too_large = false;
  while (at < text.size()) {
    size_t begin = at;
    __int128 whole = 0;
    for (; at < text.size() && is_digit(text[at]); ++at)
      if (whole <= kLimit) whole = whole * 10 + (text[at] - '0');
    size_t digits = at - begin;
    int64_t part = 0;
    int64_t scale = 1;
    if (at < text.size() && text[at] == '.') {
      for (++at; at < text.size() && is_digit(text[at]); ++at, ++digits) {
        if (scale >= kLargestScale) continue;
        part = part * 10 + (text[at] - '0');
        scale *= 10;
      }
    }
    if (digits == 0) return ParseResult::kMalformed;
    size_t name_begin = at;
    while (at < text.size() && text[at] != '.' && !is_digit(text[at])) ++at;
    std::string_view name = text.substr(name_begin, at - name_begin);
    const Unit* unit = nullptr;
    for (const Unit& u : kUnits)
      if (u.name == name) unit = &u;
    if (unit == nullptr) return ParseResult::kMalformed;
    if (whole > kLimit || total > kLimit) {
      too_large = true;
      continue;
    }
    total += whole * unit->nanos + static_cast<__int128>(part) * unit->nanos / scale;
  }
  if (too_large || total > kLimit) return ParseResult::kOutOfRange;
  if (negative) total = -total;
  __int128 seconds = total / kNanosPerSecond;
  __int128 nanos = total % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  *out = Value::duration(static_cast<int64_t>(seconds), static_cast<uint32_t>(nanos));
  return ParseResult::kOk;
}

ParseResult parse_timestamp(std::string_view text, Value* out) {
  // A year of five digits is a date outside the range, not a malformed one.
  size_t dash = text.find('-');
  bool far_future = dash != std::string_view::npos && dash > 4;
  for (size_t i = 0; far_future && i < dash; ++i) far_future = is_digit(text[i]);
  if (far_future) return ParseResult::kOutOfRange;

  FieldReader reader(text);
  int year = reader.number(4);
  reader.expect('-');
  int month = reader.number(2);
  reader.expect('-');
  int day = reader.number(2);
  reader.expect('T');
  int hour = reader.number(2);
  reader.expect(':');
  int minute = reader.number(2);
  reader.expect(':');
  int second = reader.number(2);
  uint32_t nanos = 0;
  if (reader.take('.')) {
    if (!reader.at_digit()) return ParseResult::kMalformed;
    uint32_t place = kNanosPerSecond / 10;
    for (; reader.at_digit(); place /= 10) nanos += place * static_cast<uint32_t>(reader.number(1));
  }
  int offset = 0;
  if (!reader.take('Z')) {
    int sign = reader.take('-') ? -1 : 1;
    if (sign > 0) reader.expect('+');
    int hours = reader.number(2);
    reader.expect(':');
    int minutes = reader.number(2);
    if (hours > 23 || minutes > 59) return ParseResult::kMalformed;
    offset = sign * (hours * 3600 + minutes * 60);
  }
  using namespace std::chrono;
  year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                      std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.done() || !date.ok() || hour > 23 || minute > 59 || second > 59) return ParseResult::kMalformed;
  int64_t days = sys_days(date).time_since_epoch().count();
  int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  if (seconds < kMinTimestamp || seconds > kMaxTimestamp) return ParseResult::kOutOfRange;
  *out = Value::timestamp(seconds, nanos);
  return ParseResult::kOk;
}

}  // namespace weir::value
