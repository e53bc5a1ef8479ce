#include <cmath>
#include <iterator>

#include "runtime/value/builtins.h"
#include "tests/unit/value/fixture.h"

namespace weir::value {
namespace {

using types::BuiltinId;
using types::CallStyle;

constexpr int64_t kMax = INT64_MAX;
constexpr int64_t kMin = INT64_MIN;

// A call by name: dispatch and the bodies in one. Errors are written as to_literal writes them.
struct Case {
  const char* function;
  CallStyle style;
  std::vector<Value> args;
  const char* expected;
};

class BodiesTest : public ValueTest {
 protected:
  void check(const std::vector<Case>& cases) {
    for (const Case& c : cases) {
      Value result = call_dynamic(ctx, c.function, c.style, c.args.data(), static_cast<uint32_t>(c.args.size()));
      std::string call = c.function;
      for (const Value& arg : c.args) call += " " + to_literal(arg);
      EXPECT_EQ(to_literal(result), c.expected) << call;
    }
  }
  static Case op(const char* name, std::vector<Value> args, const char* expected) {
    return {name, CallStyle::kOperator, std::move(args), expected};
  }
  static Case fn(const char* name, std::vector<Value> args, const char* expected) {
    return {name, CallStyle::kGlobal, std::move(args), expected};
  }
  static Case member(const char* name, std::vector<Value> args, const char* expected) {
    return {name, CallStyle::kMember, std::move(args), expected};
  }
};

TEST_F(BodiesTest, EveryBuiltinIsDescribedAndHasABody) {
  for (size_t i = 0; i < types::kBuiltinCount; ++i) {
    const types::BuiltinInfo& info = types::builtin_info(static_cast<BuiltinId>(i));
    EXPECT_FALSE(info.doc.empty()) << info.id_name;
    EXPECT_FALSE(info.example.empty()) << info.id_name;
    EXPECT_NE(builtin_body(info.id), nullptr) << info.id_name;
  }
}

TEST_F(BodiesTest, Arithmetic) {
  check({
      op("_+_", {I(kMax), I(1)}, "error(overflow)"),
      op("_+_", {I(kMin), I(-1)}, "error(overflow)"),
      op("_-_", {I(1), I(-kMax)}, "error(overflow)"),
      op("_-_", {I(kMin), I(0)}, "-9223372036854775808"),
      op("_*_", {I(kMin), I(-1)}, "error(overflow)"),
      op("_*_", {I(-3), I(4)}, "-12"),
      op("_/_", {I(-7), I(2)}, "-3"),
      op("_/_", {I(7), I(0)}, "error(divide_by_zero)"),
      op("_/_", {I(kMin), I(-1)}, "error(overflow)"),
      op("_%_", {I(-7), I(2)}, "-1"),
      op("_%_", {I(7), I(0)}, "error(modulus_by_zero)"),
      op("_%_", {I(kMin), I(-1)}, "error(overflow)"),
      op("-_", {I(kMin)}, "error(overflow)"),
      op("-_", {I(5)}, "-5"),
      op("_+_", {U(UINT64_MAX), U(1)}, "error(overflow)"),
      op("_-_", {U(1), U(2)}, "error(overflow)"),
      op("_*_", {U(UINT64_MAX), U(2)}, "error(overflow)"),
      op("_/_", {U(7), U(0)}, "error(divide_by_zero)"),
      op("_%_", {U(7), U(4)}, "3u"),
      op("-_", {U(7)}, "error(no_such_overload)"),
      op("_/_", {D(1), D(0)}, "double(\"+Inf\")"),
      op("_%_", {D(1), D(2)}, "error(no_such_overload)"),
      op("-_", {D(0)}, "-0.0"),
      op("_+_", {I(1), D(1)}, "error(no_such_overload)"),
      op("_+_", {S("a"), S("é")}, "\"aé\""),
      op("_+_", {S(""), S("")}, "\"\""),
      op("_+_", {Y("a"), Y("\xff")}, "b\"a\\xff\""),
      op("_+_", {list({I(1)}), list({S("x")})}, "[1, \"x\"]"),
      op("_+_", {list({}), list({})}, "[]"),
  });
}

TEST_F(BodiesTest, OrderingAgreesWithItselfInAllFourOperators) {
  const double two63 = 9223372036854775808.0;
  const double nan = std::nan("");
  // -1 less, 0 equal, 1 greater, 2 unordered
  const struct {
    Value a, b;
    int order;
  } cases[] = {
      {I(1), I(2), -1},
      {I(-1), U(0), -1},
      {U(UINT64_MAX), I(-1), 1},
      {U(uint64_t{1} << 63), I(kMax), 1},
      {I(1), D(1.5), -1},
      {D(0.5), I(1), -1},
      {I(kMax), D(two63), 0},  // the integer is rounded first
      {D(two63), I(kMax), 0},
      {I(kMax), D(9223372036854777857.0), -1},
      {I(kMin), D(-9223372036854777857.0), 1},
      {U(UINT64_MAX), D(18446744073709553665.0), -1},
      {D(-1), U(0), -1},
      {I(1), D(nan), 2},
      {D(nan), D(nan), 2},
      {D(nan), U(1), 2},
      {U(3), D(-HUGE_VAL), 1},
      {S("a"), S("b"), -1},
      {S("ab"), S("a"), 1},
      {S(""), S(""), 0},
      {S("\xef\xbf\xbf"), S("🐱"), -1},  // U+FFFF before U+1F431: code points, not UTF-16
      {Y("\x7f"), Y("\x80"), -1},
      {B(false), B(true), -1},
      {T("2000-01-01T00:00:00.1Z"), T("2000-01-01T00:00:00.2Z"), -1},
      {P("-1.5s"), P("-1.25s"), -1},
      {P("1s"), P("1s"), 0},
  };
  for (const auto& c : cases) {
    auto text = [](bool b) { return b ? "true" : "false"; };
    check({
        op("_<_", {c.a, c.b}, text(c.order == -1)),
        op("_<=_", {c.a, c.b}, text(c.order == -1 || c.order == 0)),
        op("_>_", {c.a, c.b}, text(c.order == 1)),
        op("_>=_", {c.a, c.b}, text(c.order == 1 || c.order == 0)),
    });
  }
  check({
      op("_<_", {I(1), S("a")}, "error(no_such_overload)"),
      op("_<_", {list({}), list({})}, "error(no_such_overload)"),
      op("_<_", {T("2000-01-01T00:00:00Z"), P("1s")}, "error(no_such_overload)"),
  });
}

TEST_F(BodiesTest, Containers) {
  Value m = map({S("a"), I(1), I(2), I(3)});
  check({
      op("_==_", {m, map({U(2), D(3), S("a"), U(1)})}, "true"),
      op("_!=_", {list({}), Value::null()}, "true"),
      op("@in", {D(3), list({I(5), I(3)})}, "true"),
      op("@in", {S("x"), list({I(5), I(3)})}, "false"),
      op("@in", {U(2), m}, "true"),
      op("@in", {Y("a"), m}, "false"),
      op("@in", {I(1), S("1")}, "error(no_such_overload)"),
      op("_[_]", {m, D(2)}, "3"),
      op("_[_]", {list({I(7)}), D(0)}, "7"),
      op("_[_]", {list({I(7)}), I(1)}, "error(index_out_of_range)"),
      fn("size", {S("πέντε")}, "5"),
      fn("size", {Y("\xc3\xa9")}, "2"),
      fn("size", {m}, "2"),
      member("size", {list({I(1), I(2)})}, "2"),
      fn("size", {I(1)}, "error(no_such_overload)"),
      fn("nothing", {I(1)}, "error(undeclared)"),
      fn("dyn", {I(1)}, "1"),
      fn("type", {I(1)}, "int"),
      fn("type", {Value::type("int")}, "type"),
      fn("type", {Value::none()}, "optional_type"),
  });
}

TEST_F(BodiesTest, Strings) {
  check({
      member("contains", {S("hello"), S("ell")}, "true"),
      member("contains", {S(""), S("")}, "true"),
      member("contains", {S("a"), S("ab")}, "false"),
      member("startsWith", {S("🐱😀"), S("🐱")}, "true"),
      member("endsWith", {S("forté"), S("té")}, "true"),
      member("endsWith", {S(""), S("x")}, "false"),
      member("matches", {S("hubba"), S("ubb")}, "true"),
      member("matches", {S("hubba"), S("^ubb")}, "false"),
      fn("matches", {S("α"), S("^.$")}, "true"),
      member("matches", {S("a"), S("(")}, "error(invalid_argument)"),
      member("matches", {S("a"), S("(")}, "error(invalid_argument)"),
      member("matches", {S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), S("(a*)*c")}, "false"),
      member("matches", {S("a"), S("((((((a{100}){100}){100}){100}){100}){100})")}, "error(invalid_argument)"),
  });
  // More patterns than the caches hold.
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 700; ++i) {
      std::string pattern = "^p" + std::to_string(i) + "$";
      std::string text = "p" + std::to_string(i);
      check({member("matches", {S(text), S(pattern)}, "true"), member("matches", {S("q"), S(pattern)}, "false")});
    }
  }
}

