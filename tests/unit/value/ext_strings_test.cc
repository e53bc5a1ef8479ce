#include <cmath>
#include <limits>

#include "tests/unit/value/ext_call.h"

namespace weir::value {
namespace {

using namespace testing;

TEST(ExtStrings, Positions) {
  check({
      {"char_at", {S("tacocat"), I(0)}, R"("t")"},
      {"char_at", {S("tacocat"), I(7)}, R"("")"},
      {"char_at", {S("a©ñ😀b"), I(3)}, R"("😀")"},
      {"char_at", {S("abc"), I(4)}, "!index_out_of_range"},
      {"char_at", {S("abc"), I(-1)}, "!index_out_of_range"},
      {"index_of", {S("hello mellow"), S("")}, "0"},
      {"index_of", {S("ñandú ñu"), S("ñu")}, "6"},
      {"index_of", {S("abc"), S("abcd")}, "-1"},
      {"index_of_from", {S("hello mellow"), S("ello"), I(2)}, "7"},
      {"index_of_from", {S("hello"), S("l"), I(5)}, "!index_out_of_range"},
      {"index_of_from", {S("hello"), S("l"), I(-1)}, "!index_out_of_range"},
      {"last_index_of", {S("hello mellow"), S("")}, "12"},
      {"last_index_of", {S("ababab ababab"), S("abab")}, "9"},
      {"last_index_of", {S("xx012345678901234567xx012345678901234567y"), S("012345678901234567")}, "22"},
      {"last_index_of", {S("aaaaaaaaaaaaaaaaaaab"), S("aaaaaaaaaaaaaaaaaaaa")}, "-1"},
      {"last_index_of_from", {S("hello mellow"), S("ello"), I(6)}, "1"},
      {"last_index_of_from", {S("hello mellow"), S("ello"), I(7)}, "7"},
      {"last_index_of_from", {S("hello"), S("o"), I(5)}, "!index_out_of_range"},
      {"substring", {S("tacocat"), I(4)}, R"("cat")"},
      {"substring", {S("tacocat"), I(7)}, R"("")"},
      {"substring", {S("tacocat"), I(8)}, "!index_out_of_range"},
      {"substring_range", {S("tä😀ö!"), I(1), I(4)}, R"("ä😀ö")"},
      {"substring_range", {S("abc"), I(2), I(1)}, "!invalid_argument"},
      {"substring_range", {S("abc"), I(1), I(4)}, "!index_out_of_range"},
  });
}

TEST(ExtStrings, JoinSplitReplace) {
  check({
      {"join", {L({})}, R"("")"},
      {"join", {L({S("a"), S("b")})}, R"("ab")"},
      {"join_separator", {L({S("a"), S(""), S("b")}), S("--")}, R"("a----b")"},
      {"join", {L({S("a"), I(1)})}, "!no_such_overload"},
      {"join", {Value::null()}, "!no_such_overload"},
      {"split", {S("a,b,,c"), S(",")}, R"(["a", "b", "", "c"])"},
      {"split", {S(""), S(",")}, R"([""])"},
      {"split", {S(""), S("")}, "[]"},
      {"split", {S("a😀c"), S("")}, R"(["a", "😀", "c"])"},
      {"split_limit", {S("a b c"), S(" "), I(0)}, "[]"},
      {"split_limit", {S("a b c"), S(" "), I(1)}, R"(["a b c"])"},
      {"split_limit", {S("a b c"), S(" "), I(2)}, R"(["a", "b c"])"},
      {"split_limit", {S("abc"), S(""), I(2)}, R"(["a", "bc"])"},
      {"split_limit", {S("a b c"), S(" "), I(-1)}, R"(["a", "b", "c"])"},
      {"replace", {S("aXbXc"), S("X"), S("yy")}, R"("ayybyyc")"},
      {"replace", {S("äö"), S(""), S("-")}, R"("-ä-ö-")"},
      {"replace", {S("aaa"), S("aa"), S("b")}, R"("ba")"},
      {"replace_limit", {S("a-b-c-d"), S("-"), S("+"), I(2)}, R"("a+b+c-d")"},
      {"replace_limit", {S("abc"), S(""), S("_"), I(2)}, R"("_a_bc")"},
      {"replace_limit", {S("abc"), S("b"), S("_"), I(0)}, R"("abc")"},
      {"replace_limit", {S("bbb"), S("b"), S("_"), I(-7)}, R"("___")"},
  });
}

TEST(ExtStrings, Whole) {
  check({
      {"trim", {S(" \t\n\u00a0\u2003text\u3000\u0085")}, R"("text")"},
      {"trim", {S("\u200btext\ufeff")}, "\"\u200btext\ufeff\""},
      {"trim", {S("   ")}, R"("")"},
      {"lower_ascii", {S("TACOÆ@[`{")}, R"("tacoÆ@[`{")"},
      {"upper_ascii", {S("tacoæ@[`{")}, R"("TACOæ@[`{")"},
      {"reverse_string", {S("Ta©oCαt")}, R"("tαCo©aT")"},
      {"reverse_string", {S("\xff\xf0\x9f")}, "\"\x9f\xf0\xff\""},
      {"quote", {S("a\"\\\n\t\a\b\f\r\v'é")}, R"("\"a\\\"\\\\\\n\\t\\a\\b\\f\\r\\v'é\"")"},
  });
}

TEST(ExtStrings, BudgetEndsWhatGrows) {
  Caller caller;
  std::string big(1 << 20, 'a');
  Value huge = caller.call("replace", {S(big), S(""), S(big)});
  EXPECT_EQ(huge.error_code(), ErrorCode::kBudget);
  caller.steps = 10;
  EXPECT_EQ(caller.text("reverse_string", {S(big)}), "!budget");
}

TEST(ExtFormat, Clauses) {
  Value map;
  {
    static MapEntry entries[] = {{S("b"), L({I(1), D(0.5), Value::null()})}, {S("a"), B("xyz")}};
    static MapRep rep;
    rep.size = 2;
    rep.entries = entries;
    map = Value::of(&rep);
  }
  double inf = std::numeric_limits<double>::infinity();
  check({
      {"format", {S("100%% %s"), L({S("x")})}, R"("100% x")"},
      {"format",
       {S("%s %s %s %s %s"), L({I(-1), U(2), D(1e21), Value::boolean(true), Value::null()})},
       R"("-1 2 1000000000000000000000 true null")"},
      {"format", {S("%s"), L({map})}, R"("{a: xyz, b: [1, 0.5, null]}")"},
      {"format",
       {S("%s %s"), L({Value::duration(-2, 500000000), Value::timestamp(0, 0)})},
       R"("-1.5s 1970-01-01T00:00:00Z")"},
      {"format", {S("%s"), L({Value::type("net.IP")})}, R"("net.IP")"},
      {"format", {S("%s"), L({B("a\xff")})}, "\"a\uFFFD\""},
      {"format", {S("%s"), L({Value::none()})}, "!invalid_argument"},
      {"format",
       {S("%d %d %d"), L({I(INT64_MIN), U(UINT64_MAX), D(0.1)})},
       R"("-9223372036854775808 18446744073709551615 0.1")"},
      {"format", {S("%d"), L({S("1")})}, "!invalid_argument"},
      {"format", {S("%f %.0f %.2f"), L({I(2), D(2.5), D(-0.005)})}, R"("2.000000 2 -0.01")"},
      {"format", {S("%e %.1e"), L({D(1234.5), U(10)})}, R"("1.234500e+03 1.0e+01")"},
      {"format",
       {S("%f %e %d %s"), L({D(inf), D(-inf), D(inf), D(std::nan(""))})},
       R"("Infinity -Infinity Infinity NaN")"},
      {"format", {S("%b %b %b"), L({I(-5), U(5), Value::boolean(true)})}, R"("-101 101 1")"},
      {"format", {S("%o %x %X"), L({I(8), I(-255), U(48879)})}, R"("10 -ff BEEF")"},
      {"format", {S("%x %X"), L({S("Hi"), B("\x0f\xab")})}, R"("4869 0FAB")"},
      {"format", {S("%o"), L({Value::boolean(true)})}, "!invalid_argument"},
      {"format", {S("%x"), L({D(1)})}, "!invalid_argument"},
      {"format", {S("%a"), L({I(1)})}, "!invalid_argument"},
      {"format", {S("%"), L({I(1)})}, "!invalid_argument"},
      {"format", {S("%.f"), L({D(1)})}, "!invalid_argument"},
      {"format", {S("%.1001f"), L({D(1)})}, "!invalid_argument"},
      {"format", {S("%s %s"), L({I(1)})}, "!invalid_argument"},
      {"format", {S("none"), L({I(1)})}, R"("none")"},
      {"format", {S("%s"), Value::null()}, "!no_such_overload"},
  });
}

}  // namespace
}  // namespace weir::value
