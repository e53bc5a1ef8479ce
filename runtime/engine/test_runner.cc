#include "runtime/engine/test_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/explain/failure_text.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::engine {
namespace {

using Kind = ir::TestStep::Kind;
using value::Value;

constexpr int64_t kStart = int64_t{1'767'225'600} * 1'000'000'000;  // 2026-01-01T00:00:00Z

std::string times(int64_t n) { return n == 1 ? "once" : fmt::format("{} times", n); }

// A test's own expressions see repeat variables and no state.
class NoState final : public value::StateView {
 public:
  Value feature(uint32_t) override { return Value::missing(); }
  Value feature_at(uint32_t, const Value*, uint32_t) override { return Value::missing(); }
  bool has_label(uint32_t, const Value&) override { return false; }
  bool has_label_named(uint32_t, std::string_view, const Value&) override { return false; }
  Value labels(uint32_t, const Value&, value::Arena&) override { return Value::missing(); }
  Value list_contains(uint32_t, const Value&) override { return Value::missing(); }
};

// One run of one test. With `stop_at` it ends after that event, so that the failure can be looked into at leisure.
class TestRun {
 public:
  TestRun(std::shared_ptr<const Rules> rules, const TestRunOptions& options, const ir::Test& test, uint64_t stop_at,
          std::vector<RuleCoverage>* coverage)
      : rules_(std::move(rules)),
        program_(rules_->program()),
        options_(options),
        test_(test),
        stop_at_(stop_at),
        coverage_(coverage),
        session_(rules_, options.session),
        test_row_(test.slot_count),
        memo_(program_.module.memo_count),
        locals_(program_.module.local_count),
        fires_(program_.rules.size()) {
    ctx_.row = test_row_.data();
    ctx_.memo = memo_.data();
    ctx_.locals = locals_.data();
    ctx_.constants = rules_->constants().values();
    ctx_.arena = &arena_;
    ctx_.state = &no_state_;
    ctx_.module = &program_.module;
  }

  void run() { run_steps(test_.steps); }

  uint64_t events() const { return events_; }
  std::vector<TestFailure>& failures() { return failures_; }
  Session& session() { return session_; }
  uint32_t last_event() const { return last_event_; }

  std::string event_literal() const {
    const types::EventSchema& schema = program_.events[last_event_].schema;
    std::string out = schema.name + " {";
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      if (row_[i].is_missing()) continue;
      out += fmt::format("{} {}: {}", out.back() == '{' ? "" : ",", schema.fields[i].name, value::to_literal(row_[i]));
    }
    return out + " }";
  }

 private:
  // False: the test cannot go on, or was stopped.
  bool run_steps(const std::vector<ir::TestStep>& steps) {
    return std::all_of(steps.begin(), steps.end(), [&](const ir::TestStep& step) { return run_step(step); });
  }

  bool run_step(const ir::TestStep& step) {
    switch (step.kind) {
      case Kind::kSend:
        return send(step);
      case Kind::kRepeat:
        return repeat(step);
      case Kind::kWait:
        clock_ = state::saturating_add(clock_, step.nanos);
        return true;
      case Kind::kExpectFires:
        expect_fires(step);
        return true;
      case Kind::kExpectLabel:
      case Kind::kExpectNoLabel:
        expect_label(step);
        return true;
      case Kind::kExpectVerdict:
        expect_verdict(step);
        return true;
      case Kind::kExpectThat:
        expect_that(step);
        return true;
    }
    return true;
  }

  Value evaluate(ir::NodeId node) {
    ++ctx_.epoch;
    ctx_.steps = options_.session.max_steps;
    return rules_->interpreter().eval(node, ctx_);
  }

  TestFailure& fail(const ir::TestStep& step, std::string message) {
    TestFailure& failure = failures_.emplace_back();
    failure.span = step.span;
    failure.message = std::move(message);
    return failure;
  }

  bool send(const ir::TestStep& step) {
    if (events_ >= options_.max_events) {
      fail(step, fmt::format("the test sends more than {} events", options_.max_events));
      return false;
    }
    arena_.reset();
    const ir::Event& event = program_.events[step.event];
    const std::vector<types::Field>& fields = event.schema.fields;
    row_.assign(event.slot_count, Value::missing());
    for (const auto& [slot, node] : step.fields) {
      const Value v = evaluate(node);
      if (!v.ok()) {
        fail(step, fmt::format("field `{}` has no value: {}", fields[slot].name,
                               explain::outcome_text(program_, step.event, v)));
        return false;
      }
      if (!v.is(value::Kind::kNull) || !fields[slot].optional) row_[slot] = v;
    }
    constexpr size_t kTime = types::EventSchema::kTimeSlot, kId = types::EventSchema::kIdSlot;
    if (row_[kTime].is(value::Kind::kTimestamp)) {
      clock_ = std::max(clock_, state::to_nanos(row_[kTime]));
    } else {
      row_[kTime] = state::from_nanos(clock_);
    }
    id_ = fmt::format("t{}", events_ + 1);
    if (row_[kId].is_missing()) row_[kId] = Value::string(id_);
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!row_[i].is_missing() || fields[i].optional) continue;
      fail(step, fmt::format("event `{}` is sent without its field `{}`", event.schema.name, fields[i].name));
      return false;
    }
    ++events_;
    last_event_ = step.event;
    const EventResult& result = session_.evaluate(step.event, row_.data());
    verdict_ = result.verdict;
    for (const Hit& hit : result.hits) {
      if (hit.outcome == Outcome::kFired) fires_[hit.rule].push_back(events_);
    }
    last_of_type_.resize(program_.events.size());
    last_of_type_[step.event] = events_;
    if (coverage_ != nullptr) cover(step.event);
    return events_ != stop_at_;
  }

  void cover(uint32_t event) {
    for (uint32_t index : rules_->active_rules(event)) {
      const ir::Rule& rule = program_.rules[index];
      RuleCoverage& c = (*coverage_)[index];
      c.clauses.resize(rule.clauses.size());
      ++c.evaluated;
      c.was_true += session_.eval(rule.when).is_true();
      for (size_t i = 0; i < rule.clauses.size(); ++i) {
        const Value v = session_.eval(rule.clauses[i]);
        ++(v.is_true() ? c.clauses[i].was_true : v.is_false() ? c.clauses[i].was_false : c.clauses[i].failed);
      }
    }
  }

  bool repeat(const ir::TestStep& step) {
    const Value count = evaluate(step.value);
    if (!count.is(value::Kind::kInt) || count.i < 0) {
      fail(step, fmt::format("the number of rounds is {}", explain::outcome_text(program_, 0, count)));
      return false;
    }
    for (int64_t i = 0; i < count.i; ++i) {
      test_row_[step.slot] = Value::integer(i);
      if (!run_steps(step.body)) return false;
      clock_ = state::saturating_add(clock_, step.nanos);
      if (++rounds_ > options_.max_events) {
        fail(step, fmt::format("the test repeats more than {} rounds", options_.max_events));
        return false;
      }
    }
    return true;
  }

  void expect_fires(const ir::TestStep& step) {
    const ir::Rule& rule = program_.rules[step.rule];
    const std::vector<uint64_t>& fires = fires_[step.rule];
    const auto got = static_cast<int64_t>(fires.size());
    if (got == step.count) return;
    std::string message =
        fmt::format("expected `{}` to fire {}, it fired {}", rule.name, times(step.count), times(got));
    if (rule.mode == ir::Mode::kOff) message += " (its mode is off)";
    const RuleCounters& counters = session_.counters()[step.rule];
    for (const auto& [n, what] :
         {std::pair(counters.suppressed, "held back by `once`"), std::pair(counters.tripped, "held back by `limit`"),
          std::pair(counters.errors, "ended in an error"), std::pair(counters.missing, "was missing")}) {
      if (n > 0) message += fmt::format("; {} {}", times(static_cast<int64_t>(n)), what);
    }
    for (const Session::Cause& cause : session_.causes()) {
      if (cause.rule == step.rule) message += fmt::format(" ({}`{}`)", cause.missing ? "missing " : "", cause.text);
    }
    TestFailure& failure = fail(step, std::move(message));
    failure.why.rule = step.rule;
    // The first fire too many, or the last event that could have been one.
    if (got > step.count) {
      failure.event_number = fires[static_cast<size_t>(step.count)];
    } else if (rule.event < last_of_type_.size()) {
      failure.event_number = last_of_type_[rule.event];
    }
  }

  void expect_label(const ir::TestStep& step) {
    const std::string& name = program_.labels[step.label].name;
    const Value key = evaluate(step.value);
    if (!key.ok()) {
      fail(step, fmt::format("the key of label `{}` has no value: {}", name, explain::outcome_text(program_, 0, key)));
      return;
    }
    const bool has = session_.has_label(step.label, key, clock_);
    if (has == (step.kind == Kind::kExpectLabel)) return;
    TestFailure& failure = fail(
        step, fmt::format("expected {} {} label `{}`", value::to_literal(key), has ? "not to have" : "to have", name));
    failure.event_number = events_;
  }

  void expect_verdict(const ir::TestStep& step) {
    if (events_ == 0) {
      fail(step, "a verdict is expected before any event is sent");
    } else if (verdict_ != step.verdict) {
      fail(step,
           fmt::format("expected verdict `{}`, got `{}`", ir::verdict_name(step.verdict), ir::verdict_name(verdict_)))
          .event_number = events_;
    }
  }

  void expect_that(const ir::TestStep& step) {
    if (events_ == 0) {
      fail(step, "a condition is expected before any event is sent");
      return;
    }
    const Value v = session_.eval(step.value);
    if (v.is_true()) return;
    TestFailure& failure = fail(step, fmt::format("expected the condition to be true, it is {}",
                                                  explain::outcome_text(program_, last_event_, v)));
    failure.event_number = events_;
    failure.has_why = true;
    failure.why = session_.explain_node(step.value);
  }

  std::shared_ptr<const Rules> rules_;
  const ir::Program& program_;
  const TestRunOptions& options_;
  const ir::Test& test_;
  const uint64_t stop_at_;
  std::vector<RuleCoverage>* coverage_;
  Session session_;
  NoState no_state_;
  std::vector<Value> test_row_;  // repeat variables
  std::vector<value::Memo> memo_;
  std::vector<Value> locals_;
  value::Arena arena_;
  value::EvalContext ctx_;
  std::vector<Value> row_;  // of the event last sent
  std::string id_;
  int64_t clock_ = kStart;
  uint64_t events_ = 0, rounds_ = 0;
  uint32_t last_event_ = 0;
  ir::Verdict verdict_ = ir::Verdict::kAllow;
  std::vector<std::vector<uint64_t>> fires_;  // by rule: numbers of the events
  std::vector<uint64_t> last_of_type_;
  std::vector<TestFailure> failures_;
};