TEST_F(BodiesTest, Conversions) {
  check({
      fn("int", {U(UINT64_MAX)}, "error(overflow)"),
      fn("int", {D(-7.9)}, "-7"),
      fn("int", {D(-9223372036854775808.0)}, "error(overflow)"),
      fn("int", {D(9223372036854775808.0)}, "error(overflow)"),
      fn("int", {D(std::nan(""))}, "error(overflow)"),
      fn("int", {D(36028797018963969.0)}, "36028797018963968"),
      fn("int", {S("-7")}, "-7"),
      fn("int", {S("7x")}, "error(invalid_argument)"),
      fn("int", {S("9223372036854775808")}, "error(overflow)"),
      fn("int", {T("2004-09-16T23:59:59.9Z")}, "1095379199"),
      fn("int", {P("-1us")}, "-1000"),
      fn("int", {P("315576000000s")}, "error(overflow)"),
      fn("int", {B(true)}, "error(no_such_overload)"),
      fn("uint", {I(-1)}, "error(overflow)"),
      fn("uint", {D(1.9)}, "1u"),
      fn("uint", {D(-0.5)}, "error(overflow)"),
      fn("uint", {D(18446744073709551616.0)}, "error(overflow)"),
      fn("uint", {S("300")}, "300u"),
      fn("uint", {S("-1")}, "error(invalid_argument)"),
      fn("double", {I(kMax)}, "9.223372036854776e+18"),
      fn("double", {U(UINT64_MAX)}, "1.8446744073709552e+19"),
      fn("double", {S("-0.0")}, "-0.0"),
      fn("double", {S("x")}, "error(invalid_argument)"),
      fn("bool", {S("True")}, "true"),
      fn("bool", {S("F")}, "false"),
      fn("bool", {S("TrUe")}, "error(invalid_argument)"),
      fn("bool", {S("")}, "error(invalid_argument)"),
      fn("string", {I(kMin)}, "\"-9223372036854775808\""),
      fn("string", {U(UINT64_MAX)}, "\"18446744073709551615\""),
      fn("string", {D(-4.5e-3)}, "\"-0.0045\""),
      fn("string", {B(false)}, "\"false\""),
      fn("string", {Y("abc")}, "\"abc\""),
      fn("string", {Y(std::string_view("\0\xff", 2))}, "error(invalid_argument)"),
      fn("string", {T("2009-02-13T23:31:30Z")}, "\"2009-02-13T23:31:30Z\""),
      fn("string", {P("1000000s")}, "\"1000000s\""),
      fn("string", {Value::null()}, "error(no_such_overload)"),
      fn("bytes", {S("é")}, "b\"\\xc3\\xa9\""),
      fn("timestamp", {I(-62135596801)}, "error(overflow)"),
      fn("timestamp", {I(253402300800)}, "error(overflow)"),
      fn("timestamp", {I(253402300799)}, "timestamp(\"9999-12-31T23:59:59Z\")"),
      fn("timestamp", {S("0000-01-01T00:00:00Z")}, "error(overflow)"),
      fn("timestamp", {S("yesterday")}, "error(invalid_argument)"),
      fn("duration", {I(-1)}, "duration(\"-0.000000001s\")"),
      fn("duration", {S("320000000000s")}, "error(overflow)"),
      fn("duration", {S("1")}, "error(invalid_argument)"),
  });
}

