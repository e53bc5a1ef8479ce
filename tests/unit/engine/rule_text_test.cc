// Rule files through the whole pipeline: the tiers agree event by event, and explanations quote the source.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/test_runner.h"
#include "runtime/explain/failure_text.h"
#include "runtime/value/operations.h"

namespace weir::engine {
namespace {

using value::Value;

std::shared_ptr<const ir::Program> compile_text(const std::string& text) {
  driver::CompileOptions options;
  options.lint = false;
  driver::Compilation c = driver::compile({{"rules.weir", text}}, options);
  for (const base::Diagnostic& d : c.diagnostics) {
    if (d.severity == base::Severity::kError) ADD_FAILURE() << d.message;
  }
  return c.program;
}

std::shared_ptr<const Rules> load(const std::shared_ptr<const ir::Program>& program, Tier tier) {
  RulesOptions options;
  options.tier = tier;
  auto rules = Rules::create(program, options);
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *rules : nullptr;
}

constexpr char kRules[] = R"(
package t
entity Account: string
event post { author: Account  text: string  n: int  amount: double  tags: list<string>  reply: string? }
event login { account: Account  ok: bool }
list words: string = ["w1", "w3"]
label hot on Account max 1h
label cold on Account

feature posts = count() from post by post.author over 10m
feature same_text = distinct(post.author) from post where post.n > 2 by post.text over 10m
feature amount = sum(post.amount) from post by post.author over 10m
feature total = sum(post.n) from post by post.author over 1h exact
feature mean_amount = mean(post.amount) from post by post.author over last 5
feature largest = max(post.text) from post by post.author over session 2m
feature tag_authors = distinct(post.author) from post each t in post.tags by t over 10m
feature tag_pair = count() from post each t in post.tags by post.author, t over all
feature fails = count() from login where !login.ok by login.account over 10m
feature replies = count() from post by post.reply over 10m

rule a on post { when posts >= 3 && same_text >= 2  score 10  mode live }
rule b on post { when amount > 20.0 || mean_amount > 5.5  score post.n  mode live
  then { label post.author as hot for 5m } once per post.author every 1m }
rule c on post { when "hot" in labels(post.author) && total % 2 == 0  score 5 then { verdict review unlabel post.author as hot } mode live }
rule d on post { when post.tags.exists(t, tag_authors[t] >= 2 && tag_pair[[post.author, t]] >= 2) score 7.5 mode live }
rule e on post { when post.tags.exists(t, tag_authors[t] >= 4) && !("cold" in labels(post.author)) then { label post.author as cold } mode live limit 3 per 10m }
rule f on post { when replies >= 2  mode live }
rule g on post { when 10 / post.n > 3 && fails[post.author] >= 1  score 1 mode live }
rule h on post { when largest.startsWith("w3") && size(post.text) > 1 && post.text in words  score 2 }
rule i on login { when fails >= 2  then { label login.account as hot for 10m verdict challenge } mode live }
decide post { block when score >= 22  challenge when score >= 12  review when score >= 5 }
)";

// Everything the result says, as text.
std::string dump(const EventResult& r, const ir::Program& program) {
  std::string out = fmt::format("{} {} {} {}", ir::verdict_name(r.verdict), ir::verdict_name(r.shadow_verdict), r.score,
                                r.shadow_score);
  for (const Hit& h : r.hits) {
    out += fmt::format(" {}:{}:{}:{}:{}", program.rules[h.rule].name, outcome_name(h.outcome), h.applied, h.score,
                       explain::outcome_text(program, program.rules[h.rule].event, h.cause));
  }
  for (const AppliedEffect& e : r.effects) {
    out += fmt::format(" {}/{}/{}", e.rule, static_cast<int>(e.effect->kind), value::to_literal(e.key));
  }
  for (uint32_t alert : r.alerts) out += fmt::format(" !{}", alert);
  return out;
}

// One random stream for every tier.
class Stream {
 public:
  explicit Stream(const ir::Program& program) : program_(program), random_(11) {}

