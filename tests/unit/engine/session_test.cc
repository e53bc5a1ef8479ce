#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/engine.h"
#include "tests/unit/engine/program_builder.h"

namespace weir::engine {
namespace {

using value::Value;
using B = types::BuiltinId;

constexpr int64_t kSecond = 1'000'000'000;

// Runs every test in each tier that is built in.
class SessionTest : public testing::TestWithParam<Tier> {
 protected:
  Session& start(ProgramBuilder& b, const SessionOptions& options = {}) {
    RulesOptions rules_options;
    rules_options.tier = GetParam();
    auto rules = Rules::create(b.build(), rules_options);
    EXPECT_TRUE(rules.ok()) << rules.status();
    session_ = std::make_unique<Session>(*rules, options);
    return *session_;
  }
  const EventResult& send(Post& post) { return session_->evaluate(0, post.row); }
  // Outcomes of the hits, as "rule:outcome".
  std::string hits(const Post& post) {
    last_ = post;  // the session borrows the row
    std::string out;
    for (const Hit& h : send(*last_).hits) {
      out += (out.empty() ? "" : " ") + session_->rules().program().rules[h.rule].name + ":" +
             std::string(outcome_name(h.outcome));
    }
    return out;
  }

  std::unique_ptr<Session> session_;
  std::optional<Post> last_;
};

TEST_P(SessionTest, TheCurrentEventCounts) {
  ProgramBuilder b;
  const uint32_t f = b.add_feature(ir::Aggregation::kCount, 60, b.slot(b.kAuthor));
  b.add_rule("burst", b.boolean(B::greater_equals_int, b.feature(f), b.integer(3)));
  start(b);
  EXPECT_EQ(hits(Post(100, "a")), "");
  EXPECT_EQ(hits(Post(101, "b")), "");
  EXPECT_EQ(hits(Post(102, "a")), "");
  EXPECT_EQ(hits(Post(103, "a")), "burst:fired");
  EXPECT_EQ(hits(Post(163, "a")), "");  // 102 and 103 are out of the window
}

TEST_P(SessionTest, SumAndDistinctFollowTheirArguments) {
  ProgramBuilder b;
  const uint32_t sum = b.add_feature(ir::Aggregation::kSum, 60, b.slot(b.kAuthor), b.slot(b.kN));
  const uint32_t distinct = b.add_feature(ir::Aggregation::kDistinct, 60, b.slot(b.kN), b.slot(b.kAuthor));
  b.add_rule("sum", b.boolean(B::greater_int, b.feature(sum), b.integer(10)));
  b.add_rule("distinct", b.boolean(B::greater_int, b.feature(distinct), b.integer(1)));
  start(b);
  EXPECT_EQ(hits(Post(100, "a", 6)), "");
  EXPECT_EQ(hits(Post(100, "a", 5)), "sum:fired");
  EXPECT_EQ(hits(Post(100, "b", 5)), "distinct:fired");
}

TEST_P(SessionTest, LabelsAreSeenByLaterEventsOnlyAndExpire) {
  ProgramBuilder b;
  const ir::NodeId is_1 = b.boolean(B::equals, b.slot(b.kN), b.integer(1));
  ir::Rule& set = b.add_rule("set", is_1);
  ir::Effect effect;
  effect.kind = ir::EffectKind::kLabel;
  effect.key = b.slot(b.kAuthor);
  effect.duration_nanos = 10 * kSecond;
  set.effects.push_back(effect);
  b.add_rule("seen", b.has_label(0, b.slot(b.kAuthor)));
  start(b);
  EXPECT_EQ(hits(Post(100, "a", 1)), "set:fired");
  EXPECT_TRUE(session_->has_label(0, Value::string("a"), 100 * kSecond));
  EXPECT_TRUE(session_->eval(session_->rules().program().rules[1].when).is_false());  // as the rules saw it
  EXPECT_EQ(hits(Post(100, "a")), "seen:fired");                                      // the same time, the next event
  EXPECT_EQ(hits(Post(101, "b")), "");
  EXPECT_EQ(hits(Post(109, "a")), "seen:fired");
  EXPECT_EQ(hits(Post(110, "a")), "");
}

TEST_P(SessionTest, UnlabelEndsALabelAndALabelIsCappedByItsMaxAge) {
  ProgramBuilder b;
  b.p.labels[0].max_age_nanos = 5 * kSecond;
  ir::Effect effect;
  effect.kind = ir::EffectKind::kLabel;
  effect.key = b.slot(b.kAuthor);
  effect.duration_nanos = 10 * kSecond;
  b.add_rule("set", b.boolean(B::equals, b.slot(b.kN), b.integer(1))).effects.push_back(effect);
  effect.kind = ir::EffectKind::kUnlabel;
  b.add_rule("clear", b.boolean(B::equals, b.slot(b.kN), b.integer(2))).effects.push_back(effect);
  b.add_rule("seen", b.has_label(0, b.slot(b.kAuthor)));
  start(b);
  hits(Post(100, "a", 1));
  EXPECT_EQ(hits(Post(104, "a")), "seen:fired");
  EXPECT_EQ(hits(Post(105, "a")), "");
  hits(Post(106, "a", 1));
  EXPECT_EQ(hits(Post(107, "a", 2)), "clear:fired seen:fired");
  EXPECT_EQ(hits(Post(107, "a")), "");
}

TEST_P(SessionTest, OnceHoldsARuleBackPerKey) {
  ProgramBuilder b;
  ir::Rule& r = b.add_rule("r", b.boolean(B::equals, b.slot(b.kN), b.integer(1)));
  r.once_key = b.slot(b.kAuthor);
  r.once_nanos = 10 * kSecond;
  start(b);
  EXPECT_EQ(hits(Post(100, "a", 1)), "r:fired");
  EXPECT_EQ(hits(Post(105, "a", 1)), "r:suppressed");
  EXPECT_EQ(hits(Post(105, "b", 1)), "r:fired");
  EXPECT_EQ(hits(Post(109, "a", 1)), "r:suppressed");  // a suppressed fire does not start the window anew
  EXPECT_EQ(hits(Post(110, "a", 1)), "r:fired");
  EXPECT_EQ(session_->counters()[0].fired, 3u);
  EXPECT_EQ(session_->counters()[0].suppressed, 2u);
}

TEST_P(SessionTest, ALimitTripsTheRuleToShadowUntilItsWindowHasPassed) {
  ProgramBuilder b;
  ir::Rule& r = b.add_rule("r", b.boolean(B::equals, b.slot(b.kN), b.integer(1)));
  r.limit_count = 2;
  r.limit_nanos = 10 * kSecond;
  r.score = b.dbl(5);
  start(b);
  EXPECT_EQ(hits(Post(100, "a", 1)), "r:fired");
  EXPECT_EQ(hits(Post(101, "a", 1)), "r:fired");
  Post third(102, "a", 1);
  const EventResult& result = send(third);
  ASSERT_EQ(result.hits.size(), 1u);
  EXPECT_EQ(result.hits[0].outcome, Outcome::kTripped);
  EXPECT_FALSE(result.hits[0].applied);
  EXPECT_EQ(result.alerts, std::vector<uint32_t>{0});
  EXPECT_EQ(result.score, 0);
  EXPECT_EQ(result.shadow_score, 5);
  Post fourth(111, "a", 1);
  EXPECT_TRUE(send(fourth).alerts.empty());  // one alert a trip
  EXPECT_EQ(hits(Post(112, "a", 1)), "r:fired");
}

TEST_P(SessionTest, ScoresOfLiveRulesDecideAndTheStrictestWins) {
  ProgramBuilder b;
  const ir::NodeId always = b.boolean(B::equals, b.slot(b.kN), b.slot(b.kN));
  const ir::NodeId is_1 = b.boolean(B::equals, b.slot(b.kN), b.integer(1));
  const ir::NodeId is_2 = b.boolean(B::equals, b.slot(b.kN), b.integer(2));
  b.add_rule("forty", always).score = b.integer(40);
  b.add_rule("fifty", is_1).score = b.dbl(50);
  b.add_rule("shadow", is_1, ir::Mode::kShadow).score = b.integer(60);
  ir::Effect challenge;
  challenge.verdict = ir::Verdict::kChallenge;
  b.add_rule("stated", is_2).effects.push_back(challenge);
  b.add_rule("off", always, ir::Mode::kOff).score = b.integer(1000);
  b.p.events[0].has_decide = true;
  b.p.events[0].decide = {{ir::Verdict::kReview, b.boolean(B::greater_equals_double, b.slot(b.kScore), b.dbl(40))},
                          {ir::Verdict::kBlock, b.boolean(B::greater_equals_double, b.slot(b.kScore), b.dbl(120))},
                          {ir::Verdict::kChallenge, b.boolean(B::greater_equals_double, b.slot(b.kScore), b.dbl(80))}};
  start(b);
  Post plain(100, "a", 0), both(101, "a", 1), stated(102, "a", 2);
  EXPECT_EQ(send(plain).verdict, ir::Verdict::kReview);
  EXPECT_EQ(send(both).verdict, ir::Verdict::kChallenge);
  EXPECT_EQ(send(both).score, 90);
  EXPECT_EQ(send(both).shadow_score, 150);
  EXPECT_EQ(send(both).shadow_verdict, ir::Verdict::kBlock);
  EXPECT_EQ(send(stated).verdict, ir::Verdict::kChallenge);
}

TEST_P(SessionTest, MissingAndErrorsAreCountedByCauseAndHaveNoEffect) {
  ProgramBuilder b;
  ir::Rule& m = b.add_rule("m", b.boolean(B::equals, b.slot(b.kOpt), b.text("x")));
  m.score = b.integer(1);
  const ir::NodeId quotient = b.call(B::div_int, b.p.types->integer(), {b.integer(10), b.slot(b.kN)});
  b.add_rule("e", b.boolean(B::greater_int, quotient, b.integer(1)));
  ir::Rule& effect = b.add_rule("effect", b.boolean(B::equals, b.slot(b.kAuthor), b.text("a")));
  effect.score = quotient;
  start(b);
  EXPECT_EQ(hits(Post(100, "a", 0)), "m:missing e:error effect:error");
  EXPECT_EQ(hits(Post(100, "b", 20, "x")), "m:fired");
  EXPECT_EQ(hits(Post(100, "b", 0)), "m:missing e:error");
  const auto causes = session_->causes();
  ASSERT_EQ(causes.size(), 3u);
  EXPECT_TRUE(causes[0].missing);
  EXPECT_EQ(causes[0].text, "opt");
  EXPECT_EQ(causes[0].count, 2u);
  EXPECT_FALSE(causes[1].missing);
  EXPECT_EQ(causes[1].code, static_cast<uint32_t>(value::ErrorCode::kDivideByZero));
  EXPECT_EQ(causes[1].count, 2u);
  EXPECT_EQ(session_->counters()[2].errors, 1u);
  EXPECT_EQ(session_->counters()[2].fired, 0u);
}

TEST_P(SessionTest, EachAddsOneValueAnElement) {
  ProgramBuilder b;
  const types::Type* list = b.p.types->list(b.p.types->dyn());
  const ir::NodeId elements[] = {b.slot(b.kAuthor), b.slot(b.kOpt)};
  const ir::NodeId each = b.p.module.add(ir::Op::kMakeList, list, elements);
  const uint32_t f = b.add_feature(ir::Aggregation::kCount, 60, b.slot(b.kEach));
  b.p.features[f].each_list = each;
  const ir::NodeId key[] = {b.slot(b.kOpt)};
  const ir::NodeId read = b.p.module.add(ir::Op::kFeatureAt, b.p.types->integer(), key, static_cast<int32_t>(f));
  b.add_rule("r", b.boolean(B::greater_equals_int, read, b.integer(2)));
  start(b);
  EXPECT_EQ(hits(Post(100, "a", 0, "b")), "");
  EXPECT_EQ(hits(Post(101, "c", 0, "b")), "r:fired");
  EXPECT_EQ(hits(Post(102, "d", 0, "c")), "r:fired");
  EXPECT_EQ(hits(Post(103, "d", 0, "e")), "");
  EXPECT_EQ(hits(Post(103, "d")), "r:missing");
  EXPECT_EQ(session_->feature_counters(f).added, 8u);
  EXPECT_EQ(session_->feature_counters(f).errors, 1u);
}

TEST_P(SessionTest, WhereKeepsEventsOutAndTheKeyReadable) {
  ProgramBuilder b;
  const uint32_t f = b.add_feature(ir::Aggregation::kCount, 60, b.slot(b.kAuthor));
  b.p.features[f].where = b.boolean(B::equals, b.slot(b.kN), b.integer(1));
  b.add_rule("two", b.boolean(B::greater_equals_int, b.feature(f), b.integer(2)));
  start(b);
  EXPECT_EQ(hits(Post(100, "a", 1)), "");
  EXPECT_EQ(hits(Post(101, "a", 0)), "");
  EXPECT_EQ(hits(Post(102, "a", 1)), "two:fired");
  EXPECT_EQ(hits(Post(103, "a", 0)), "two:fired");
}

TEST_P(SessionTest, LateEventsAreCountedAndReadTheirOwnTime) {
  ProgramBuilder b;
  const uint32_t f = b.add_feature(ir::Aggregation::kCount, 60, b.slot(b.kAuthor));
  b.add_rule("three", b.boolean(B::greater_equals_int, b.feature(f), b.integer(3)));
  SessionOptions options;
  options.events = {{10 * kSecond}};
  start(b, options);
  hits(Post(100, "a"));
  hits(Post(150, "a"));
  EXPECT_EQ(hits(Post(120, "a")), "");  // at 120 there were two
  EXPECT_EQ(hits(Post(150, "a")), "three:fired");
  EXPECT_EQ(session_->late_events(), 0u);
  hits(Post(50, "a"));  // 150 - 10 - 59 = 81
  EXPECT_EQ(session_->late_events(), 1u);
  EXPECT_EQ(session_->feature_counters(f).late, 1u);
}

TEST_P(SessionTest, TheBudgetKeepsTheKeysInUse) {
  ProgramBuilder b;
  const uint32_t f = b.add_feature(ir::Aggregation::kCount, 86400, b.slot(b.kN));
  b.add_rule("r", b.boolean(B::greater_int, b.feature(f), b.integer(1)));
  SessionOptions options;
  options.max_state_bytes = 100'000;
  start(b, options);
  for (int64_t i = 0; i < 20'000; ++i) {
    hits(Post(100, "a", 1000 + i));
    if (i % 100 == 0) hits(Post(100, "a", 1));
    ASSERT_LT(session_->state_bytes(), 110'000u);
  }
  EXPECT_EQ(hits(Post(100, "a", 1)), "r:fired");
  EXPECT_GT(session_->feature_counters(f).evicted, 15'000u);
}

TEST_P(SessionTest, TimedRulesGiveTheSameHits) {
  ProgramBuilder b;
  b.add_rule("r", b.boolean(B::equals, b.slot(b.kN), b.integer(1)));
  SessionOptions options;
  options.time_rules = true;
  start(b, options);
  for (int i = 0; i < 640; ++i) ASSERT_EQ(hits(Post(100, "a", i % 2)), i % 2 ? "r:fired" : "");
  EXPECT_EQ(session_->counters()[0].cost_samples, 10u);
}

TEST_P(SessionTest, BecauseIsFilledFromTheEvent) {
  ProgramBuilder b;
  ir::Rule& r = b.add_rule("r", b.boolean(B::equals, b.slot(b.kN), b.integer(1)));
  r.because = {{"by ", b.slot(b.kAuthor)}, {" to ", b.slot(b.kOpt)}, {"!", ir::kNoNode}};
  start(b);
  hits(Post(100, "ann", 1));
  EXPECT_EQ(session_->because(0), "by ann to (missing)!");
}

#ifdef WEIR_HAVE_JIT
INSTANTIATE_TEST_SUITE_P(Tiers, SessionTest, testing::Values(Tier::kInterpreter, Tier::kNative),
                         [](const auto& info) { return info.param == Tier::kNative ? "native" : "interpreter"; });
#else
INSTANTIATE_TEST_SUITE_P(Tiers, SessionTest, testing::Values(Tier::kInterpreter),
                         [](const auto&) { return "interpreter"; });
#endif

}  // namespace
}  // namespace weir::engine
