// Runs the `test` blocks of a rule set.
//
// Each test has a session of its own. Its clock starts at 2026-01-01T00:00:00Z; `wait` and `repeat … every` (after each
// round) move it on; an event is sent at the clock's time, or at the `time` it states, which moves the clock forward to
// it. Events without an `id` are "t1", "t2"….
//   expect R fires N     N fires since the test began, in any mode but off; suppressed and tripped ones do not count
//   expect label K L     at the clock's time; effects of shadow rules do not apply
//   expect verdict V     of the event last sent
//   expect that E        E on the event last sent
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/source.h"
#include "runtime/engine/engine.h"
#include "runtime/explain/explain.h"

namespace weir::engine {

struct TestFailure {
  base::Span span;            // of the step
  std::string message;        // "expected `r` to fire once, it fired 2 times"
  std::string event;          // that broke the expectation, as a literal: post{author: "u19", …}; empty if none did
  uint64_t event_number = 0;  // from 1, in order of sending; 0: none
  bool has_why = false;
  explain::Why why;  // values of the rule's clauses, or of the condition, on that event
};

struct TestResult {
  uint32_t test = 0;  // of Program::tests
  uint64_t events = 0;
  std::vector<TestFailure> failures;
  bool passed() const { return failures.empty(); }
};

struct ClauseCoverage {
  uint64_t was_true = 0, was_false = 0, failed = 0;  // failed: error or missing
};
struct RuleCoverage {
  uint64_t evaluated = 0, was_true = 0;
  std::vector<ClauseCoverage> clauses;  // as Rule::clauses
};

struct TestReport {
  std::vector<TestResult> results;     // in order of Program::tests; those left out are not there
  std::vector<RuleCoverage> coverage;  // by rule, over all results; empty unless asked for
  bool passed() const;
};

struct TestRunOptions {
  SessionOptions session;
  bool coverage = false;
  uint64_t max_events = 1'000'000;                     // a test
  std::function<bool(std::string_view title)> wanted;  // null: every test
};

TestReport run_tests(const std::shared_ptr<const Rules>& rules, const TestRunOptions& options);

}  // namespace weir::engine
