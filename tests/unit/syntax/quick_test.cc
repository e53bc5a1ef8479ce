// What is read without ANTLR is what ANTLR reads: the same tree with the same places, the same diagnostics, on every
// source of this repository and on what random edits make of it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "compiler/syntax/quick_lexer.h"
#include "tests/unit/syntax/parse_helper.h"

namespace weir::syntax {
namespace {

void write(std::string& out, base::Span span) { out += fmt::format("{}-{} ", span.begin, span.end); }

// Places and marks of every node, which dump() does not show.
void write(std::string& out, const Expr* e) {
  if (e == nullptr) return;
  write(out, e->span);
  write(out, e->name_span);
  out += e->parenthesized ? "p " : "";
  write(out, e->operand);
  for (const Expr* arg : e->args) write(out, arg);
  if (!e->comprehension) return;
  const Comprehension& c = *e->comprehension;
  for (const Expr* part : {c.iter_range, c.accu_init, c.loop_condition, c.loop_step, c.result}) write(out, part);
}

std::string places(const FileAst& file) {
  std::string out;
  for (const Statement& statement : file.statements) {
    write(out, statement.span);
    if (!statement.rule) continue;
    const RuleStmt& rule = *statement.rule;
    for (base::Span span : {rule.name.span, rule.event.span, rule.id_span, rule.because_span, rule.owner_span,
                            rule.severity ? rule.severity->span : base::Span()})
      write(out, span);
    for (const Expr* e : {rule.when, rule.score, rule.once_key}) write(out, e);
    for (const EffectAst& effect : rule.effects) {
      write(out, effect.span);
      write(out, effect.name.span);
      write(out, effect.key);
      for (const Expr* arg : effect.args) write(out, arg);
    }
    for (const TemplatePiece& piece : rule.because) write(out, piece.expr);
  }
  return out;
}

ParseLimits by_grammar() {
  ParseLimits limits;
  limits.by_grammar = true;
  return limits;
}

void expect_same_file(const std::string& text) {
  const ParsedFile quick(text), slow(text, by_grammar());
  ASSERT_EQ(quick.rendered(), slow.rendered()) << text;
  ASSERT_EQ(dump(quick.file), dump(slow.file)) << text;
  ASSERT_EQ(places(quick.file), places(slow.file)) << text;
}

void expect_same_expression(const std::string& text) {
  const Parsed quick(text), slow(text, by_grammar());
  ASSERT_EQ(quick.rendered(), slow.rendered()) << text;
  ASSERT_EQ(quick.expr == nullptr, slow.expr == nullptr) << text;
  if (quick.expr == nullptr) return;
  std::string a, b;
  write(a, quick.expr);
  write(b, slow.expr);
  ASSERT_EQ(dump(*quick.expr), dump(*slow.expr)) << text;
  ASSERT_EQ(a, b) << text;
}

std::vector<std::string> rule_files() {
  std::vector<std::string> out;
  for (const char* folder : {"/stdlib-rules", "/tests/filetest"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(WEIR_SOURCE_DIR) + folder)) {
      if (entry.path().extension() != ".weir") continue;
      std::ifstream file(entry.path());
      std::ostringstream text;
      text << file.rdbuf();
      out.push_back(text.str());
    }
  }
  return out;
}

// Replaces, drops, doubles or inserts a few bytes.
std::string edited(std::string text, std::mt19937& random) {
  static constexpr std::string_view kPieces[] = {"(",
                                                 ")",
                                                 "[",
                                                 "]",
                                                 "{",
                                                 "}",
                                                 ".",
                                                 ",",
                                                 "?",
                                                 ":",
                                                 "-",
                                                 "!",
                                                 "&&",
                                                 "||",
                                                 "==",
                                                 "in ",
                                                 "as ",
                                                 "\"",
                                                 "'",
                                                 "\\",
                                                 "\"\"\"",
                                                 "`a-b`",
                                                 "r\"\\\"",
                                                 "b'x'",
                                                 "1.5",
                                                 "1e9",
                                                 "0x1f",
                                                 "10m",
                                                 "3u",
                                                 "1.",
                                                 ".5",
                                                 "//",
                                                 "\n",
                                                 "\r",
                                                 "rule ",
                                                 "when ",
                                                 "score ",
                                                 "id ",
                                                 "mode live ",
                                                 "once per a every 1h ",
                                                 "\xEF\xBB\xBF",
                                                 "é",
                                                 "1x",
                                                 "&",
                                                 "#",
                                                 "null",
                                                 "true",
                                                 "has(a.b)",
                                                 "x.all(y, y)",
                                                 "br'a'",
                                                 "1h30m",
                                                 "label ",
                                                 "for "};
  for (unsigned edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
    const size_t at = random() % text.size();
    const size_t size = std::min<size_t>(random() % 6, text.size() - at);
    const std::string_view piece = kPieces[random() % std::size(kPieces)];
    switch (random() % 4) {
      case 0:
        text.erase(at, size);
        break;
      case 1:
        text.insert(at, text.substr(at, size));
        break;
      case 2:
        text.replace(at, size, piece);
        break;
      default:
        text.insert(at, piece);
        break;
    }
  }
  return text;
}

TEST(Quick, ReadsFilesAsTheGrammarDoes) {
  const std::vector<std::string> files = rule_files();
  ASSERT_GT(files.size(), 30u);
  std::mt19937 random(1);
  for (const std::string& text : files) {
    ASSERT_NO_FATAL_FAILURE(expect_same_file(text));
    for (int round = 0; round < 6; ++round) ASSERT_NO_FATAL_FAILURE(expect_same_file(edited(text, random)));
  }
}

constexpr const char* kRule = R"(rule r on e {
  id "R-1" when a.b > -1 && (!c || d in [1, 2.5, 0x1fu]) ? x.exists(y, y == "z") : m[?"k"].?f.orValue(1u) == {1: 'a'}.size()
  score 3 + f(a) * 2 then { label e.a as bad for 7d unlabel e.b as good verdict block action freeze("a", e.b) case "q" key e.a }
  once per e.a every 10m limit 10 per 1h because "{e.a} and {{b}} of {e.b + 1}" owner "team" severity high mode live
})";

