// Hostile floods of keys: memory stays within the budget, known keys stay, and nothing is given up uncounted.
#include <gtest/gtest.h>
#include <malloc.h>

#include <thread>

#include "tests/stress/stress_program.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_TEST_SANITIZED 1
#endif

namespace weir::engine {
namespace {

size_t heap_in_use() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

void check_heap(size_t before, size_t allowed) {
#ifndef WEIR_TEST_SANITIZED  // the sanitizers bring their own heap
  const size_t after = heap_in_use();
  EXPECT_LE(after - std::min(before, after), allowed);
#else
  (void)before, (void)allowed;
#endif
}

void flood(Session& session, int64_t first, int64_t keys, const std::string& known, size_t budget) {
  for (int64_t i = 0; i < keys; ++i) {
    Post post(100, "flood" + std::to_string(first + i), i % 50, "some text that is kept");
    session.evaluate(0, post.row);
    if (i % 50 == 0) {
      Post again(100, known, 1, "w");
      session.evaluate(0, again.row);
    }
    if (i % 1000 == 0) {
      ASSERT_LT(session.state_bytes(), budget + budget / 64 + 50'000);
    }
  }
  Post again(100, known, 1, "w");
  session.evaluate(0, again.row);
}

TEST(Flood, OneSessionKeepsItsBudgetAndItsKnownKeys) {
  const StressProgram program = stress_program();
  ASSERT_NE(program.rules, nullptr);
  constexpr size_t kBudget = 4'000'000;
  constexpr int64_t kKeys = 60'000;
  const size_t before = heap_in_use();
  SessionOptions options;
  options.max_state_bytes = kBudget;
  Session session(program.rules, options);
  flood(session, 0, kKeys, "known", kBudget);
  // Chunks that are partly used, index tables while they grow, what malloc adds to each allocation.
  check_heap(before, kBudget * 5 / 4 + 500'000);
  EXPECT_EQ(session.eval(program.reads[13]).i, kKeys / 50 + 1);  // the known key's sum over `all`
  for (uint32_t f = 0; f < session.state()->features(); ++f) {
    EXPECT_EQ(session.feature_counters(f).evicted + session.feature_keys(f), kKeys + 1u) << f;
    EXPECT_GT(session.feature_counters(f).evicted, 10'000u);
  }
}

TEST(Flood, SeveralSessionsKeepItTogether) {
  const StressProgram program = stress_program();
  ASSERT_NE(program.rules, nullptr);
  constexpr size_t kBudget = 8'000'000;
  constexpr int64_t kKeys = 25'000;
  const size_t before = heap_in_use();
  const auto state = std::make_shared<State>(program.rules->program_ptr(), StateOptions{{}, kBudget});
  std::vector<std::unique_ptr<Session>> sessions;
  for (int t = 0; t < 3; ++t) sessions.push_back(std::make_unique<Session>(program.rules, state, SessionOptions()));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] { flood(*sessions[static_cast<size_t>(t)], t * kKeys, kKeys, "known", kBudget); });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_LT(state->bytes(), kBudget + 50'000);
  size_t bytes = state->labels().bytes() + state->once(0)->bytes();
  for (uint32_t f = 0; f < state->features(); ++f) bytes += state->feature(f).bytes();
  EXPECT_EQ(state->bytes(), bytes) << "what sessions report does not add up";
  check_heap(before, kBudget * 5 / 4 + 64 * state->features() * 8'000);
  Post again(100, "known", 1, "w");  // whichever thread ran: none ran for long without touching it
  sessions[0]->evaluate(0, again.row);
  EXPECT_EQ(sessions[0]->eval(program.reads[13]).i, 3 * (kKeys / 50 + 1) + 1);
  for (uint32_t f = 0; f < state->features(); ++f) {
    EXPECT_EQ(state->feature(f).counters().evicted + state->feature(f).keys(), 3 * kKeys + 1u) << f;
  }
}

// A feature that gave up its keys for another one's gives up their memory, too.
TEST(Flood, MemoryMovesFromOneFeatureToAnother) {
  ProgramBuilder b;
  const uint32_t by_author = b.add_feature(ir::Aggregation::kCount, 86400, b.slot(b.kAuthor));
  const uint32_t by_n = b.add_feature(ir::Aggregation::kCount, 86400, b.slot(b.kN));
  b.add_rule("r", b.boolean(B::greater_int, b.feature(by_author), b.feature(by_n)));
  auto rules = Rules::create(b.build(), {.tier = Tier::kInterpreter});
  ASSERT_TRUE(rules.ok());
  constexpr size_t kBudget = 4'000'000;
  const size_t before = heap_in_use();
  SessionOptions options;
  options.max_state_bytes = kBudget;
  Session session(*rules, options);
  for (int64_t i = 0; i < 150'000; ++i) {
    Post post(100, "a" + std::to_string(i), 1);
    session.evaluate(0, post.row);
  }
  EXPECT_GT(session.feature_bytes(by_author), kBudget * 9 / 10);
  for (int64_t i = 0; i < 150'000; ++i) {
    Post post(100, "a", i);
    session.evaluate(0, post.row);
  }
  EXPECT_GT(session.feature_bytes(by_n), kBudget * 9 / 10);
  EXPECT_EQ(session.feature_keys(by_author), 1u);
  check_heap(before, kBudget * 5 / 4 + 100'000);
}

TEST(Flood, LabelsTakeHalfThenNewOnesAreRefusedAndTheOthersStay) {
  ProgramBuilder b;
  ir::Effect label;
  label.kind = ir::EffectKind::kLabel;
  label.key = b.slot(ProgramBuilder::kAuthor);
  ir::Effect block;
  block.kind = ir::EffectKind::kVerdict;
  block.verdict = ir::Verdict::kBlock;
  b.add_rule("mark", b.boolean(B::equals, b.slot(b.kN), b.integer(1))).effects = {label, block};
  b.add_feature(ir::Aggregation::kCount, 86400, b.slot(b.kAuthor));
  auto rules = Rules::create(b.build(), {.tier = Tier::kInterpreter});
  ASSERT_TRUE(rules.ok());
  constexpr size_t kBudget = 1'000'000;
  SessionOptions options;
  options.max_state_bytes = kBudget;
  Session session(*rules, options);
  constexpr int64_t kKeys = 30'000;
  for (int64_t i = 0; i < kKeys; ++i) {
    Post post(100 + i, "a" + std::to_string(i), 1);
    ASSERT_EQ(session.evaluate(0, post.row).verdict, ir::Verdict::kBlock);  // a label refused is no verdict refused
    ASSERT_LT(session.state_bytes(), kBudget + 20'000);
  }
  const state::LabelStore& labels = session.state()->labels();
  EXPECT_LT(labels.bytes(), kBudget / 2 + 20'000);
  const uint64_t refused = labels.refused(0);
  EXPECT_GT(refused, kKeys / 2);
  const auto has = [&](int64_t i) {
    return session.has_label(0, value::Value::string("a" + std::to_string(i)), (200 + kKeys) * kSecond);
  };
  EXPECT_TRUE(has(0));
  EXPECT_TRUE(has(kKeys - 1 - static_cast<int64_t>(refused)));
  EXPECT_FALSE(has(kKeys - 1));
  EXPECT_GT(session.feature_keys(0), 1000u);  // features have their part
}

TEST(Flood, ExpiredLabelsMakeRoom) {
  std::vector<ir::Label> labels = {{"l", 0, 0}};
  state::LabelStore store(labels, 100'000);
  for (int64_t i = 0; i < 100'000; ++i) {
    // Every tenth is for ever, and in front of those that expire.
    const bool forever = i < 500 && i % 10 == 0;
    store.set(0, state::make_key(value::Value::integer(i)), i, forever ? 0 : 100, 0, static_cast<uint64_t>(i), i);
    ASSERT_LT(store.bytes(), 100'000u);
  }
  EXPECT_EQ(store.refused(0), 0u);
  EXPECT_TRUE(store.has(0, state::make_key(value::Value::integer(10)), 200'000));
}

TEST(Flood, OnceKeysTakeAQuarterThenTheOldestGo) {
  ProgramBuilder b;
  ir::Rule& rule = b.add_rule("r", b.boolean(B::equals, b.slot(b.kN), b.integer(1)));
  rule.once_key = b.slot(b.kAuthor);
  rule.once_nanos = 86400 * kSecond;
  auto rules = Rules::create(b.build(), {.tier = Tier::kInterpreter});
  ASSERT_TRUE(rules.ok());
  constexpr size_t kBudget = 1'000'000;
  SessionOptions options;
  options.max_state_bytes = kBudget;
  Session session(*rules, options);
  constexpr int64_t kKeys = 40'000;
  for (int64_t i = 0; i < kKeys; ++i) {
    Post post(100, "a" + std::to_string(i), 1);
    session.evaluate(0, post.row);
    ASSERT_LT(session.state_bytes(), kBudget + 20'000);
  }
  const auto outcome = [&](int64_t i) {
    Post post(100, "a" + std::to_string(i), 1);
    return session.evaluate(0, post.row).hits.at(0).outcome;
  };
  EXPECT_EQ(outcome(kKeys - 1), Outcome::kSuppressed);
  EXPECT_EQ(outcome(0), Outcome::kFired);  // forgotten
  EXPECT_GT(session.state()->once(0)->evicted(), kKeys / 4);
}

}  // namespace
}  // namespace weir::engine
