// Two rule sets in one pass: each comes to what it comes to alone, and the difference is accounted for.
#include <fmt/format.h>

#include <random>

#include "compiler/ir/merge.h"
#include "runtime/engine/carry_over.h"
#include "runtime/rollout/diff.h"
#include "runtime/rollout/promotion.h"
#include "tests/unit/engine/rule_text.h"

namespace weir::rollout {
namespace {

using engine::EventResult;
using engine::kSecond;
using engine::Rules;
using engine::Sender;
using engine::Session;
using engine::Tier;

constexpr const char* kLive = R"(
entity Account: string
event post { author: Account  text: string  n: int  opt: string? }
event login { account: Account  ok: bool? }
label seen on Account
feature posts = count() from post by post.author over 1m
feature big = max(post.n) from post where post.n > 3 by post.author over 1m
rule many on post { id "R1" when posts >= 3 score 30 then { label post.author as seen for 1h } mode live }
rule words on post { id "R2" when post.text.split(" ").exists(w, w.startsWith("spam")) score 40 then { verdict review } mode live }
rule large on post { id "R3" when big >= 8 && post.text.contains("offer") score 20 mode live }
rule gone on post { id "R4" when post.n == 2 then { verdict challenge } mode live }
rule held on post { id "R5" when post.n >= 5 score 5 once per post.author every 10s mode live }
rule quiet on post { id "R6" when post.n == 9 then { verdict block } mode shadow }
rule known on post { id "R7" when "seen" in labels(post.author) score 1 mode live }
rule divides on post { id "R8" when 10 / (post.n - 6) > 3 score 1 mode live }
decide post { block when score >= 70  review when score >= 40 }
)";

// A field more, in front; a feature changed, one added; rules changed, added, removed, in another order and mode.
constexpr const char* kCandidate = R"(
entity Account: string
event login { account: Account  ok: bool? }
event post { extra: int?  text: string  n: int  author: Account }
label seen, worse on Account
feature more = count() from post where post.n > 1 by post.author over 1m
feature posts = count() from post by post.author over 1m
feature big = max(post.n) from post where post.n > 4 by post.author over 1m
rule quiet on post { id "R6" when post.n == 9 then { verdict block } mode live }
rule large on post { id "R3" when big >= 8 && post.text.contains("offer") score 20 mode live }
rule words on post { id "R2" when post.text.split(" ").exists(w, w.startsWith("spam")) score 40 then { verdict review } mode live }
rule many on post { id "R1" when posts >= 4 score 30 then { label post.author as seen for 1h } mode live }
rule added on post { id "R9" when more >= 2 && post.n == 3 && post.?extra.orValue(0) == 0 score 45 mode live }
rule held on post { id "R5" when post.n >= 5 score 5 once per post.author every 10s mode live }
rule divides on post { id "R8" when 10 / (post.n - 7) > 3 score 1 mode live }
decide post { block when score >= 60  review when score >= 40 }
)";

std::shared_ptr<const Rules> fused(const std::string& live, const std::string& candidate, Tier tier,
                                   ir::Merged* merged) {
  auto made = ir::merge(engine::rules_of(live)->program(), engine::rules_of(candidate)->program());
  EXPECT_TRUE(made.ok()) << made.status();
  if (!made.ok()) return nullptr;
  *merged = *made;
  engine::RulesOptions options;
  options.tier = tier;
  options.candidate = made->candidate;
  auto rules = Rules::create(made->program, options);
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *rules : nullptr;
}

Sender::Fields random_post(std::mt19937& random, int i) {
  constexpr const char* kTexts[] = {"an offer", "spammy text", "offer of spam", "hello", "not so spam"};
  return {.seconds = i,
          .id = fmt::format("e{}", i),
          .texts = {{"author", fmt::format("u{}", random() % 7)}, {"text", kTexts[random() % 5]}},
          .ints = {{"n", static_cast<int64_t>(random() % 10)}}};
}

std::string outcome(const EventResult& r) {
  return fmt::format("{} {} {} {}", static_cast<int>(r.verdict), r.score, static_cast<int>(r.shadow_verdict),
                     r.shadow_score);
}
std::string outcome(const EventResult::Candidate& r) {
  return fmt::format("{} {} {} {}", static_cast<int>(r.verdict), r.score, static_cast<int>(r.shadow_verdict),
                     r.shadow_score);
}

class Fused : public testing::TestWithParam<Tier> {};

