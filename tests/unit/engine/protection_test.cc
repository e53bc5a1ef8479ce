// Rules that harm the others: what trips them, what their events get then, and when that ends.
#include <fmt/format.h>

#include "runtime/engine/apply_change.h"
#include "runtime/engine/carry_over.h"
#include "runtime/engine/state_copy.h"
#include "runtime/engine/state_image.h"
#include "tests/unit/engine/rule_text.h"

namespace weir::engine {
namespace {

constexpr const char* kRules = R"(
event e { n: int  s: string }
rule err on e { id "E" when 10 / e.n > 3 score 1 mode live }
rule costly on e { id "C" when e.s.split("a").exists(x, x == "b") score 1 mode live }
rule other on e { id "O" when e.n == 1 score 1 mode live }
)";
constexpr uint32_t kErr = 0, kCostly = 1;

SessionOptions guarded(Protection err, Protection costly = {}) {
  SessionOptions options;
  options.protections = {err, costly};
  return options;
}

constexpr Protection kThreeErrors{.errors = {3, 60 * kSecond}};

// A long text is dear to the second rule.
std::string text_of(int i) { return i % 3 == 0 ? std::string(4000, 'a') : "short"; }

TEST(Protection, TakesARuleThatErrsOutOfServiceForAWhile) {
  Session session(rules_of(kRules), guarded(kThreeErrors));
  Sender sender(session);
  for (int i = 0; i < 4; ++i) {
    const EventResult& result = sender.send("e", {.seconds = i, .texts = {{"s", "x"}}, .ints = {{"n", 0}}});
    EXPECT_EQ(result.hits.at(0).outcome, Outcome::kError) << i;
    EXPECT_EQ(result.trips, i == 3 ? std::vector<uint32_t>{kErr} : std::vector<uint32_t>()) << i;
  }
  EXPECT_EQ(sender.hits("e", {.seconds = 5, .texts = {{"s", "x"}}, .ints = {{"n", 0}}}), "");
  EXPECT_EQ(sender.hits("e", {.seconds = 6, .texts = {{"s", "x"}}, .ints = {{"n", 1}}}), "other:fired");
  EXPECT_EQ(session.state()->trips().status(kErr, 6 * kSecond).until, 63 * kSecond);
  EXPECT_EQ(sender.hits("e", {.seconds = 63, .texts = {{"s", "x"}}, .ints = {{"n", 1}}}), "err:fired other:fired");
  EXPECT_EQ(session.counters()[kErr].quarantined, 2u);
  EXPECT_EQ(session.counters()[kErr].errors, 4u);
}

TEST(Protection, StatesTheDeclaredVerdictWhereItFailsClosed) {
  Protection closed = kThreeErrors;
  closed.errors.count = 0;
  closed.verdict = ir::Verdict::kBlock;
  Session session(rules_of(kRules), guarded(closed));
  Sender sender(session);
  EXPECT_EQ(sender.send("e", {.texts = {{"s", "x"}}, .ints = {{"n", 0}}}).verdict, ir::Verdict::kAllow);
  const Sender::Fields next{.seconds = 1, .texts = {{"s", "x"}}, .ints = {{"n", 1}}};
  EXPECT_EQ(sender.hits("e", next), "err:quarantined other:fired");
  EXPECT_EQ(sender.send("e", next).verdict, ir::Verdict::kBlock);
  StateChange reset{.kind = ChangeKind::kResetLimit, .name = "E", .time_nanos = kSecond};
  auto applied = apply(*session.state(), reset);
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->before, "out of service for errors since 1970-01-01T00:00:00Z, until 1970-01-01T00:01:00Z");
  EXPECT_EQ(sender.hits("e", next), "err:fired other:fired");
}

// Every result of a stream as text, by one tier, in batches or one by one.
std::string verdicts(Tier tier, bool batched, size_t* trips) {
  SessionOptions options = guarded(kThreeErrors, {.overruns = {2, 3600 * kSecond}, .steps = 1000});
  options.min_batched_rules = 1;
  Session session(rules_of(kRules, tier), options);
  std::vector<std::array<value::Value, 6>> rows(1000);
  std::vector<std::string> texts(rows.size());
  std::vector<Session::EventRow> events;
  for (size_t i = 0; i < rows.size(); ++i) {
    texts[i] = text_of(static_cast<int>(i));
    rows[i] = {value::Value::timestamp(static_cast<int64_t>(i), 0),
               value::Value::string(""),
               value::Value::integer(i % 40 == 39 ? 0 : static_cast<int64_t>(i % 5) + 1),
               value::Value::string(texts[i]),
               value::Value::missing(),
               value::Value::missing()};
    events.push_back({0, rows[i].data()});
  }
  std::string out;
  const auto tell = [&](size_t i, const EventResult& result) {
    out += fmt::format("{} {}", i, result.score);
    for (const Hit& hit : result.hits) out += fmt::format(" {}:{}", hit.rule, outcome_name(hit.outcome));
    for (const uint32_t rule : result.trips) out += fmt::format(" trips {}", rule);
    *trips += result.trips.size();
    out += '\n';
  };
  if (batched) {
    session.evaluate_batch(events, tell);
  } else {
    for (size_t i = 0; i < events.size(); ++i) tell(i, session.evaluate(0, events[i].row));
  }
  EXPECT_GT(session.counters()[kCostly].quarantined, 100u);
  return out;
}