TEST_F(BodiesTest, TimeArithmetic) {
  Value first = T("0001-01-01T00:00:00Z");
  Value last = T("9999-12-31T23:59:59.999999999Z");
  check({
      op("_+_", {T("2000-01-01T00:00:00.75Z"), P("500ms")}, "timestamp(\"2000-01-01T00:00:01.25Z\")"),
      op("_+_", {P("-1ns"), T("2000-01-01T00:00:00Z")}, "timestamp(\"1999-12-31T23:59:59.999999999Z\")"),
      op("_+_", {last, P("1ns")}, "error(overflow)"),
      op("_+_", {first, P("-1ns")}, "error(overflow)"),
      op("_-_", {first, P("1ns")}, "error(overflow)"),
      op("_-_", {last, first}, "duration(\"315537897599.999999999s\")"),
      op("_-_", {first, last}, "duration(\"-315537897599.999999999s\")"),
      op("_+_", {P("200000000000s"), P("200000000000s")}, "error(overflow)"),
      op("_-_", {P("-200000000000s"), P("200000000000s")}, "error(overflow)"),
      op("_+_", {P("315576000000s"), P("1ns")}, "error(overflow)"),
      op("_-_", {P("-315576000000s"), P("1ns")}, "error(overflow)"),
      op("_-_", {P("1s"), P("1.5s")}, "duration(\"-0.5s\")"),
      op("_+_", {T("2000-01-01T00:00:00Z"), T("2000-01-01T00:00:00Z")}, "error(no_such_overload)"),
      op("_+_", {T("2000-01-01T00:00:00Z"), Value::null()}, "error(no_such_overload)"),
  });
}

