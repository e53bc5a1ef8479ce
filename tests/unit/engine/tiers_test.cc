// Tiers: what evaluates may change at any event, and nobody can tell by the results.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/engine/rule_text.h"

#ifdef WEIR_HAVE_JIT

namespace weir::engine {
namespace {

using Native = TierStatus::Native;
constexpr std::chrono::minutes kLong{2};

// `count` rules on numbers and texts, some of them missing or in error.
std::string many_rules(int count) {
  std::string out =
      "event e { a: int  b: int?  name: string  tag: string? }\n"
      "decide e { block when score > 100.0 review when score > 20.0 }\n";
  for (int i = 0; i < count; ++i) {
    out += fmt::format("rule r{0} on e {{ id \"R-{0}\" when ", i);
    switch (i % 5) {
      case 0:
        out += fmt::format("e.a > {} && e.name == \"n{}\"", i % 97, i % 13);
        break;
      case 1:
        out += fmt::format("e.b < {} || e.name.contains(\"{}\")", i % 50, i % 10);
        break;
      case 2:
        out += fmt::format("e.a / (e.a - {}) > 1 && e.tag != \"n{}\"", i % 40, i % 7);
        break;
      case 3:
        out += fmt::format("e.name in [\"n{}\", \"n{}\"] && e.a % 7 == {}", i % 13, i % 11, i % 7);
        break;
      default:
        out += fmt::format("e.name.matches(\"n[{}-9]$\") && e.b > {}", i % 9, i % 30);
    }
    out += fmt::format(" score {} mode live }}\n", i % 4);
  }
  return out;
}

std::string result_text(const EventResult& result) {
  std::string out = fmt::format("{} {}:", static_cast<int>(result.verdict), result.score);
  for (const Hit& hit : result.hits)
    out += fmt::format(" {}{}{}", hit.rule, outcome_name(hit.outcome), hit.cause.ok() ? 0u : hit.cause.aux);
  return out;
}

std::string send(Sender& sender, int i) {
  Sender::Fields fields;
  fields.seconds = i;
  fields.texts["name"] = fmt::format("n{}", i % 13);
  if (i % 3 != 0) fields.texts["tag"] = fmt::format("n{}", i % 7);
  fields.ints["a"] = i % 101;
  if (i % 4 != 0) fields.ints["b"] = i % 53;
  return result_text(sender.send("e", fields));
}

class TiersTest : public testing::TestWithParam<int> {};

// Few rules: native code without an index. Many: with one.
TEST_P(TiersTest, SwitchWhileThreadsEvaluate) {
  const std::string text = many_rules(GetParam());
  constexpr int kEvents = 600;
  std::vector<std::string> expected;
  {
    Session session(rules_of(text), {});
    Sender sender(session);
    for (int i = 0; i < kEvents; ++i) expected.push_back(send(sender, i));
  }
  const auto rules = rules_of(text, Tier::kAuto);
  EXPECT_EQ(rules->tier(), Tier::kInterpreter);
  std::vector<std::thread> threads;
  std::atomic<int> before{0}, after{0};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const bool waits = t == 0;  // one thread meets the change between two events for certain
      Session session(rules, {});
      Sender sender(session);
      for (int i = 0; i < kEvents; ++i) {
        if (waits && i == kEvents / 2) {
          EXPECT_TRUE(rules->wait_for_native(kLong));
        }
        ++(rules->tier() == Tier::kNative ? after : before);
        EXPECT_EQ(send(sender, i), expected[static_cast<size_t>(i)]) << "event " << i;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(before, 0);
  EXPECT_GE(after, kEvents / 2);
  const TierStatus status = rules->tier_status();
  EXPECT_EQ(status.native, Native::kReady);
  EXPECT_EQ(status.note, "");
  EXPECT_GT(status.units, 0u);
  EXPECT_EQ(status.units_done, status.units);
  EXPECT_GT(status.code_bytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(Sizes, TiersTest, testing::Values(5, 120, 800));

TEST(Tiers, NativeIsCompiledBeforeCreateReturns) {
  const auto rules = rules_of(many_rules(20), Tier::kNative);
  EXPECT_EQ(rules->tier(), Tier::kNative);
  EXPECT_EQ(rules->tier_status().native, Native::kReady);
  EXPECT_EQ(rules_of(many_rules(20))->tier_status().native, Native::kNone);
}

// Whoever lets go of rules does not wait for their compilation.
TEST(Tiers, RulesMayGoWhileTheyAreCompiled) {
  const std::string text = many_rules(3000);
  auto slow = rules_of(text, Tier::kAuto);
  auto next = rules_of(many_rules(3), Tier::kAuto);
  EXPECT_NE(slow->tier_status().native, Native::kReady);
  const auto start = std::chrono::steady_clock::now();
  slow.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
  EXPECT_TRUE(next->wait_for_native(kLong));  // behind it in the queue
  EXPECT_EQ(next->tier(), Tier::kNative);
}

// The child of a fork has no such thread: it goes on with what there was.
TEST(Tiers, NothingIsLeftOfRulesThatWereCompiledInTheBackground) {
  auto rules = rules_of(many_rules(20), Tier::kAuto);
  ASSERT_TRUE(rules->wait_for_native(kLong));
  const std::weak_ptr<const ir::Program> program = rules->program_ptr();
  rules = nullptr;
  // The thread that compiled lets go of them after it has told so.
  for (int i = 0; i < 1000 && !program.expired(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(program.expired());
}

TEST(Tiers, AForkedChildGoesOnWithTheInterpreter) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a fork while another thread allocates leaves the child with the sanitizer's own locks held";
#endif
  const auto rules = rules_of(many_rules(3000), Tier::kAuto);
  const pid_t child = fork();
  if (child == 0) {
    bool ok = rules->tier() == Tier::kInterpreter;
    Session session(rules, {});
    Sender sender(session);
    ok = ok && !send(sender, 1).empty();
    const auto later = rules_of(many_rules(3), Tier::kAuto);
    ok = ok && later->wait_for_native(std::chrono::milliseconds(0)) && !later->tier_note().empty();
    std::exit(ok ? 0 : 1);  // with all that happens at an exit
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace weir::engine

#endif