TEST(Protection, TripsTheSameRulesAtTheSameEventsInEveryTier) {
  size_t trips = 0;
  const std::string expected = verdicts(Tier::kInterpreter, false, &trips);
  EXPECT_GE(trips, 1u);
  size_t ignored = 0;
  EXPECT_EQ(verdicts(Tier::kInterpreter, true, &ignored), expected);
#ifdef WEIR_HAVE_JIT
  EXPECT_EQ(verdicts(Tier::kNative, false, &ignored), expected);
  EXPECT_EQ(verdicts(Tier::kNative, true, &ignored), expected);
#endif
}

TEST(Protection, StaysOverReloadsUnlessTheRuleWasChanged) {
  const auto rules = rules_of(kRules);
  Session session(rules, guarded(kThreeErrors));
  Sender sender(session);
  for (int i = 0; i < 4; ++i) sender.send("e", {.texts = {{"s", "x"}}, .ints = {{"n", 0}}});
  ASSERT_EQ(session.state()->trips().tripped(kErr, 0), TripCause::kErrors);

  RestoreReport report;
  const StateOptions options = state_options(session.options());
  const auto restored = restore_state(rules->program_ptr(), options, save_state(session.state()), &report);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ((*restored)->trips().tripped(kErr, 0), TripCause::kErrors);

  std::string renamed = kRules, changed = kRules;
  renamed.replace(renamed.find("rule err"), 8, "rule bad");
  changed.replace(changed.find("> 3"), 3, "> 4");
  const auto same = carry_over(session.state(), rules_of(renamed)->program_ptr(), options);
  EXPECT_EQ(same->trips().tripped(kErr, 0), TripCause::kErrors);
  EXPECT_EQ(carry_over(same, rules_of(changed)->program_ptr(), options)->trips().tripped(kErr, 0), TripCause::kNone);
}

TEST(TimeLimit, EndsAnEventThatTakesTooLongWithTheDeclaredVerdict) {
  const std::string rules = R"(
event e { n: int  s: string }
feature seen = count() from e by e.s over 1h
rule slow on e { id "S" when e.s.split("").all(x, !e.s.split("").exists(y, y == "b" && x == y)) score 1 mode live }
rule quick on e { id "Q" when seen >= 1 score 1 mode live }
)";
  for (const Tier tier : {Tier::kInterpreter, Tier::kAuto}) {
    SessionOptions options;
    options.fail_verdict = ir::Verdict::kReview;
    Session session(rules_of(rules, tier), options);
    Sender sender(session);
    const Sender::Fields heavy{.texts = {{"s", std::string(600, 'a')}}, .ints = {{"n", 1}}};
    session.set_time_limit(std::chrono::microseconds(200));
    const EventResult& expired = sender.send("e", heavy);
    EXPECT_TRUE(expired.expired);
    EXPECT_EQ(expired.verdict, ir::Verdict::kReview);
    EXPECT_TRUE(expired.hits.empty());
    EXPECT_EQ(session.expired_events(), 1u);
    // With time enough it comes to what it comes to without a limit, though it takes many slices.
    session.set_time_limit(std::chrono::minutes(5));
    const std::string limited = sender.hits("e", heavy);
    session.set_time_limit({});
    EXPECT_EQ(sender.hits("e", heavy), limited);
    EXPECT_EQ(limited, "slow:fired quick:fired");
    session.set_time_limit(std::chrono::seconds(5));
    EXPECT_EQ(sender.hits("e", {.texts = {{"s", "ac"}}, .ints = {{"n", 1}}}), "slow:fired quick:fired");
    // Of all calls together: what comes too late is not even looked at, but counted.
    const uint64_t before = session.expired_events();
    session.set_deadline(std::chrono::steady_clock::now());
    EXPECT_TRUE(sender.send("e", {.texts = {{"s", "ac"}}, .ints = {{"n", 1}}}).expired);
    session.set_time_limit({});
    EXPECT_EQ(session.expired_events(), before + 1);
  }
}

}  // namespace
}  // namespace weir::engine
