// Stopped and restored is the same as never stopped: every aggregation over every kind of window, labels, once, limits,
// evictions, and the bytes that all of it takes.
#include "runtime/engine/state_image.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/engine/carry_over.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/state_copy.h"
#include "tests/unit/engine/state_stream.h"

namespace weir::engine {
namespace {

class StateImage : public testing::TestWithParam<bool> {};  // whether the state is shared

TEST_P(StateImage, StoppedAndRestoredIsTheSameAsNeverStopped) {
  const auto rules = load(all_features());
  ASSERT_NE(rules, nullptr);
  SessionOptions options;
  options.events = {EventPolicy{10 * kSecond, 60 * kSecond, 30 * kSecond}};
  options.max_state_bytes = 400'000;  // keys are given up all the time
  const auto fresh = [&] {
    auto state = std::make_shared<State>(rules->program_ptr(), state_options(options));
    if (GetParam()) state->share();
    return state;
  };
  const std::shared_ptr<State> whole_state = fresh();
  Session whole(rules, whole_state, options);
  std::shared_ptr<State> state = fresh();
  auto session = std::make_unique<Session>(rules, state, options);
  std::mt19937 random(7);
  const std::vector<Event> stream = random_stream(1500, 1);
  for (size_t i = 0; i < stream.size(); ++i) {
    if (random() % 90 == 0) {
      const std::vector<StateSection> sections = save_state(state);
      RestoreReport report;
      auto restored = restore_state(rules->program_ptr(), state_options(options), sections, &report);
      ASSERT_TRUE(restored.ok()) << restored.status();
      EXPECT_EQ(report.features, rules->program().features.size());
      EXPECT_TRUE(report.warming.empty());
      EXPECT_EQ(report.dropped, 0u);
      EXPECT_EQ((*restored)->bytes(), state->bytes()) << "at event " << i;
      ASSERT_TRUE(all_bytes(save_state(*restored)) == all_bytes(sections)) << "at event " << i;
      session.reset();
      state = *restored;
      session = std::make_unique<Session>(rules, state, options);
    }
    ASSERT_EQ(evaluate(*session, stream[i]), evaluate(whole, stream[i])) << "event " << i;
  }
  if (!GetParam()) {
    EXPECT_TRUE(all_bytes(save_state(state)) == all_bytes(save_state(whole_state)));
  }
  uint64_t evicted = 0;
  for (uint32_t f = 0; f < state->features(); ++f) evicted += state->feature(f).counters().evicted;
  EXPECT_GT(evicted, 100u);
}

TEST_P(StateImage, ACopyIsAsOfItsBeginningWhileEventsGoOn) {
  const auto rules = load(all_features());
  ASSERT_NE(rules, nullptr);
  SessionOptions options;
  options.max_state_bytes = 3 << 19;  // keys are given up meanwhile
  auto state = std::make_shared<State>(rules->program_ptr(), state_options(options));
  if (GetParam()) state->share();
  Session session(rules, state, options);
  const std::vector<Event> stream = random_stream(1500, 9);
  size_t i = 0;
  while (i < stream.size()) {
    const auto before = all_bytes(save_state(state));
    StateCopy copy(state);
    for (const size_t until = std::min(i + 150, stream.size()); i < until; ++i) evaluate(session, stream[i]);
    ASSERT_TRUE(all_bytes(copy.finish()) == before) << "before event " << i;
  }
}

TEST(StateCopying, ThreadsEvaluateAndAdoptWhileCopiesAreTaken) {
  const auto rules = load(all_features()), others = load(all_features() + "\nrule more on e { when e.n > 3 }\n");
  ASSERT_NE(rules, nullptr);
  ASSERT_NE(others, nullptr);
  const SessionOptions options;
  auto state = std::make_shared<State>(rules->program_ptr(), state_options(options));
  state->share();
  std::atomic<int> running{2};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      Session session(rules, state, options);
      for (const Event& e : random_stream(1500, static_cast<unsigned>(t))) evaluate(session, e);
      --running;
    });
  }
  int copies = 0;
  do {
    StateCopy copy(state);
    RestoreReport report;
    auto restored = restore_state(rules->program_ptr(), state_options(options), copy.finish(), &report);
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_EQ(report.features, rules->program().features.size());
    ++copies;
  } while (running > 0);
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(copies, 0);

  // Parts do not move to another state before a copy of them is done; one that nobody finishes holds nothing up.
  const auto before = all_bytes(save_state(state));
  auto copy = std::make_unique<StateCopy>(state);
  std::thread adopts([&] { carry_over(state, others->program_ptr(), state_options(options)); });
  EXPECT_TRUE(all_bytes(copy->finish()) == before);
  adopts.join();
  EXPECT_NE(state->successor(), nullptr);
  { const StateCopy given_up(state->successor()); }
  EXPECT_FALSE(save_state(state->successor()).empty());
}

INSTANTIATE_TEST_SUITE_P(Shared, StateImage, testing::Bool());

TEST(StateImageErrors, ABrokenSectionIsAnErrorAndNeverACrash) {
  const auto rules = load(all_features());
  ASSERT_NE(rules, nullptr);
  const SessionOptions options;
  auto state = std::make_shared<State>(rules->program_ptr(), state_options(options));
  Session session(rules, state, options);
  for (const Event& e : random_stream(150, 3)) evaluate(session, e);
  const std::vector<StateSection> sections = save_state(state);
  StateOptions small;
  small.max_bytes = 1 << 20;
  std::mt19937 random(5);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<StateSection> one = {sections[0], sections[random() % sections.size()]};
    std::string& payload = one[round % 10 == 0 ? 0 : 1].payload;
    for (int edits = 1 + static_cast<int>(random() % 3); edits > 0 && !payload.empty(); --edits) {
      payload[random() % payload.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) payload.resize(random() % (payload.size() + 1));
    RestoreReport report;
    refused += !restore_state(rules->program_ptr(), small, one, &report).ok();
  }
  EXPECT_GT(refused, 1000);
}