  uint32_t next() {
    now_ += static_cast<int64_t>(random_() % 20);
    const int64_t t = random_() % 10 == 0 ? now_ - static_cast<int64_t>(random_() % 700) : now_;
    const bool login = random_() % 5 == 0;
    const auto event = static_cast<uint32_t>(program_.find_event(login ? "login" : "post"));
    row_.assign(program_.events[event].slot_count, Value::missing());
    row_[0] = Value::timestamp(t, 0);
    row_[1] = Value::string("id");
    author_ = "u" + std::to_string(random_() % 6);
    row_[2] = Value::string(author_);
    if (login) {
      row_[3] = Value::boolean(random_() % 2 == 0);
      return event;
    }
    text_ = "w" + std::to_string(random_() % 4);
    reply_ = "u" + std::to_string(random_() % 3);
    row_[3] = Value::string(text_);
    row_[4] = Value::integer(static_cast<int64_t>(random_() % 6));
    row_[5] = Value::dbl(static_cast<double>(random_() % 100) / 9.0);
    tags_.clear();
    for (uint32_t i = random_() % 4; i > 0; --i) tags_.push_back(Value::string(kTags[random_() % 4]));
    list_ = {};
    list_.size = list_.capacity = static_cast<uint32_t>(tags_.size());
    list_.items = tags_.data();
    row_[6] = Value::of(&list_);
    if (random_() % 2) row_[7] = Value::string(reply_);
    return event;
  }
  Value* row() { return row_.data(); }

 private:
  static constexpr const char* kTags[] = {"x", "y", "z", "zz"};
  const ir::Program& program_;
  std::mt19937 random_;
  int64_t now_ = 1'700'000'000;
  std::vector<Value> row_, tags_;
  value::ListRep list_;
  std::string author_, text_, reply_;
};

TEST(RuleText, TheTiersAgreeOnARandomStream) {
  const auto program = compile_text(kRules);
  ASSERT_NE(program, nullptr);
  SessionOptions options;
  options.events = {{int64_t{60} * 1'000'000'000}};
  options.time_rules = true;  // both ways of evaluating rules
  std::vector<std::vector<std::string>> runs;
  std::vector<std::vector<RuleCounters>> counters;
  for (Tier tier : {Tier::kInterpreter, Tier::kAuto}) {
    const auto rules = load(program, tier);
    ASSERT_NE(rules, nullptr);
    EXPECT_EQ(rules->tier_note(), "");
    Session session(rules, options);
    Stream stream(*program);
    auto& run = runs.emplace_back();
    for (int i = 0; i < 5000; ++i) {
      const uint32_t event = stream.next();
      run.push_back(dump(session.evaluate(event, stream.row()), *program));
    }
    counters.push_back(session.counters());
    EXPECT_GT(session.late_events(), 0u);
  }
  for (size_t i = 0; i < runs[0].size(); ++i) ASSERT_EQ(runs[0][i], runs[1][i]) << "event " << i;
  // The stream must reach every rule, or agreement says little.
  for (size_t r = 0; r < program->rules.size(); ++r) EXPECT_GT(counters[0][r].fired, 0u) << program->rules[r].name;
  EXPECT_GT(counters[0][program->find_rule("b")].suppressed, 0u);
  EXPECT_GT(counters[0][program->find_rule("e")].tripped, 0u);
  EXPECT_GT(counters[0][program->find_rule("f")].missing, 0u);
  EXPECT_GT(counters[0][program->find_rule("g")].errors, 0u);
}

TEST(RuleText, TestBlocksRunAndExplanationsQuoteTheSource) {
  const auto program = compile_text(R"(
package t
entity Account: string
event post { author: Account  text: string  tags: list<string> }
feature posts = count() from post by post.author over 10m
rule flood on post { when posts >= 3 && post.tags.exists(t, size(t) > 3)  mode live
  then { verdict review } because "{posts} posts" }
test "floods" {
  repeat i 3 every 10s { send post { author: "u", text: string(i), tags: ["a", "long"] } }
  expect flood fires 1
  expect verdict review
}
test "wrong" {
  repeat i 4 every 10s { send post { author: "u", text: string(i), tags: ["a", "long", "longer"] } }
  expect flood fires 1
}
)");
  ASSERT_NE(program, nullptr);
  const TestReport report = run_tests(load(program, Tier::kInterpreter), {});
  ASSERT_EQ(report.results.size(), 2u);
  EXPECT_TRUE(report.results[0].passed());
  ASSERT_EQ(report.results[1].failures.size(), 1u);
  const TestFailure& failure = report.results[1].failures[0];
  EXPECT_EQ(failure.message, "expected `flood` to fire once, it fired 2 times");
  EXPECT_EQ(failure.event_number, 4u);
  EXPECT_EQ(explain::to_text(*program, failure.why),
            "rule flood (flood): true\n"
            "   posts >= 3 && post.tags.exists(t, size(t) > 3)  is true\n"
            "=>   posts >= 3  is true\n"
            "       posts  is 4\n"
            "     post.tags.exists(t, size(t) > 3)  is true\n"
            "       post.tags  is [\"a\", \"long\", \"longer\"]\n"
            "=>     size(t) > 3 for \"long\"  is true\n"
            "         size(t)  is 4\n"
            "           t  is \"long\"\n");
}

}  // namespace
}  // namespace weir::engine