TEST_F(BodiesTest, PartsOfTimes) {
  Value t = T("2009-02-13T23:31:30.25Z");
  check({
      member("getFullYear", {t}, "2009"),
      member("getMonth", {t}, "1"),
      member("getDate", {t}, "13"),
      member("getDayOfMonth", {t}, "12"),
      member("getDayOfWeek", {t}, "5"),
      member("getDayOfWeek", {T("2009-02-15T00:00:00Z")}, "0"),
      member("getDayOfYear", {t}, "43"),
      member("getHours", {t}, "23"),
      member("getMinutes", {t}, "31"),
      member("getSeconds", {t}, "30"),
      member("getMilliseconds", {t}, "250"),
      member("getMilliseconds", {t, S("Asia/Tokyo")}, "250"),
      member("getFullYear", {T("0001-01-01T00:00:00Z"), S("-01:00")}, "0"),
      member("getDate", {t, S("+11:00")}, "14"),
      member("getDayOfMonth", {t, S("US/Central")}, "12"),
      member("getHours", {t, S("02:00")}, "1"),
      member("getHours", {t, S("-8:00")}, "15"),
      member("getHours", {t, S("UTC")}, "23"),
      member("getMinutes", {t, S("Asia/Kathmandu")}, "16"),
      member("getMinutes", {t, S("-00:30")}, "1"),
      member("getHours", {T("2009-07-01T12:00:00Z"), S("Europe/Paris")}, "14"),  // summer time
      member("getHours", {T("2009-12-01T12:00:00Z"), S("Europe/Paris")}, "13"),
      member("getHours", {P("90m")}, "1"),
      member("getHours", {P("-90m")}, "-1"),
      member("getMinutes", {P("3730s")}, "62"),
      member("getSeconds", {P("-1.5s")}, "-1"),
      member("getMilliseconds", {P("123.321456789s")}, "321"),
      member("getMilliseconds", {P("-1.25s")}, "-250"),
      member("getFullYear", {P("1s")}, "error(no_such_overload)"),
  });
  for (const char* zone : {"", "Nowhere/City", "/etc/passwd", "../zoneinfo/UTC", "file:UTC", "localtime", "+25:00",
                           "+1", "+01:60", "1:2", "::", "Europe"}) {
    check({member("getHours", {t, S(zone)}, "error(invalid_argument)")});
  }
}

TEST_F(BodiesTest, StepsAreChargedAndRunOut) {
  std::string text(1600, 'x');
  int64_t before = ctx.steps;
  check(
      {op("_+_", {I(1), I(2)}, "3"), op("_<_", {I(1), I(2)}, "true"), member("startsWith", {S("ab"), S("a")}, "true")});
  EXPECT_EQ(ctx.steps, before);
  check({member("contains", {S(text), S("y")}, "false")});
  EXPECT_EQ(ctx.steps, before - 101);
  ctx.steps = 5;
  check({
      op("_+_", {S(text), S(text)}, "error(budget)"), op("_+_", {I(1), I(2)}, "3"),
      member("contains", {S(text), S("y")}, "false"),  // cannot fail: the next operation reports
  });
  EXPECT_LT(ctx.steps, 0);
}

}  // namespace
}  // namespace weir::value