TEST_P(Fused, EachComesToWhatItComesToAlone) {
  ir::Merged merged;
  // The candidate reads the labels that live rules write: here it does not read any.
  const auto rules = fused(kLive, kCandidate, GetParam(), &merged);
  ASSERT_NE(rules, nullptr);
  EXPECT_EQ(merged.candidate->live_rules, 8u);
  EXPECT_EQ(merged.candidate->shared_rules, 3u);   // words, held, and quiet in another mode
  EXPECT_EQ(merged.candidate->removed_rules, 2u);  // gone, known
  EXPECT_EQ(merged.program->rules.size(), 12u);    // and large, many, added, divides of the candidate
  EXPECT_EQ(merged.program->features.size(), 4u);  // posts once
  Session both(rules, {}), live(engine::rules_of(kLive), {}), candidate(engine::rules_of(kCandidate), {});
  Sender to_both(both), to_live(live), to_candidate(candidate);
  Diff diff(merged.program, merged.candidate, {});
  std::mt19937 random(7);
  std::map<std::string, uint64_t> fires[2];
  uint64_t changed = 0;
  for (int i = 0; i < 3000; ++i) {
    const Sender::Fields post = random_post(random, i);
    const EventResult& one = to_live.send("post", post);
    const EventResult& other = to_candidate.send("post", post);
    const EventResult& together = to_both.send("post", post);
    ASSERT_EQ(outcome(together), outcome(one)) << i;
    ASSERT_EQ(outcome(together.candidate), outcome(other)) << i;
    ASSERT_EQ(together.hits.size(), one.hits.size()) << i;
    for (size_t h = 0; h < one.hits.size(); ++h) {
      ASSERT_EQ(together.hits[h].rule, one.hits[h].rule);
      ASSERT_EQ(together.hits[h].outcome, one.hits[h].outcome);
      ASSERT_EQ(together.hits[h].applied, one.hits[h].applied);
      if (one.hits[h].outcome == engine::Outcome::kFired) ++fires[0][live.rules().program().rules[one.hits[h].rule].id];
    }
    for (const engine::Hit& hit : other.hits)
      if (hit.outcome == engine::Outcome::kFired) ++fires[1][candidate.rules().program().rules[hit.rule].id];
    ASSERT_EQ(together.effects.size(), one.effects.size());
    changed += one.verdict != other.verdict;
    std::vector<value::Value> row(merged.program->events[0].slot_count, value::Value::missing());
    row[0] = value::Value::timestamp(i, 0);
    row[1] = value::Value::string(post.id);
    diff.add(0, row.data(), together);
  }
  const Figures& f = diff.figures();
  EXPECT_EQ(f.events, 3000u);
  EXPECT_EQ(f.changed, changed);
  EXPECT_GT(changed, 100u);
  EXPECT_EQ(f.changed, f.stricter + f.milder);
  std::map<std::string, RuleChange> changes;
  for (const RuleFigures& rule : f.rules) {
    EXPECT_EQ(rule.live, fires[0][rule.id]) << rule.id;
    EXPECT_EQ(rule.candidate, fires[1][rule.id]) << rule.id;
    EXPECT_LE(rule.both, std::min(rule.live, rule.candidate));
    if (rule.change == RuleChange::kSame) EXPECT_EQ(rule.both, rule.live) << rule.id;
    changes[rule.id] = rule.change;
  }
  EXPECT_EQ(changes["R1"], RuleChange::kChanged);
  EXPECT_EQ(changes["R2"], RuleChange::kSame);
  EXPECT_EQ(changes["R3"], RuleChange::kChanged);  // its feature is another
  EXPECT_EQ(changes["R4"], RuleChange::kRemoved);
  EXPECT_EQ(changes["R6"], RuleChange::kMode);
  EXPECT_EQ(changes["R9"], RuleChange::kAdded);
  EXPECT_EQ(f.samples.size(), 20u);
  for (const Sample& sample : f.samples) EXPECT_NE(sample.live, sample.candidate);
}

INSTANTIATE_TEST_SUITE_P(Tiers, Fused,
#ifdef WEIR_HAVE_JIT
                         testing::Values(Tier::kInterpreter, Tier::kNative)
#else
                         testing::Values(Tier::kInterpreter)
#endif
);

