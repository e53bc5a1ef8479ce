// A rule set edited again and again, compiled as an edit and as a whole: the same program, the same diagnostics.
#include "compiler/driver/recompile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "compiler/ir/identity.h"
#include "runtime/engine/engine.h"

namespace weir::driver {
namespace {

constexpr std::string_view kHead = R"(package test.edits
entity Account: string
event post { author: Account  text: string  n: int  score: double?  tags: list<string> }
list bad: string from "bad.txt"
label seen on Account
feature posts = count() from post by post.author over 1h
)";
constexpr std::string_view kTail = R"(
let long_text = size(post.text) > 10 && post.n > 3
decide post { review when score >= 2.0 }
test "one" { send post { author: "a", text: "x", n: 1 } expect r1 fires 0 }
)";

const char* const kConditions[] = {
    "post.n > {}",
    "post.n == {} && long_text",
    "post.text.contains(\"w{}\")",
    "post.text.matches(\"a+{}\")",
    "post.score > {}.5",
    "post.tags.exists(t, t == \"t{}\") || post.n < {}",
    "post.author in bad && post.n != {}",
    "posts > {}",
    "\"seen\" in labels(post.author) && post.n > {}",
    "post.tags.filter(t, t.startsWith(\"p{}\")).size() > 1",
};

struct Text {
  std::vector<std::string> rules;

  std::string whole() const {
    std::string out(kHead);
    for (const std::string& rule : rules) out += rule;
    return out.append(kTail);
  }
};

std::string rule_text(size_t number, std::mt19937_64& rng) {
  const auto value = rng() % 12;
  std::string effects = rng() % 3 == 0 ? "  then { label post.author as seen for 1d }\n" : "";
  if (rng() % 5 == 0) effects += "  because \"n is {post.n}\"\n";
  const auto* condition = kConditions[rng() % std::size(kConditions)];
  return fmt::format("rule r{} on post {{\n  id \"R-{}\"\n  when {}\n  score {}\n{}  mode {} // comment\n}}\n\n",
                     number, number, fmt::format(fmt::runtime(condition), value, value), rng() % 3, effects,
                     rng() % 8 == 0 ? "shadow" : "live");
}

CompileOptions options_with(std::string list = "a\nb\n") {
  CompileOptions options;
  options.read_file = [list](base::FileId, const std::string&) { return std::optional<std::string>(list); };
  return options;
}

void expect_same(const Compilation& edited, const Compilation& whole) {
  ASSERT_EQ(base::render_all(edited.diagnostics, *edited.sources), base::render_all(whole.diagnostics, *whole.sources));
  ASSERT_EQ(edited.program == nullptr, whole.program == nullptr);
  if (edited.program == nullptr) return;
  const ir::Program &a = *edited.program, &b = *whole.program;
  ASSERT_TRUE(ir::verify(a).ok());
  ASSERT_EQ(a.rules.size(), b.rules.size());
  for (uint32_t i = 0; i < a.rules.size(); ++i) {
    const ir::Rule &x = a.rules[i], &y = b.rules[i];
    EXPECT_EQ(ir::rule_version(a, i), ir::rule_version(b, i));
    EXPECT_EQ(std::tie(x.name, x.id, x.mode, x.source, x.span, x.when_span, x.clause_spans),
              std::tie(y.name, y.id, y.mode, y.source, y.span, y.when_span, y.clause_spans));
  }
  for (size_t i = 0; i < a.features.size(); ++i) EXPECT_EQ(a.features[i].span, b.features[i].span);
  for (size_t i = 0; i < a.tests.size(); ++i) EXPECT_EQ(a.tests[i].steps[0].span, b.tests[i].steps[0].span);
}