// Runs the test again up to the event that broke each expectation, and looks at it.
void look_into(const std::shared_ptr<const Rules>& rules, const TestRunOptions& options, const ir::Test& test,
               std::vector<TestFailure>& failures) {
  for (TestFailure& failure : failures) {
    if (failure.event_number == 0) continue;
    TestRun again(rules, options, test, failure.event_number, nullptr);
    again.run();
    failure.event = again.event_literal();
    const uint32_t rule = failure.why.rule;
    if (failure.has_why || rule == explain::kNoRule || rules->program().rules[rule].event != again.last_event())
      continue;
    failure.why = again.session().explain(rule);
    failure.has_why = true;
  }
}

}  // namespace

bool TestReport::passed() const {
  return std::all_of(results.begin(), results.end(), [](const TestResult& r) { return r.passed(); });
}

TestReport run_tests(const std::shared_ptr<const Rules>& rules, const TestRunOptions& options) {
  TestReport report;
  const ir::Program& program = rules->program();
  if (options.coverage) {
    report.coverage.resize(program.rules.size());
    for (size_t i = 0; i < program.rules.size(); ++i)
      report.coverage[i].clauses.resize(program.rules[i].clauses.size());
  }
  for (uint32_t i = 0; i < program.tests.size(); ++i) {
    const ir::Test& test = program.tests[i];
    if (options.wanted && !options.wanted(test.title)) continue;
    TestRun run(rules, options, test, 0, options.coverage ? &report.coverage : nullptr);
    run.run();
    TestResult& result = report.results.emplace_back();
    result.test = i;
    result.events = run.events();
    result.failures = std::move(run.failures());
    look_into(rules, options, test, result.failures);
  }
  return report;
}

}  // namespace weir::engine
