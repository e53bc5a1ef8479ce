#include <gtest/gtest.h>

#include "tests/unit/syntax/parse_helper.h"

namespace weir::syntax {
namespace {

std::string repeat(std::string_view text, size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += text;
  return out;
}

// What unparse writes shows how an expression was grouped: parentheses appear only where they are needed.
TEST(Expressions, PrecedenceAndAssociativity) {
  struct Case {
    std::string_view source, printed;
  };
  for (const Case& c : {
           Case{"(a || (b && c)) || d", "a || b && c || d"},
           {"(a || b) && c", "(a || b) && c"},
           {"(a - b) - c", "a - b - c"},
           {"a - (b - c)", "a - (b - c)"},
           {"a + (b * c)", "a + b * c"},
           {"(a + b) * c", "(a + b) * c"},
           {"(a < b) == (c in d)", "a < b == (c in d)"},
           {"-(-(-a))", "-(--a)"},
           {"-(1.abs())", "-(1.abs())"},
           {"-(1.map(x, x))", "-(1.map(x, x))"},
           {"---5", "-(5)"},
           {"!(!(!(!a)))", "!(!(!!a))"},
           {"-(a.b)", "-a.b"},
           {"(-a).b", "(-a).b"},
           {"-1.abs()", "(-1).abs()"},
           {"!(a && b)", "!(a && b)"},
           {"(a ? b : c) ? d : e", "(a ? b : c) ? d : e"},
           {"a ? b : (c ? d : e)", "a ? b : c ? d : e"},
           {"a ? (b ? c : d) : e", "a ? (b ? c : d) : e"},
           {"{(a ? b : c): d}", "{(a ? b : c): d}"},
           {"[1, 2,][0]", "[1, 2][0]"},
           {"{1: 2,}", "{1: 2}"},
           {"a[?0].?b", "a[?0].?b"},
           {".a.b", ".a.b"},
           {"a.in_.`in`", "a.in_.`in`"},
           {"-9223372036854775808", "-9223372036854775808"},
           {"1.0 + 2e20", "1.0 + 2e+20"},
       }) {
    Parsed parsed((std::string(c.source)));
    ASSERT_NE(parsed.expr, nullptr) << c.source << "\n" << parsed.rendered();
    EXPECT_EQ(unparse(*parsed.expr), c.printed) << c.source;
  }
}

TEST(Expressions, Rejected) {
  struct Case {
    std::string_view source, messages;
  };
  for (const Case& c : {
           Case{"", "101 expected an expression, found the end\n"},
           {"1 +", "101 expected an expression, found the end\n"},
           {"a b", "101 expected an operator, found `b`\n"},
           {"for", "101 `for` is a reserved word, not a name\n"},
           {"f(1,)", "101 expected an expression, found `)`\n"},
           {"a.true", "101 expected a name, found `true`\n"},
           {"a.`b`()", "101 a quoted name is a field; it cannot be called\n"},
           {"a.?b()", "101 `.?` selects a field; a function cannot be called with it\n"},
           {"1{a: 2}", "101 expected an operator, found `{`\n"},
           {"(1", "104 `(` is not closed\n"},
           {"10m", "106 bare duration `10m` in an expression\n"},
           {"a.map(f(), 1)", "110 `map` needs a variable name here\n"},
       }) {
    Parsed parsed((std::string(c.source)));
    EXPECT_EQ(parsed.expr, nullptr) << c.source;
    EXPECT_EQ(parsed.messages(), c.messages) << c.source;
  }
}

TEST(Expressions, SpansCoverWhatTheyName) {
  Parsed parsed("  foo.bar(1 + x) == [2].all(y, y > 0)");
  ASSERT_NE(parsed.expr, nullptr);
  auto text = [&](base::Span span) { return std::string(parsed.sources.text(span)); };
  const Expr& root = *parsed.expr;
  EXPECT_EQ(text(root.span), "foo.bar(1 + x) == [2].all(y, y > 0)");
  EXPECT_EQ(text(root.name_span), "==");
  EXPECT_EQ(text(root.args[0]->span), "foo.bar(1 + x)");
  EXPECT_EQ(text(root.args[0]->name_span), "bar");
  EXPECT_EQ(text(root.args[0]->args[0]->span), "1 + x");
  const Expr& fold = *root.args[1];
  EXPECT_EQ(fold.macro, "all");
  EXPECT_EQ(text(fold.span), "[2].all(y, y > 0)");
  EXPECT_EQ(text(fold.comprehension->iter_range->span), "[2]");
  EXPECT_EQ(text(fold.comprehension->loop_step->args[1]->span), "y > 0");
}

TEST(Limits, DeepNestingIsADiagnostic) {
  for (std::string source : {repeat("(", 8000) + "1" + repeat(")", 8000), repeat("[", 100'000),
                             repeat("f(", 300) + repeat(")", 300), repeat("1+", 10'000) + "1",
                             "a" + repeat(".b", 10'000), "a" + repeat("[0]", 5'000), repeat("a ? b : ", 5'000) + "c"}) {
    Parsed parsed(source);
    EXPECT_EQ(parsed.expr, nullptr) << source.substr(0, 20);
    EXPECT_EQ(parsed.messages().substr(0, 4), "102 ") << source.substr(0, 20);
  }
}

TEST(Limits, LongButFlatIsFine) {
  for (std::string source :
       {repeat("(", 240) + "1" + repeat(")", 240), repeat("1+", 900) + "1", repeat("true && ", 20'000) + "true",
        repeat("!", 20'000) + "true", repeat("-", 20'000) + "1", "f(" + repeat("1,", 5'000) + "1)"}) {
    Parsed parsed(source);
    EXPECT_NE(parsed.expr, nullptr) << source.substr(0, 20) << "\n" << parsed.messages();
  }
}

TEST(LargeLiterals, ParsedInPiecesGiveTheSameTree) {
  // Above and below the size from which elements are parsed one by one.
  std::string elements = "1, -2, 'x', a.b + 1, ?c, [3, 4], {5: 6}, d ? e : f";
  Parsed small("[" + elements + "]");
  ASSERT_NE(small.expr, nullptr) << small.rendered();
  std::string many;
  for (int i = 0; i < 100; ++i) many += elements + ", ";
  Parsed large("[" + many + "].size()");
  ASSERT_NE(large.expr, nullptr) << large.rendered();
  const Expr& list = *large.expr->operand;
  ASSERT_EQ(list.args.size(), 800u);
  for (size_t i = 0; i < list.args.size(); ++i) {
    EXPECT_EQ(dump(*list.args[i]), dump(*small.expr->args[i % 8]));
    EXPECT_EQ(list.is_optional(i), i % 8 == 4);
  }

  std::string entries;
  for (int i = 0; i < 300; ++i) entries += "(a ? b : c) + 'k': [1, " + std::to_string(i) + "], ";
  Parsed map("{" + entries + "}");
  ASSERT_NE(map.expr, nullptr) << map.rendered();
  ASSERT_EQ(map.expr->args.size(), 600u);
  EXPECT_EQ(unparse(*map.expr->args[599]), "[1, 299]");
}

TEST(LargeLiterals, MistakesInThemAreFound) {
  std::string many;
  for (int i = 0; i < 300; ++i) many += "1, ";
  EXPECT_EQ(Parsed("[" + many + " 2 +, 3]").messages(), "101 expected an expression, found `,`\n");
  EXPECT_EQ(Parsed("[" + many + " , 3]").messages(), "101 expected an expression, found `,`\n");
  EXPECT_EQ(Parsed("[" + many + " '\\q']").messages(), "105 unknown escape sequence `\\q`\n");
}

TEST(LargeLiterals, AMillionElements) {
  std::string source = "[0";
  for (int i = 1; i < 1'000'000; ++i) source += "," + std::to_string(i);
  Parsed parsed(source + "]");
  ASSERT_NE(parsed.expr, nullptr) << parsed.messages();
  EXPECT_EQ(parsed.expr->args.size(), 1'000'000u);
  EXPECT_EQ(parsed.expr->args.back()->constant.i, 999'999);
}

}  // namespace
}  // namespace weir::syntax
