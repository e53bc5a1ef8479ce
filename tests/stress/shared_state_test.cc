// Threads with a session each on one state.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/stress/stress_program.h"

namespace weir::engine {
namespace {

constexpr size_t kThreads = 4;

TEST(SharedState, KeysOfTheirOwnGiveEachThreadWhatOneThreadGives) {
  const StressProgram program = stress_program();
  ASSERT_NE(program.rules, nullptr);
  const std::vector<StressEvent> events = stress_stream(12'000, 40, 1);
  SessionOptions options;
  options.events = {EventPolicy{.lateness_nanos = 15 * kSecond}};

  std::vector<std::string> alone;
  Session one(program.rules, options);
  for (const StressEvent& e : events) {
    Post post = e.post();
    const EventResult& result = one.evaluate(0, post.row);
    alone.push_back(outcome_of(one, result, program));
  }
  ASSERT_GT(one.late_events(), 10u);

  const auto state = std::make_shared<State>(program.rules->program_ptr(), StateOptions{options.events});
  std::vector<std::unique_ptr<Session>> sessions;
  for (size_t t = 0; t < kThreads; ++t) sessions.push_back(std::make_unique<Session>(program.rules, state, options));
  std::vector<std::string> together(events.size());
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Session& session = *sessions[t];
      for (size_t i = 0; i < events.size(); ++i) {
        if (std::hash<std::string>()(events[i].author) % kThreads != t) {
          session.observe(0, events[i].nanos);
          continue;
        }
        Post post = events[i].post();
        const EventResult& result = session.evaluate(0, post.row);
        together[i] = outcome_of(session, result, program);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  for (size_t i = 0; i < events.size(); ++i) ASSERT_EQ(together[i], alone[i]) << "event " << i;
  uint64_t late = 0;
  for (const auto& session : sessions) late += session->late_events();
  EXPECT_EQ(late, one.late_events());
  EXPECT_EQ(state->clock(), events.size());
  for (uint32_t f = 0; f < state->features(); ++f) {
    EXPECT_EQ(state->feature(f).counters().added, one.feature_counters(f).added) << f;
    EXPECT_EQ(state->feature(f).keys(), one.feature_keys(f)) << f;
  }
}

// All threads use the same keys, while somebody keeps stopping them to look.
TEST(SharedState, KeysInCommonAddUpAndAPauseSeesWholeEvents) {
  const StressProgram program = stress_program();
  ASSERT_NE(program.rules, nullptr);
  constexpr int64_t kEach = 4'000, kKeys = 10;
  const auto state = std::make_shared<State>(program.rules->program_ptr(), StateOptions{});
  std::vector<std::unique_ptr<Session>> sessions;
  for (size_t t = 0; t < kThreads; ++t)
    sessions.push_back(std::make_unique<Session>(program.rules, state, SessionOptions()));
  std::atomic<size_t> running{kThreads};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < kEach; ++i) {
        Post post(100, "u" + std::to_string(i % kKeys), i % 100, "w");
        sessions[t]->evaluate(0, post.row);
      }
      --running;
    });
  }
  uint64_t pauses = 0;
  do {
    const Gate::Pause paused = state->pause();
    const uint64_t clock = state->clock();
    for (uint32_t f = 0; f < state->features(); ++f) ASSERT_EQ(state->feature(f).counters().added, clock) << f;
    ++pauses;
  } while (running > 0);
  for (std::thread& t : threads) t.join();
  EXPECT_GT(pauses, 1u);

  RuleCounters busy, rare;
  for (const auto& session : sessions) {
    busy.fired += session->counters()[0].fired;
    busy.suppressed += session->counters()[0].suppressed;
    rare.fired += session->counters()[2].fired;
    rare.tripped += session->counters()[2].tripped;
  }
  EXPECT_EQ(busy.fired, static_cast<uint64_t>(kKeys));  // once per key, whoever came first
  // An event may see those that other threads added between its own update and its rules.
  EXPECT_LE(busy.fired + busy.suppressed, kThreads * kEach - kKeys * (19 - (kThreads - 1)));
  EXPECT_GE(busy.fired + busy.suppressed, kThreads * kEach - kKeys * 19);
  EXPECT_EQ(rare.fired, 100u);
  EXPECT_EQ(rare.fired + rare.tripped, kThreads * kEach / 100);
  for (int64_t k = 0; k < kKeys; ++k) {
    Post post(100, "u" + std::to_string(k), 0, "w");
    sessions[0]->evaluate(0, post.row);
    EXPECT_EQ(sessions[0]->eval(program.reads[0]).i, static_cast<int64_t>(kThreads) * kEach / kKeys + 1);
    int64_t sum = 0;
    for (int64_t i = k; i < kEach; i += kKeys) sum += i % 100;
    EXPECT_EQ(sessions[0]->eval(program.reads[1]).i, static_cast<int64_t>(kThreads) * sum);
    EXPECT_TRUE(sessions[1]->has_label(0, value::Value::string("u" + std::to_string(k)), 101 * kSecond));
  }
}

TEST(SharedState, ASessionThatComesLaterFindsWhatTheFirstOneLeft) {
  const StressProgram program = stress_program();
  ASSERT_NE(program.rules, nullptr);
  Session first(program.rules, {});
  for (int64_t i = 0; i < 25; ++i) {
    Post post(100 + i, "u", i, "w");
    first.evaluate(0, post.row);
  }
  const size_t bytes = first.state_bytes();
  {
    Session second(program.rules, first.state(), {});
    Post post(125, "u", 0, "w");
    const EventResult& result = second.evaluate(0, post.row);
    ASSERT_EQ(result.hits.size(), 2u);
    EXPECT_EQ(result.hits[0].outcome, Outcome::kSuppressed);
    EXPECT_EQ(second.eval(program.reads[0]).i, 26);
    EXPECT_LT(second.state_bytes(), bytes + 30'000);
    Post future(1000, "v", 0, "w");
    second.evaluate(0, future.row);
  }
  // The second one's time is the state's.
  EXPECT_EQ(first.state()->newest(0), 1000 * kSecond);
}

TEST(SharedState, LabelsAnEventWritesAreSeenByOtherSessionsButNotByTheEventItself) {
  const StressProgram program = stress_program();
  ASSERT_NE(program.rules, nullptr);
  Session first(program.rules, {});
  Session second(program.rules, first.state(), {});
  Post post(100, "u", 0, "w");
  for (int64_t i = 0; i < 20; ++i) first.evaluate(0, post.row);
  EXPECT_FALSE(first.eval(program.rules->program().rules[1].when).is_true());
  EXPECT_TRUE(second.has_label(0, value::Value::string("u"), 100 * kSecond));
  const EventResult& result = second.evaluate(0, post.row);
  EXPECT_EQ(result.hits.back().rule, 1u);
}

}  // namespace
}  // namespace weir::engine
