#include "runtime/engine/test_runner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/engine/program_builder.h"

namespace weir::engine {
namespace {

using B = types::BuiltinId;
using Kind = ir::TestStep::Kind;

// A rule that fires from the third post of an author within a minute, and labels the author.
class TestRunnerTest : public testing::Test {
 protected:
  TestRunnerTest() {
    const uint32_t f = b_.add_feature(ir::Aggregation::kCount, 60, b_.slot(b_.kAuthor));
    const ir::NodeId when = b_.boolean(B::greater_equals_int, b_.feature(f), b_.integer(3));
    ir::Rule& rule = b_.add_rule("burst", when);
    rule.clauses = {when};
    ir::Effect effect;
    effect.kind = ir::EffectKind::kLabel;
    effect.key = b_.slot(b_.kAuthor);
    effect.duration_nanos = int64_t{3600} * 1'000'000'000;
    rule.effects.push_back(effect);
    effect.kind = ir::EffectKind::kVerdict;
    effect.verdict = ir::Verdict::kReview;
    rule.effects.push_back(effect);
  }

  ir::TestStep send() {
    ir::TestStep s = step(Kind::kSend);
    s.fields = {{b_.kAuthor, b_.text("a")}, {b_.kN, b_.integer(1)}};
    return s;
  }
  ir::TestStep step(Kind kind, int64_t count = 0) {
    ir::TestStep s;
    s.kind = kind;
    s.count = count;
    if (kind == Kind::kExpectLabel || kind == Kind::kExpectNoLabel) s.value = b_.text("a");
    return s;
  }
  ir::TestStep verdict(ir::Verdict v) {
    ir::TestStep s = step(Kind::kExpectVerdict);
    s.verdict = v;
    return s;
  }
  ir::TestStep repeat(int64_t rounds, int64_t seconds, std::vector<ir::TestStep> body) {
    ir::TestStep s = step(Kind::kRepeat);
    s.value = b_.integer(rounds);
    s.nanos = seconds * 1'000'000'000;
    s.body = std::move(body);
    return s;
  }
  ir::TestStep wait(int64_t seconds) {
    ir::TestStep s = step(Kind::kWait);
    s.nanos = seconds * 1'000'000'000;
    return s;
  }

  // The failures' messages, one a line.
  std::string run(std::vector<ir::TestStep> steps) {
    ir::Test test;
    test.title = "t";
    test.slot_count = 1;
    test.steps = std::move(steps);
    b_.p.tests.push_back(std::move(test));
    RulesOptions options;
    options.tier = Tier::kInterpreter;
    auto rules = Rules::create(b_.build(), options);
    EXPECT_TRUE(rules.ok()) << rules.status();
    TestRunOptions run_options;
    run_options.coverage = true;
    report_ = run_tests(*rules, run_options);
    std::string out;
    for (const TestFailure& f : report_.results.at(0).failures) out += f.message + "\n";
    return out;
  }

  ProgramBuilder b_;
  TestReport report_;
};

TEST_F(TestRunnerTest, ExpectationsHold) {
  EXPECT_EQ(run({repeat(2, 10, {send()}), step(Kind::kExpectFires, 0), step(Kind::kExpectNoLabel),
                 verdict(ir::Verdict::kAllow), send(), step(Kind::kExpectFires, 1), step(Kind::kExpectLabel),
                 verdict(ir::Verdict::kReview), wait(3600), step(Kind::kExpectNoLabel), send(),
                 verdict(ir::Verdict::kAllow)}),
            "");
  EXPECT_TRUE(report_.passed());
  EXPECT_EQ(report_.results[0].events, 4u);
  EXPECT_EQ(report_.coverage[0].evaluated, 4u);
  EXPECT_EQ(report_.coverage[0].was_true, 1u);
  EXPECT_EQ(report_.coverage[0].clauses.at(0).was_false, 3u);
}

TEST_F(TestRunnerTest, RepeatMovesTheClock) {
  EXPECT_EQ(run({repeat(5, 60, {send()}), step(Kind::kExpectFires, 0)}), "");
}

TEST_F(TestRunnerTest, TooManyFiresShowTheFirstOneTooMany) {
  EXPECT_EQ(run({repeat(5, 1, {send()}), step(Kind::kExpectFires, 1)}),
            "expected `burst` to fire once, it fired 3 times\n");
  const TestFailure& f = report_.results[0].failures[0];
  EXPECT_EQ(f.event_number, 4u);
  EXPECT_EQ(f.event, "post { time: timestamp(\"2026-01-01T00:00:03Z\"), id: \"t4\", author: \"a\", n: 1 }");
  ASSERT_TRUE(f.has_why);
  EXPECT_EQ(f.why.root.value, "true");
  ASSERT_EQ(f.why.root.children.size(), 1u);
  EXPECT_EQ(f.why.root.children[0].value, "4");
}

TEST_F(TestRunnerTest, TooFewFiresShowTheLastEvent) {
  EXPECT_EQ(run({send(), send(), step(Kind::kExpectFires, 1), step(Kind::kExpectLabel), verdict(ir::Verdict::kBlock)}),
            "expected `burst` to fire once, it fired 0 times\n"
            "expected \"a\" to have label `suspect`\n"
            "expected verdict `block`, got `allow`\n");
  EXPECT_EQ(report_.results[0].failures[0].event_number, 2u);
  EXPECT_EQ(report_.results[0].failures[0].why.root.children.at(0).value, "2");
}

TEST_F(TestRunnerTest, AConditionThatDoesNotHoldIsExplained) {
  ir::TestStep that = step(Kind::kExpectThat);
  that.value = b_.boolean(B::equals, b_.slot(b_.kN), b_.integer(2));
  EXPECT_EQ(run({send(), that}), "expected the condition to be true, it is false\n");
  EXPECT_EQ(report_.results[0].failures[0].why.root.children.at(0).value, "1");
}

TEST_F(TestRunnerTest, AMissingRequiredFieldEndsTheTest) {
  ir::TestStep bad = step(Kind::kSend);
  bad.fields = {{b_.kN, b_.integer(1)}};
  EXPECT_EQ(run({bad, verdict(ir::Verdict::kBlock)}), "event `post` is sent without its field `author`\n");
}

}  // namespace
}  // namespace weir::engine