TEST(Merge, StateGoesOnIntoTheRolloutAndOutOfIt) {
  ir::Merged merged;
  const auto rules = fused(kLive, kCandidate, Tier::kInterpreter, &merged);
  const auto live = engine::rules_of(kLive), candidate = engine::rules_of(kCandidate);
  Session first(live, {});
  Sender to_first(first);
  for (int i = 0; i < 3; ++i)
    to_first.send("post", {.seconds = i, .texts = {{"author", "u"}, {"text", ""}}, .ints = {{"n", 2}}});
  Session second(rules, engine::carry_over(first.state(), merged.program, {}), {});
  Sender to_second(second);
  const Sender::Fields next{.seconds = 3, .texts = {{"author", "u"}, {"text", ""}}, .ints = {{"n", 2}}};
  EXPECT_EQ(to_second.send("post", next).candidate.hits.at(0).outcome, engine::Outcome::kFired);  // its fourth post
  Session third(candidate, engine::carry_over(second.state(), candidate->program_ptr(), {}), {});
  Sender to_third(third);
  Sender::Fields last = next;
  last.ints["n"] = 3;
  EXPECT_EQ(to_third.hits("post", last),
            "many:fired added:missing");  // R9's feature was new a second before: it is warming
  last.seconds = 64;
  EXPECT_EQ(to_third.hits("post", last), "");
  last.seconds = 65;
  EXPECT_EQ(to_third.hits("post", last), "added:fired");  // … from when the rollout began, and not from the promotion
}

TEST(Merge, ARuleWhoseListHasOtherEntriesIsAnother) {
  const auto program = [](const char* entries) {
    driver::CompileOptions options;
    options.lint = false;
    options.read_file = [=](base::FileId, const std::string&) { return std::optional<std::string>(entries); };
    return driver::compile({{"a.weir", R"(
event e { s: string }
list bad: string from "bad.txt"
feature hits = count() from e where e.s in bad by e.s over 1h
rule listed on e { id "L" when e.s in bad mode live }
rule counted on e { id "C" when hits >= 2 mode live }
rule other on e { id "O" when e.s == "x" mode live }
)"}},
                           options)
        .program;
  };
  const auto merged = ir::merge(*program("a\nb\n"), *program("a\nc\n"));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(merged->candidate->shared_rules, 1u);
  EXPECT_EQ(merged->program->lists.size(), 2u);
  EXPECT_EQ(merged->program->features.size(), 2u);
  const auto same = ir::merge(*program("a\nb\n"), *program("a\nb\n"));
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->candidate->shared_rules, 3u);
}

TEST(Merge, FieldsOfAnotherTypeDoNotMerge) {
  const auto merged = ir::merge(engine::rules_of("event e { n: int }")->program(),
                                engine::rules_of("event e { n: string }")->program());
  EXPECT_EQ(merged.status().message(), "field `n` of event `e` has another type");
}

TEST(Promotion, IsDecidedByWhatIsAskedAndSaysWhy) {
  Figures f;
  f.events = 1000;
  f.live_alerts = 100;
  f.candidate_alerts = 110;
  f.both_alerts = 90;
  f.candidate_precision = {45, 50};
  struct Case {
    Conditions asked;
    Decision decision;
    const char* why;
  } cases[] = {
      {{}, Decision::kPending, ""},
      {{.events = 2000}, Decision::kPending, ""},
      {{.events = 1000}, Decision::kPromote, "after 1000 events"},
      {{.events = 1000, .max_alert_change = 0.1, .min_overlap = 0.75},
       Decision::kPromote,
       "after 1000 events: alerts changed by 0.1, at most 0.1; overlap of alerts 0.75, at least 0.75"},
      {{.events = 1000, .max_alert_change = 0.05, .min_overlap = 0.5},
       Decision::kRollBack,
       "after 1000 events: not met: alerts changed by 0.1, at most 0.05; overlap of alerts 0.75, at least 0.5"},
      {{.events = 1000, .min_precision = 0.95, .min_labelled = 50},
       Decision::kRollBack,
       "after 1000 events: not met: precision 0.9, at least 0.95"},
      {{.events = 1000, .min_precision = 0.8}, Decision::kPending, ""},
      {{.events = 500, .min_precision = 0.8, .max_events = 1000},
       Decision::kRollBack,
       "not met: 50 of its alerts labelled after 1000 events, at least 100"},
  };
  for (const Case& c : cases) {
    const Judgement judgement = judge(c.asked, f);
    EXPECT_EQ(judgement.decision, c.decision);
    EXPECT_EQ(judgement.why, c.why);
  }
}

}  // namespace
}  // namespace weir::rollout
