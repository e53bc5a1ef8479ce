#include <gtest/gtest.h>

#include "tests/unit/syntax/parse_helper.h"

namespace weir::syntax {
namespace {

TEST(Cutter, SoftKeywordsAreNamesInExpressions) {
  ParsedFile parsed(R"(
    let a = post.rule == event.label && x.exists(test, test > 1)
    let b = type(x) == list
    let c = [list, rule, test].size()
    rule r on post { when label && action.mode })");
  EXPECT_EQ(parsed.rendered(), "");
  EXPECT_EQ(parsed.file.statements.size(), 4u);
}

TEST(Cutter, NewlinesMeanNothing) {
  ParsedFile one("entity A: string event e { a: A } let x = e.a rule r on e { when x == \"b\" score 1 mode live }");
  ParsedFile two(
      "entity\nA\n:\nstring\nevent\ne\n{\na\n:\nA\n}\nlet\nx\n=\ne\n.\na\nrule\nr\non\ne\n{\nwhen\nx\n==\n\"b\"\n"
      "score\n1\nmode\nlive\n}");
  EXPECT_EQ(one.rendered(), "");
  EXPECT_EQ(two.rendered(), "");
  EXPECT_EQ(dump(one.file), dump(two.file));
}

TEST(Recovery, TheRestOfARuleIsKept) {
  ParsedFile parsed(R"(rule r on post {
    when (a && b
    score 10
    then { verdict review label x as }
    mode live
  }
  let after = 1)");
  EXPECT_EQ(parsed.messages(), "104 `(` is not closed\n101 expected a name, found `}`\n");
  ASSERT_EQ(parsed.file.statements.size(), 2u);
  const RuleStmt& rule = *parsed.file.statements[0].rule;
  EXPECT_EQ(rule.when, nullptr);
  ASSERT_NE(rule.score, nullptr);
  ASSERT_EQ(rule.effects.size(), 1u);
  EXPECT_EQ(rule.effects[0].name.text, "review");
  EXPECT_EQ(rule.mode, Mode::kLive);
  EXPECT_EQ(parsed.file.statements[1].let->name.text, "after");
}

TEST(Recovery, AClauseBeforeAMisspeltOneIsKept) {
  ParsedFile parsed("rule r on post {\n  when a && b\n  scroe 3\n  mode live\n}");
  EXPECT_EQ(parsed.messages(), "109 unknown clause `scroe`\n");
  const RuleStmt& rule = *parsed.file.statements.at(0).rule;
  ASSERT_NE(rule.when, nullptr);
  EXPECT_EQ(unparse(*rule.when), "a && b");
}

TEST(Recovery, AMissingBraceEndsAtTheNextStatement) {
  ParsedFile parsed("event e {\n  a: int\nrule r on e {\n  when a\nrule s on e { when b }");
  EXPECT_EQ(parsed.messages(), "104 `{` is not closed\n104 `{` is not closed\n");
  ASSERT_EQ(parsed.file.statements.size(), 3u);
  EXPECT_EQ(parsed.file.statements[0].event->fields.size(), 1u);
  EXPECT_NE(parsed.file.statements[1].rule->when, nullptr);
}

TEST(Recovery, ClausesOfBrokenStatementsStillCount) {
  // A clause that does not parse is not reported as missing as well.
  ParsedFile parsed("rule r on e { when }\nfeature f = count() from e by a over");
  EXPECT_EQ(parsed.messages(),
            "101 expected an expression, found `}`\n"
            "101 expected `all`, `last N`, `session` or a duration such as `10m`, found the end of the file\n");
}

TEST(Templates, ExpressionsKeepTheirPlaces) {
  ParsedFile parsed("rule r on e { when a because \"x {{y}} {size(e.t)} and {f[\'}\']}!\" }");
  ASSERT_EQ(parsed.rendered(), "");
  const std::vector<TemplatePiece>& pieces = parsed.file.statements.at(0).rule->because;
  ASSERT_EQ(pieces.size(), 5u);
  EXPECT_EQ(pieces[0].text, "x {y} ");
  EXPECT_EQ(parsed.sources.text(pieces[1].expr->span), "size(e.t)");
  EXPECT_EQ(pieces[2].text, " and ");
  EXPECT_EQ(parsed.sources.text(pieces[3].expr->span), "f['}']");
  EXPECT_EQ(pieces[4].text, "!");
}

TEST(Sources, ByteOrderMarkAndNonAsciiPositions) {
  ParsedFile parsed("\xEF\xBB\xBFlet a = \"\xC3\xA9\xE4\xBD\xA0\" + 1 +\nlet b = 2");
  ASSERT_EQ(parsed.sink.all().size(), 1u);
  EXPECT_EQ(parsed.messages(), "101 expected an expression, found `let`\n");
  EXPECT_EQ(parsed.sources.text({0, 3, 6}), "let");
  ASSERT_EQ(parsed.file.statements.size(), 1u);
  EXPECT_EQ(parsed.sources.text(parsed.file.statements[0].let->value->span), "2");
}

// No input may crash the parser or make it say nothing about a broken file: every prefix of a file, and the file with
// each token doubled or dropped.
TEST(Robustness, EveryPrefixIsHandled) {
  std::string text = R"(package p import std.text entity A: string event e { a: A n: int? }
list l: string = ["x"] label k on A max 1d let v = e.n > 1 ? "a" : 'b' action f(x: int)
feature c = count() from e where !v each h in l by h over 1h every 1m
rule r on e { when v && {1: [2]}.all(k, k > 0) then { label e.a as k for 1d action f(3) } because "{v}!" once per e.a every 1h }
decide e { block when score > 1 } test "t" { repeat i 3 every 1s { send e { a: "x" } } expect r fires 1 }
)";
  ASSERT_EQ(ParsedFile(text).rendered(), "");
  for (size_t n = 0; n < text.size(); ++n) {
    ParsedFile parsed(text.substr(0, n));
    dump(parsed.file);
    parsed.rendered();
  }
  for (size_t n = 0; n < text.size(); ++n) {
    std::string changed = text;
    changed[n] = "(){}[]\"'.,:=x5 "[n % 15];
    ParsedFile parsed(changed);
    dump(parsed.file);
    parsed.rendered();
  }
}

}  // namespace
}  // namespace weir::syntax
