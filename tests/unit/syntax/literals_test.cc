#include "compiler/syntax/literals.h"

#include <gtest/gtest.h>

#include <limits>

#include "compiler/base/quote.h"

namespace weir::syntax {
namespace {

TEST(Literals, StringsDenote) {
  struct Case {
    std::string_view token, value;
  };
  using namespace std::string_view_literals;
  for (const Case& c : {
           Case{R"("")", ""},
           {R"('a"b')", "a\"b"},
           {R"("a\"b")", "a\"b"},
           {R"("\a\b\f\n\r\t\v\\\?\'\`")", "\a\b\f\n\r\t\v\\?'`"},
           {R"("\x41\X42\103")", "ABC"},
           {R"("\377\xff")", "\xC3\xBF\xC3\xBF"},
           {R"("\u00e9\U0001F62C")", "\xC3\xA9\xF0\x9F\x98\xAC"},
           {R"("\ud83d\ude2c")", "\xF0\x9F\x98\xAC"},
           {R"("\000")", "\0"sv},
           {R"(r"\d+\\")", R"(\d+\\)"},
           {R"(R'\n')", R"(\n)"},
           {R"('''a'b''c''')", "a'b''c"},
           {"\"\"\"a\nb\"\"\"", "a\nb"},
           {"'''a\r\nb\rc'''", "a\nb\nc"},
           {R"(r"""a\""")", "a\\"},
           {R"(b"\377\xff")", "\xff\xff"},
           {R"(b'é')", "\xC3\xA9"},
           {R"(bR'\x41')", R"(\x41)"},
       }) {
    LiteralError error;
    std::optional<std::string> value = decode_quoted(c.token, error);
    ASSERT_TRUE(value) << c.token << ": " << error.message;
    EXPECT_EQ(*value, c.value) << c.token;
  }
}

TEST(Literals, BadEscapesAreBlamedWhereTheyStand) {
  struct Case {
    std::string_view token;
    size_t begin, end;
  };
  for (const Case& c : {
           Case{R"("ab\q")", 3, 5},
           {R"("\x4g")", 1, 4},
           {R"("\8")", 1, 3},
           {R"("\400")", 1, 3},
           {R"("\08")", 1, 4},
           {R"("\ud800")", 1, 7},
           {R"("\ude2c\ud83d")", 1, 7},
           {R"("\U00110000")", 1, 11},
           {R"(b"\u00e9")", 2, 4},
           {R"(b"\U000000e9")", 2, 4},
       }) {
    LiteralError error;
    EXPECT_FALSE(decode_quoted(c.token, error)) << c.token;
    EXPECT_EQ(error.begin, c.begin) << c.token;
    EXPECT_EQ(error.end, c.end) << c.token;
  }
}

TEST(Literals, Numbers) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(decode_int("9223372036854775807", false), kMax);
  EXPECT_EQ(decode_int("9223372036854775808", false), std::nullopt);
  EXPECT_EQ(decode_int("9223372036854775808", true), kMin);
  EXPECT_EQ(decode_int("9223372036854775809", true), std::nullopt);
  EXPECT_EQ(decode_int("0x7fffffffffffffff", false), kMax);
  EXPECT_EQ(decode_int("0x8000000000000000", true), kMin);
  EXPECT_EQ(decode_int("99999999999999999999", false), std::nullopt);
  EXPECT_EQ(decode_uint("18446744073709551615u"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(decode_uint("18446744073709551616u"), std::nullopt);
  EXPECT_EQ(decode_uint("0xFFU"), 255u);
  EXPECT_EQ(decode_double("1.5e3"), 1500.0);
  EXPECT_EQ(decode_double(".5"), 0.5);
  EXPECT_EQ(decode_double("1e400"), std::nullopt);
  EXPECT_EQ(decode_double("1e-400"), 0.0);
  EXPECT_EQ(decode_double("4.9e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(decode_double("0." + std::string(400, '0') + "1"), 0.0);
}

TEST(Literals, DurationsBothWays) {
  EXPECT_EQ(decode_duration("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(decode_duration("500ms"), 500'000'000);
  EXPECT_EQ(decode_duration("300000000d"), std::nullopt);
  for (std::string_view text : {"10m", "1h30m", "7d", "500ms", "1d2h3m4s5ms"}) {
    EXPECT_EQ(duration_text(*decode_duration(text)), text);
  }
}

TEST(Literals, QuotingReadsBack) {
  std::string every;
  for (int c = 1; c < 128; ++c) every += static_cast<char>(c);
  LiteralError error;
  EXPECT_EQ(decode_quoted(base::quote(every + "é"), error), every + "é");
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
  EXPECT_EQ(decode_quoted(base::quote_bytes(bytes), error), bytes);
}

}  // namespace
}  // namespace weir::syntax