TEST(Recompiler, EditsAreAsWholeCompilations) {
  std::mt19937_64 rng(3);
  Text text;
  for (size_t i = 0; i < 30; ++i) text.rules.push_back(rule_text(i, rng));
  Recompiler recompiler;
  const CompileOptions options = options_with();
  size_t edits = 0, indexed = 0;
  std::shared_ptr<const engine::Rules> rules;
  for (int round = 0; round < 300; ++round) {
    const size_t at = rng() % text.rules.size();
    switch (rng() % 12) {
      case 0:  // a mistake, taken back in the next round
        text.rules[at].insert(text.rules[at].find("when") + 5, "post.nope && ");
        break;
      case 1:
        text.rules[at].insert(0, "// before\n");
        break;
      case 2:
        text.rules[at].insert(text.rules[at].find("//"), "/");  // what follows on the line stays a comment
        break;
      default:
        text.rules[at] = rule_text(at, rng);
    }
    const std::vector<SourceText> sources = {{"a.weir", text.whole()}};
    const Compilation edited = recompiler.compile(sources, options), whole = compile(sources, options);
    edits += recompiler.was_edit();
    expect_same(edited, whole);
    if (HasFatalFailure()) return;
    if (edited.program == nullptr) {
      text.rules[at] = rule_text(at, rng);
      continue;
    }
    // And evaluated, with the index of the rules before.
    engine::RulesOptions with, without;
    with.tier = without.tier = engine::Tier::kInterpreter;
    with.previous = rules;
    indexed += rules != nullptr && edited.program->module.begins_with(rules->program().module);
    rules = *engine::Rules::create(edited.program, with);
    auto fresh = *engine::Rules::create(whole.program, without);
    engine::Session a(rules, {}), b(fresh, {});
    for (int e = 0; e < 20; ++e) {
      std::vector<std::string> texts = {fmt::format("a{}", rng() % 3), fmt::format("w{} aa{}", rng() % 12, rng() % 12)};
      std::vector<value::Value> row(edited.program->events[0].slot_count, value::Value::missing());
      row[0] = value::Value::timestamp(1'700'000'000 + round * 100 + e, 0);
      row[1] = value::Value::string("id");
      row[2] = value::Value::string(texts[0]);
      row[3] = value::Value::string(texts[1]);
      row[4] = value::Value::integer(static_cast<int64_t>(rng() % 12));
      if (rng() % 2 == 0) row[5] = value::Value::dbl(static_cast<double>(rng() % 12));
      std::vector<value::Value> copy = row;
      const engine::EventResult &x = a.evaluate(0, row.data()), &y = b.evaluate(0, copy.data());
      EXPECT_EQ(x.score, y.score);
      ASSERT_EQ(x.hits.size(), y.hits.size());
      for (size_t h = 0; h < x.hits.size(); ++h)
        EXPECT_EQ(std::tie(x.hits[h].rule, x.hits[h].outcome), std::tie(y.hits[h].rule, y.hits[h].outcome));
    }
  }
  EXPECT_GT(edits, 100u);
  EXPECT_GT(indexed, 100u);
}

TEST(Recompiler, WhatIsNoEditIsCompiledWhole) {
  std::mt19937_64 rng(5);
  Text text;
  for (size_t i = 0; i < 5; ++i) text.rules.push_back(rule_text(i, rng));
  const std::string first = text.whole();
  const auto edited = [&](const std::string& from, const std::string& to) {
    std::string out = first;
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  const std::pair<std::string, bool> cases[] = {
      {first, false},  // nothing: there is no edit to make
      {edited("// comment\n}\n\nrule r3", "// comment }\n\nrule r3"), false},
      {edited("  score ", "  score   "), true},
      {edited("\"R-2\"", "\"R-9\""), false},
      {edited("rule r2", "rule s2"), false},
      {edited("rule r2 on", "rule  r2 on"), true},
      {edited("over 1h", "over 2h"), false},
      {edited("when ", "when \"\"\" "), false},
  };
  for (const auto& [whole, edit] : cases) {
    Recompiler recompiler;
    ASSERT_NE(recompiler.compile({{"a.weir", first}}, options_with()).program, nullptr);
    const Compilation c = recompiler.compile({{"a.weir", whole}}, options_with());
    EXPECT_EQ(recompiler.was_edit(), edit) << whole;
    expect_same(c, compile({{"a.weir", whole}}, options_with()));
  }
  Recompiler recompiler;
  ASSERT_NE(recompiler.compile({{"a.weir", first}}, options_with()).program, nullptr);
  const auto c = recompiler.compile({{"a.weir", edited("  score ", "  score   ")}}, options_with("other\n"));
  EXPECT_FALSE(recompiler.was_edit()) << "a list is another";
  EXPECT_EQ(c.program->lists[0].values, std::vector<std::string>{"other"});
}

}  // namespace
}  // namespace weir::driver