TEST(Quick, ReadsRulesAsTheGrammarDoes) {
  const ParsedFile whole(kRule);
  EXPECT_EQ(whole.rendered(), "");
  std::mt19937 random(2);
  ASSERT_NO_FATAL_FAILURE(expect_same_file(kRule));
  for (int round = 0; round < 2000; ++round) ASSERT_NO_FATAL_FAILURE(expect_same_file(edited(kRule, random)));
}

TEST(Quick, ReadsExpressionsAsTheGrammarDoes) {
  constexpr const char* kExpressions[] = {"a ? b : c ? d : e",
                                          "-9223372036854775808",
                                          "--a",
                                          "---1.5",
                                          "!!a",
                                          "!a.b(1)[2]",
                                          "-1.abs()",
                                          "-(1)",
                                          "(a) + (b) * c",
                                          "[?a, b,]",
                                          "{?'a': b, c: d ? e : f,}",
                                          ".a.b(c)",
                                          "a.`b-c`",
                                          "a.for",
                                          "a in b in c",
                                          "1 - -1",
                                          "x.map(y, z, y + z)",
                                          "\"\"\"a\n\"b\\\"\"\"\"",
                                          "r'\\'",
                                          "b\"\\x00\"",
                                          "a.?b.?c[?0]",
                                          "cel.bind(x, 1, x + x)",
                                          "T{a: 1}.b",
                                          "a || b && c || d",
                                          "1.5e-3 + .5 - 0x1F",
                                          "\"\" + ''",
                                          "a\r\n// b\r\n+ c",
                                          "when + rule.on",
                                          "\xEF\xBB\xBF a",
                                          "a \xEF\xBB\xBF b",
                                          ""};
  std::mt19937 random(3);
  for (const char* text : kExpressions) {
    ASSERT_NO_FATAL_FAILURE(expect_same_expression(text));
    for (int round = 0; round < 200; ++round) ASSERT_NO_FATAL_FAILURE(expect_same_expression(edited(text, random)));
  }
}

TEST(Quick, LeavesWellFormedTokensToNobody) {
  for (const char* text : {"12", "1.5", "1e9", "1.5E+3", ".5", "0x1F", "3u", "0x1FU", "10m", "1h30m5s7ms", "\"a\\\"b\"",
                           "'''a'b'''", "r\"\\\"", "B'x'", "bR\"\"\"\\\"\"\"", "`a-b`", "when", "breaks", "_x9"})
    EXPECT_EQ(quick_token(text, 0).end, std::string_view(text).size()) << text;
  for (const char* text : {"1x", "0x", "1.5x", "\"a", "'a\n'", "\"\"\"a\"", "`a", "&", "#", "é", "1m5", "\"\\\n\""})
    EXPECT_EQ(quick_token(text, 0).type, 0u) << text;
}

}  // namespace
}  // namespace weir::syntax
