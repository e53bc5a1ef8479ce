#include "runtime/value/text.h"

#include <cmath>
#include <cstring>
#include <random>

#include "runtime/value/utf8.h"
#include "tests/unit/value/fixture.h"

namespace weir::value {
namespace {

TEST(Text, DoublesAreShortestInGosLayout) {
  const std::pair<double, const char*> cases[] = {
      {0.0, "0"},
      {-0.0, "-0"},
      {123.456, "123.456"},
      {-4.5e-3, "-0.0045"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {100000, "100000"},
      {1000000, "1e+06"},
      {1234567, "1.234567e+06"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1e22, "1e+22"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {HUGE_VAL, "+Inf"},
      {-HUGE_VAL, "-Inf"},
      {std::nan(""), "NaN"},
  };
  for (const auto& [d, text] : cases) EXPECT_EQ(format_double(d), text);
}

TEST(Text, DoublesReadBackExactly) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    uint64_t bits = random();
    double d;
    std::memcpy(&d, &bits, sizeof d);
    if (std::isnan(d)) continue;
    double back = 0;
    ASSERT_EQ(parse_double(format_double(d), &back), ParseResult::kOk) << format_double(d);
    ASSERT_EQ(std::memcmp(&d, &back, sizeof d), 0) << format_double(d);
  }
}

TEST(Text, ParsesDoubles) {
  const std::pair<const char*, double> good[] = {
      {"1", 1},  {"+1.5", 1.5},          {"-1e3", -1000},     {".5", 0.5},
      {"5.", 5}, {"Infinity", HUGE_VAL}, {"-inf", -HUGE_VAL}, {"1e-400", 0},
  };
  for (const auto& [text, expected] : good) {
    double d = 99;
    EXPECT_EQ(parse_double(text, &d), ParseResult::kOk) << text;
    EXPECT_EQ(d, expected) << text;
  }
  double d;
  EXPECT_EQ(parse_double("NaN", &d), ParseResult::kOk);
  EXPECT_TRUE(std::isnan(d));
  EXPECT_EQ(parse_double("1e400", &d), ParseResult::kOutOfRange);
  for (const char* bad : {"", " 1", "1 ", "1x", "+-1", "--1", "nan(1)", "1e", "e5", "."}) {
    EXPECT_EQ(parse_double(bad, &d), ParseResult::kMalformed) << bad;
  }
}

TEST(Text, ParsesIntegers) {
  int64_t i = 0;
  uint64_t u = 0;
  EXPECT_EQ(parse_int("-9223372036854775808", &i), ParseResult::kOk);
  EXPECT_EQ(i, INT64_MIN);
  EXPECT_EQ(parse_int("+7", &i), ParseResult::kOk);
  EXPECT_EQ(i, 7);
  EXPECT_EQ(parse_int("9223372036854775808", &i), ParseResult::kOutOfRange);
  EXPECT_EQ(parse_uint("18446744073709551615", &u), ParseResult::kOk);
  EXPECT_EQ(u, UINT64_MAX);
  EXPECT_EQ(parse_uint("18446744073709551616", &u), ParseResult::kOutOfRange);
  for (const char* bad : {"", "-", "+", "1.0", " 1", "0x1", "1_000", "+-1"}) {
    EXPECT_EQ(parse_int(bad, &i), ParseResult::kMalformed) << bad;
  }
  for (const char* bad : {"", "-1", "+1", "1u"}) EXPECT_EQ(parse_uint(bad, &u), ParseResult::kMalformed) << bad;
}

TEST(Text, Durations) {
  const std::pair<const char*, const char*> good[] = {
      {"0", "0s"},
      {"-0", "0s"},
      {"1h2m3.5s", "3723.5s"},
      {"-1.5h", "-5400s"},
      {"+1s", "1s"},
      {"100ms", "0.1s"},
      {"1us", "0.000001s"},
      {"1\u00b5s", "0.000001s"},
      {"1\u03bcs", "0.000001s"},
      {"1ns", "0.000000001s"},
      {"-1ns", "-0.000000001s"},
      {"-0.5s", "-0.5s"},
      {".5s", "0.5s"},
      {"1.s", "1s"},
      {"1000000s", "1000000s"},
      {"315576000000s", "315576000000s"},
      {"-315576000000s", "-315576000000s"},
      {"0.33333333333333333333h", "1199.999999999s"},
  };
  for (const auto& [text, expected] : good) {
    Value v = P(text);
    ASSERT_TRUE(v.is(Kind::kDuration)) << text;
    EXPECT_EQ(format_duration(v.i, v.aux), expected) << text;
  }
  Value v;
  for (const char* far :
       {"320000000000s", "-320000000000s", "315576000000s1ns", "99999999999999999999999999999999999999999999s",
        "99999999999999999999999999999999999999999999h1s"}) {
    EXPECT_EQ(parse_duration(far, &v), ParseResult::kOutOfRange) << far;
  }
  for (const char* bad : {"", "-", "1", "s", "1d", "1 s", ".s", "1h-2m", "--1s", "1s ", "1.5", "1e3s"}) {
    EXPECT_EQ(parse_duration(bad, &v), ParseResult::kMalformed) << bad;
  }
}

TEST(Text, Timestamps) {
  const std::pair<const char*, const char*> good[] = {
      {"2009-02-13T23:31:30Z", "2009-02-13T23:31:30Z"},
      {"2009-02-13T23:31:30.500Z", "2009-02-13T23:31:30.5Z"},
      {"2009-02-14T05:01:30+05:30", "2009-02-13T23:31:30Z"},
      {"2009-02-13T15:31:30-08:00", "2009-02-13T23:31:30Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
      {"2000-02-29T00:00:00.1234567891Z", "2000-02-29T00:00:00.123456789Z"},
      {"1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59.25Z"},
  };
  for (const auto& [text, expected] : good) {
    Value v = T(text);
    ASSERT_TRUE(v.is(Kind::kTimestamp)) << text;
    EXPECT_EQ(format_timestamp(v.i, v.aux), expected) << text;
  }
  EXPECT_EQ(T("2009-02-13T23:31:30Z").i, 1234567890);
  Value v;
  for (const char* far :
       {"0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"}) {
    EXPECT_EQ(parse_timestamp(far, &v), ParseResult::kOutOfRange) << far;
  }
  for (const char* bad :
       {"", "2009", "2009-02-13", "2009-02-13T23:31:30", "2009-02-13 23:31:30Z", "2009-02-30T00:00:00Z",
        "2009-13-01T00:00:00Z", "2009-01-01T24:00:00Z", "2009-01-01T00:60:00Z", "2009-01-01T00:00:60Z",
        "2009-01-01T00:00:00.Z", "2009-01-01T00:00:00Zx", "2009-1-01T00:00:00Z", "2009-01-01T00:00:00+1:00",
        "2009-01-01T00:00:00+24:00", "-2009-01-01T00:00:00Z"}) {
    EXPECT_EQ(parse_timestamp(bad, &v), ParseResult::kMalformed) << bad;
  }
}

TEST(Text, Utf8) {
  EXPECT_EQ(count_code_points("π🐱a"), 3u);
  EXPECT_EQ(code_point_offset("π🐱a", 2), 6u);
  EXPECT_EQ(code_point_offset("π🐱a", 9), 7u);
  EXPECT_TRUE(is_ascii("0123456789abcdef!"));
  EXPECT_FALSE(is_ascii("0123456789abcdef\xc3\xa9"));
  EXPECT_FALSE(is_ascii("\xc3\xa9"));
  for (const char* good : {"", "a", "é", "€", "🐱", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(valid_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xff", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xe2\x82", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(valid_utf8(bad));
  }
  std::string text = "aé€🐱";
  std::string back;
  for (size_t at = 0; at < text.size();) append_utf8(back, next_code_point(text, &at));
  EXPECT_EQ(back, text);
}

}  // namespace
}  // namespace weir::value
