// The limits of docs/language.md, from both sides. Nothing here looks at a clock: what stalls, the test's timeout ends.
#include <fmt/format.h>

#include "tests/unit/driver/both_tiers.h"

namespace weir::driver {
namespace {

std::string repeat(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

std::string nested(std::string_view open, std::string_view inner, std::string_view close, int depth) {
  return repeat(open, depth) + std::string(inner) + repeat(close, depth);
}

std::string folds(int depth) {
  std::string out = "1";
  for (int i = depth; i > 0; --i) out = fmt::format("[1].map(x{}, {})[0]", i, out);
  return out;
}

struct Shape {
  const char* what;
  std::string fits, value, too_much, diagnostic;
};

TEST(Limits, OfShape) {
  for (const Shape& s : {
           Shape{"brackets", nested("(", "7", ")", 250), "7", nested("(", "7", ")", 251), "kNestingTooDeep"},
           {"lists", nested("[", "", "]", 250) + ".size()", "1", nested("[", "", "]", 251), "kNestingTooDeep"},
           {"a sum", "0" + repeat(" + 1", 998), "998", "0" + repeat(" + 1", 1000), "kNestingTooDeep"},
           {"calls", "'x'" + repeat(".trim()", 998), "\"x\"", "'x'" + repeat(".trim()", 1000), "kNestingTooDeep"},
           {"indexes", nested("[", "7", "]", 200) + repeat("[0]", 200), "7", "dyn([])" + repeat("[0]", 1001),
            "kNestingTooDeep"},
           {"selections", "has({}.a)", "false", "dyn({})" + repeat(".a", 1001), "kNestingTooDeep"},
           {"conditionals", repeat("false ? 1 : ", 900) + "2", "2", repeat("false ? 1 : ", 1001) + "2",
            "kNestingTooDeep"},
           {"comprehensions", folds(20), "1", folds(21), "kNestingTooDeep"},
           // Chains that are no levels of the tree.
           {"signs", repeat("-", 100'001) + "(1)", "-1", "", ""},
           {"terms of a condition", "true" + repeat(" && true", 20'000), "true", "", ""},
           {"disjuncts", "false" + repeat(" || 1 == 2", 20'000), "false", "", ""},
       }) {
    SCOPED_TRACE(s.what);
    EXPECT_EQ(BothTiers(s.fits).run(), s.value);
    if (s.too_much.empty()) continue;
    EXPECT_EQ(BothTiers(s.too_much).diagnostic(), s.diagnostic);
  }
}

TEST(Limits, OfSize) {
  EXPECT_EQ(BothTiers("[" + repeat("1,", 2'000'001) + "]").diagnostic(), "kTooLarge");
  EXPECT_EQ(BothTiers("1" + std::string(64u << 20, ' ')).diagnostic(), "kTooLarge");
}

TEST(Limits, OfComputedValues) {
  const auto sums = [](int count) {
    std::string text = "[1].map(x, [";
    for (int i = 0; i < count; ++i) text += fmt::format("x + {},", i);
    return text + "])[0].size()";
  };
  EXPECT_EQ(BothTiers(sums(2'000)).run(), "2000");
  EXPECT_EQ(BothTiers(sums(20'001)).diagnostic(), "kTooLarge");
  // What is folded is not computed.
  std::string constants = "[";
  for (int i = 0; i < 30'000; ++i) constants += fmt::format("1 + {},", i);
  EXPECT_EQ(BothTiers(constants + "].size()").run(), "30000");
}

TEST(Limits, MillionElementLiterals) {
  std::string numbers = "[", texts = "[", map = "{";
  for (int i = 0; i < 1'000'000; ++i) numbers += fmt::format("{},", i);
  for (int i = 0; i < 100'000; ++i) {
    texts += fmt::format("'t{}',", i);
    map += fmt::format("{}: 'v{}',", i, i);
  }
  EXPECT_EQ(BothTiers("cel.bind(l, " + numbers + "], l.size() == 1000000 && 999999 in l && !(1000000 in l))").run(),
            "true");
  EXPECT_EQ(BothTiers("'t99999' in " + texts + "]").run(), "true");
  EXPECT_EQ(BothTiers(map + "}[99999]").run(), "\"v99999\"");
}

// What grows runs out of steps or memory: a budget error, in both tiers.
TEST(Limits, OfGrowth) {
  constexpr int64_t kFewerSteps = 1'000'000;  // a tenth, so that sanitizers take seconds
  std::string doubled = "x", grown = "[[]]";
  for (int i = 0; i < 60; ++i) {
    doubled = fmt::format("cel.bind(x, x + x, {})", doubled);
    grown += fmt::format(".map(x{0}, [x{0}, x{0}]).flatten()", i);
  }
  const std::string digits = "[0,1,2,3,4,5,6,7,8,9]";
  // Each level depends on all variables, or it would be remembered.
  std::string sum = "x0";
  for (int i = 1; i < 12; ++i) sum += fmt::format(" + x{}", i);
  std::string nest = sum, counted = sum + " >= 0";
  for (int i = 0; i < 12; ++i) {
    nest = fmt::format("{}.map(x{}, {})", digits, i, nest);
    counted = fmt::format("{}.all(x{}, {})", digits, i, counted);
  }
  for (const std::string& text : {
           fmt::format("cel.bind(x, 'x', {}).size()", doubled),
           fmt::format("cel.bind(x, b'x', {}).size()", doubled),
           fmt::format("cel.bind(x, [1], {}).size()", doubled),
           grown,
           nest + ".size()",
           counted,
           std::string("lists.range(10000000).map(x, lists.range(10000000)).size()"),
           std::string("lists.range(10000000).transformMap(i, x, string(x)).size()"),
           std::string("lists.range(100000).map(x, 'abcdefgh').join('-').replace('', 'abcdefgh').replace('', "
                       "'abcdefgh').size()"),
           std::string(
               "lists.range(100000).map(x, '%s').join().format(lists.range(100000).map(x, 'x'.replace('x', '%s')))"
               ".replace('', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx').replace('', 'xxxxxxxxxxxxxxxx').size()"),
           std::string("cel.bind(l, lists.range(100000), l.all(x, l.all(y, x + y >= 0)))"),
           std::string("cel.bind(l, lists.range(100000), l.exists(x, sets.contains(l, [x, -1])))"),
       }) {
    SCOPED_TRACE(text.substr(0, 100));
    EXPECT_EQ(BothTiers(text).run(kFewerSteps), "error(budget)");
  }
}

// Linear time whatever the pattern; patterns too large to compile are errors.
TEST(Limits, HostilePatterns) {
  const std::string many = "lists.range(100000).map(x, 'a').join()";
  for (const auto& [pattern, value] : std::vector<std::pair<std::string, std::string>>{
           {"(a*)*b", "false"},
           {"(a+a+)+$", "true"},
           {"^(a|aa)+$", "true"},
           {"(.*)(.*)(.*)(.*)(.*)[^a]", "false"},
           {"(a?){500}a{500}b", "false"},
           {"((a{0,100}){0,100}){0,100}", "error(invalid_argument)"},
           {"(" + repeat("(", 2000) + "a" + repeat(")", 2000) + ")", "true"},
           {"a{1001}", "error(invalid_argument)"},
           {"[", "error(invalid_argument)"},
           {"(?=a)", "error(invalid_argument)"},
           {repeat("a|b", 100'000), "true"},
       }) {
    SCOPED_TRACE(pattern.substr(0, 60));
    // Behind dyn, so that the pattern is not refused at check time.
    EXPECT_EQ(BothTiers(fmt::format("{}.matches(string(dyn('{}')))", many, pattern)).run(), value);
  }
  // Reading a text again and again is charged.
  EXPECT_EQ(BothTiers("cel.bind(s, " + many + ", lists.range(10000).exists(i, s.matches('b' + string(i))))").run(),
            "error(budget)");
}

TEST(Limits, EdgesOfIntegers) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::string>>{
           {"-9223372036854775808", "-9223372036854775808"},
           {"0x7fffffffffffffff", "9223372036854775807"},
           {"-0x8000000000000000", "-9223372036854775808"},
           {"18446744073709551615u", "18446744073709551615u"},
           {"-(-9223372036854775808)", "error(overflow)"},
           {"9223372036854775807 + 1", "error(overflow)"},
           {"-9223372036854775808 - 1", "error(overflow)"},
           {"-9223372036854775808 * -1", "error(overflow)"},
           {"-9223372036854775808 / -1", "error(overflow)"},
           {"-9223372036854775808 % -1", "error(overflow)"},
           {"18446744073709551615u + 1u", "error(overflow)"},
           {"0u - 1u", "error(overflow)"},
           {"18446744073709551615u * 2u", "error(overflow)"},
           {"1u / 0u", "error(divide_by_zero)"},
           {"1u % 0u", "error(modulus_by_zero)"},
           {"int(9223372036854775807u)", "9223372036854775807"},
           {"int(9223372036854775808u)", "error(overflow)"},
           {"int(9.3e18)", "error(overflow)"},
           {"uint(-1)", "error(overflow)"},
           {"uint(1.9e19)", "error(overflow)"},
           {"int('9223372036854775808')", "error(overflow)"},
           {"math.abs(-9223372036854775808)", "error(overflow)"},
           {"9223372036854775807 < 9223372036854775808u", "true"},
           {"dyn(18446744073709551615u) == dyn(-1)", "false"},
           {"lists.range(-1)", "error(invalid_argument)"},
           {"[1][9223372036854775807]", "error(index_out_of_range)"},
           {"[1][-9223372036854775808]", "error(index_out_of_range)"},
           {"'abc'.substring(9223372036854775807)", "error(index_out_of_range)"},
           {"'abc'.charAt(-9223372036854775808)", "error(index_out_of_range)"},
           {"math.bitShiftLeft(1, 64)", "0"},
           {"math.bitShiftLeft(1, -1)", "error(invalid_argument)"},
       }) {
    EXPECT_EQ(BothTiers(text).run(), value) << text;
  }
  EXPECT_EQ(BothTiers("9223372036854775808").diagnostic(), "kBadLiteral");
  EXPECT_EQ(BothTiers("18446744073709551616u").diagnostic(), "kBadLiteral");
}

// With any budget both tiers run out at the same place (BothTiers::run compares), and enough is enough.
TEST(Limits, TiersSpendTheSameSteps) {
  for (const char* text : {
           "[1, 2, 3].map(x, [x, x + 1].filter(y, y % 2 == 0)).flatten() == [2, 2, 4]",
           "['b', 'a'].sortBy(x, x + x).join() + 'c'.replace('c', 'dddddddddddddddddddddddddddddddddd')",
           "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.startsWith('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
           "+ string(1 + 1)) || [1].exists(x, x == 2)",
           "dyn([1, 2]) + dyn([3]) == dyn([1, 2, 3]) && lists.range(40).map(x, string(x)).join().matches('3.*9')",
           "{'a': 1}.transformMap(k, v, [k, k].map(z, z + k)) == {'a': ['aa', 'aa']}",
           "[0, 1].exists(x, 1 / x == 1) && cel.bind(s, 'x'.replace('x', 'yyyyyyyyyyyyyyyyyyyyyyy'), s == s + s || s + "
           "s == s + s)",
           "optional.of([1, 2]).optMap(l, l.map(x, x * x)).orValue([]).size() + [[1], [2]].flatten().size()",
       }) {
    SCOPED_TRACE(text);
    BothTiers tiers(text);
    int64_t left = 0;
    std::string whole = tiers.run(BothTiers::kSteps, &left);
    EXPECT_EQ(whole.find("error"), std::string::npos) << whole;
    int64_t spent = BothTiers::kSteps - left;
    EXPECT_GT(spent, 0);
    for (int64_t steps = 0; steps < spent; ++steps) tiers.run(steps);
    EXPECT_EQ(tiers.run(spent), whole);
    EXPECT_EQ(tiers.run(0), "error(budget)");
  }
}

}  // namespace
}  // namespace weir::driver
