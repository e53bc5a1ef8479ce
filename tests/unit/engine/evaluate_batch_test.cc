// Events in batches and one by one: the same results, and the same state afterwards.
#include <gtest/gtest.h>

#include "tests/unit/engine/state_stream.h"

namespace weir::engine {
namespace {

// Rules that columns decide, wholly or in part, among those that need the state.
std::string rule_text() {
  return all_features() + R"(
event other { k: Account s: string? }
list watched: string from "watched.txt"
rule text on e { when e.s.contains("t 1") && e.d < 50.0 score 1 then { label e.k as seen for 5s } mode live }
rule pattern on e { when e.s.matches("^text [0-9]{2}$") && e.n in [3, 4, 5, 44] score 2 mode live }
rule ratio on e { when double(e.n) / e.d > 0.5 || e.s == "text 7" score 1 mode shadow }
rule fails on e { when 100 / (e.n - 7) > 5 && e.s.endsWith("1") mode live }
rule map on e { when e.m["k1"] > 3 && e.d > 0.0 mode live }
rule tags on e { when "text 12" in e.tags || e.tags.exists(t, t == "text 13") score 1 mode live }
rule listed on e { when e.s in watched && !(e.n < 10) mode live }
rule features on e { when e.n > 5 && f0 > 3 && !e.s.startsWith("text 2") score 1 mode live }
rule optional on other { when other.s == "x" || other.k == "k3" mode live }
)";
}

std::string told(Session& session, const EventResult& result) {
  const ir::Program& program = session.rules().program();
  std::string out =
      fmt::format("{} {} {} {}{} |", static_cast<int>(result.verdict), result.score,
                  static_cast<int>(result.shadow_verdict), result.shadow_score, result.duplicate ? " duplicate" : "");
  for (const Hit& hit : result.hits) {
    out += fmt::format(" {}:{}", program.rules[hit.rule].name, outcome_name(hit.outcome));
    if (!hit.cause.ok() || hit.outcome == Outcome::kError) out += fmt::format("{}", hit.cause.aux);
    if (!program.rules[hit.rule].because.empty()) out += " " + session.because(hit.rule);
  }
  return out;
}

void compare(Tier tier, uint32_t seed) {
  driver::CompileOptions options;
  options.lint = false;
  options.read_file = [](base::FileId, const std::string&) -> std::optional<std::string> {
    return "text 3\ntext 5\ntext 8\n";
  };
  driver::Compilation c = driver::compile({{"rules.weir", rule_text()}}, options);
  ASSERT_NE(c.program, nullptr) << base::render_all(c.diagnostics, *c.sources);
  auto rules = Rules::create(c.program, {tier});
  ASSERT_TRUE(rules.ok()) << rules.status();
  SessionOptions session_options;
  session_options.min_batched_rules = 1;
  EventPolicy policy;
  policy.lateness_nanos = 20 * kSecond;
  policy.duplicates_nanos = 60 * kSecond;
  session_options.events = {policy, policy};
  Session alone(*rules, session_options), together(*rules, session_options);

  const std::vector<Event> stream = random_stream(4000, seed);
  std::vector<std::string> expected, actual;
  std::vector<std::unique_ptr<Row>> rows;
  std::vector<std::vector<value::Value>> others;  // every fifth is of the other type
  const auto other = static_cast<uint32_t>(c.program->find_event("other"));
  std::mt19937 random(seed);
  for (size_t i = 0; i < stream.size();) {
    const size_t size = std::min<size_t>(stream.size() - i, 1 + random() % (random() % 2 == 0 ? 2500 : 80));
    std::vector<Session::EventRow> events;
    rows.clear();
    others.clear();
    for (size_t e = 0; e < size; ++e) {
      rows.push_back(std::make_unique<Row>(*c.program, stream[i + e]));
      events.push_back({rows.back()->type(), rows.back()->slots()});
      if (e % 5 != 0) continue;
      auto& slots = others.emplace_back(c.program->events[other].slot_count);
      std::copy_n(rows.back()->slots(), 2, slots.begin());
      slots[2] = value::Value::string(stream[i + e].key);
      events.back() = {other, slots.data()};
    }
    for (const Session::EventRow& event : events)
      expected.push_back(told(alone, alone.evaluate(event.event, event.row)));
    together.evaluate_batch(events,
                            [&](size_t, const EventResult& result) { actual.push_back(told(together, result)); });
    i += size;
  }
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(actual[i], expected[i]) << "event " << i;
  EXPECT_EQ(all_bytes(save_state(together.state())), all_bytes(save_state(alone.state())));
  EXPECT_GT(alone.duplicate_events(), 0u);
  EXPECT_EQ(together.duplicate_events(), alone.duplicate_events());
  EXPECT_EQ(together.late_events(), alone.late_events());
  EXPECT_LT(together.rules_visited(), alone.rules_visited());
}

TEST(EvaluateBatch, Interpreter) {
  for (uint32_t seed = 1; seed < 4; ++seed) compare(Tier::kInterpreter, seed);
}

#ifdef WEIR_HAVE_JIT
TEST(EvaluateBatch, Native) { compare(Tier::kNative, 9); }
#endif

}  // namespace
}  // namespace weir::engine