// --- Other rules

constexpr std::string_view kBefore = R"(
entity Account: string
event e { k: Account n: int d: double s: string tags: list<string> m: map<string, int>? }
label seen on Account
feature kept = count() from e by e.k over 1h
feature changed = sum(e.n) from e by e.k over 1m
rule a on e { id "A" when e.n > 40 then { label e.k as seen } mode live }
rule tells on e { id "T" when true because "{kept} {changed}" }
)";

std::string after_edit() {
  return R"(
entity Account: string
event e { s: string? k: Account extra: string? n: int }
label other, seen on Account
feature brand_new = count() from e by e.k over 2m
feature changed = sum(e.n + 0) from e where e.n > 0 by e.k over 1m
feature kept = count() from e by e.k over 1h
feature of_new = count() from e where brand_new[e.k] >= 0 by e.k over 1m
feature ever = count() from e by e.k over all
feature few = count() from e by e.k over last 2
feature run = count() from e by e.k over session 10s
rule b on e { id "B" when "seen" in labels(e.k) score 1 mode live }
rule tells on e { id "T" when true because "{kept} {changed} {brand_new} {of_new} {ever} {few} {run}" }
)";
}

TEST(OtherRules, KeepWhatMeansTheSameAndWarmWhatDoesNot) {
  for (const bool in_process : {true, false}) {
    SCOPED_TRACE(in_process);
    const auto before = load(std::string(kBefore)), after = load(after_edit());
    ASSERT_NE(before, nullptr);
    ASSERT_NE(after, nullptr);
    const SessionOptions options;
    auto state = std::make_shared<State>(before->program_ptr(), state_options(options));
    auto session = std::make_unique<Session>(before, state, options);
    Event e{1'700'000'000 * kSecond, "1", "k", "t", 45, 0};
    EXPECT_THAT(evaluate(*session, e), testing::HasSubstr("1 45"));
    std::shared_ptr<State> next;
    if (in_process) {
      next = carry_over(state, after->program_ptr(), state_options(options));
      EXPECT_EQ(carry_over(state, after->program_ptr(), state_options(options)), next);
      EXPECT_EQ(session->feature_keys(0), 0u);
      evaluate(*session, e);  // is not evaluated: the state has moved
    } else {
      RestoreReport report;
      auto restored = restore_state(after->program_ptr(), state_options(options), save_state(state), &report);
      ASSERT_TRUE(restored.ok()) << restored.status();
      next = *restored;
      EXPECT_EQ(report.features, 1u);
      EXPECT_EQ(report.labels, 1u);
      EXPECT_EQ(report.warming.size(), 6u);
      EXPECT_EQ(report.dropped, 1u);
    }
    session = std::make_unique<Session>(after, next, options);
    const auto at = [&](int64_t seconds) {
      e.time = (1'700'000'000 + seconds) * kSecond;
      const std::string got = evaluate(*session, e);
      return got.substr(got.find("1:fired ") + 8);
    };
    EXPECT_EQ(at(1), "2 (warming) (warming) (warming) (warming) (warming) (warming)");
    EXPECT_EQ(at(12), "3 (warming) (warming) (warming) (warming) 2 1");  // `last 2` is full; a run began in view
    EXPECT_EQ(at(60), "4 135 (warming) (warming) (warming) 2 1");
    EXPECT_EQ(at(119), "5 90 (warming) (warming) (warming) 2 1");
    EXPECT_EQ(at(120), "6 90 4 (warming) (warming) 2 2");
    EXPECT_EQ(at(180), "7 45 3 1 (warming) 2 1");  // what reads a warming feature warms after it
    EXPECT_FALSE(next->warming(0));
    EXPECT_TRUE(next->warming(4));
    const std::vector<Session::Cause> causes = session->causes();
    EXPECT_TRUE(causes.empty());
  }
}

TEST(OtherRules, SaysWarmingWhereARuleNeedsIt) {
  const auto before = load(std::string(kBefore));
  const auto after = load(std::string(kBefore) +
                          "feature fresh = count() from e by e.k over 1h\n"
                          "rule needs on e { id \"N\" when fresh > 0 }\n");
  ASSERT_NE(before, nullptr);
  ASSERT_NE(after, nullptr);
  const SessionOptions options;
  auto state = std::make_shared<State>(before->program_ptr(), state_options(options));
  auto session = std::make_unique<Session>(before, state, options);
  const Event e{1'700'000'000 * kSecond, "1", "k", "t", 5, 0};
  evaluate(*session, e);
  session = std::make_unique<Session>(after, carry_over(state, after->program_ptr(), state_options(options)), options);
  evaluate(*session, e);
  const std::vector<Session::Cause> causes = session->causes();
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_TRUE(causes[0].missing);
  EXPECT_EQ(causes[0].text, "fresh (warming)");
  EXPECT_THAT(session->explain(static_cast<uint32_t>(after->program().find_rule("needs"))).root.value,
              testing::HasSubstr("fresh (warming)"));
}

}  // namespace
}  // namespace weir::engine
