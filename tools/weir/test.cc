// weir test: do the rules do what their test blocks say?
#include <fmt/format.h>

#include "runtime/engine/test_runner.h"
#include "runtime/explain/explain.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct TestOptions {
  std::vector<std::string> paths;
  std::string filter, format = "text";
  TierChoice tier = TierChoice::kAuto;
  bool coverage = false, verbose = false;
};

std::string place(const base::Span& span, const base::SourceMap& sources) {
  const base::SourceFile& file = sources.file(span.file);
  base::LineColumn at = file.line_column(span.begin);
  return fmt::format("{}:{}:{}", file.name(), at.line, at.column);
}

std::string indented(std::string_view text, std::string_view margin) {
  std::string out;
  while (!text.empty()) {
    size_t end = text.find('\n');
    out += fmt::format("{}{}\n", margin, text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

// The clause as written, on one line.
std::string clause_text(const ir::Program& program, const base::Span& span) {
  return program.sources ? printable(program.sources->text(span), 70) : "";
}

void show_failure(const ir::Program& program, const engine::TestFailure& failure) {
  print(fmt::format("    {}: {}\n", place(failure.span, *program.sources), failure.message));
  if (!failure.event.empty())
    print(fmt::format("      event {}: {}\n", failure.event_number, printable(failure.event, 400)));
  if (failure.has_why) print(indented(explain::to_text(program, failure.why), "      "));
}

void show_coverage(const ir::Program& program, const engine::TestReport& report) {
  print(section("Coverage", "Rules that some test fires, and clauses that were seen both true and false."));
  Table t;
  using enum Table::Align;
  t.column("rule", kLeft);
  t.column("evaluated", kRight);
  t.column("true", kRight);
  t.column("clauses", kRight);
  size_t fired = 0, clauses = 0, both = 0;
  for (size_t r = 0; r < report.coverage.size(); ++r) {
    const engine::RuleCoverage& rule = report.coverage[r];
    size_t covered = 0;
    for (const auto& clause : rule.clauses) covered += clause.was_true > 0 && clause.was_false > 0;
    fired += rule.was_true > 0;
    clauses += rule.clauses.size();
    both += covered;
    t.row({program.rules[r].name,
           with_commas(rule.evaluated),
           {with_commas(rule.was_true), rule.was_true == 0 ? Style::kRed : Style::kPlain},
           {fmt::format("{} of {}", covered, rule.clauses.size()),
            covered < rule.clauses.size() ? Style::kYellow : Style::kGreen}});
  }
  print(t.render());
  for (size_t r = 0; r < report.coverage.size(); ++r)
    for (size_t c = 0; c < report.coverage[r].clauses.size(); ++c) {
      const auto& clause = report.coverage[r].clauses[c];
      if (clause.was_true > 0 && clause.was_false > 0) continue;
      print(fmt::format("  {}: never {}: {}\n", program.rules[r].name,
                        clause.was_true == 0 ? (clause.was_false == 0 ? "evaluated" : "true") : "false",
                        clause_text(program, program.rules[r].clause_spans[c])));
    }
  print(fmt::format("  {} of {} rules fired, {} of {} clauses seen both ways\n", fired, report.coverage.size(), both,
                    clauses));
}

Json report_json(const ir::Program& program, const engine::TestReport& report) {
  Json tests = Json::array();
  size_t failed = 0;
  for (const engine::TestResult& result : report.results) {
    Json test;
    test["title"] = program.tests[result.test].title;
    test["at"] = place(program.tests[result.test].span, *program.sources);
    test["passed"] = result.passed();
    test["events"] = result.events;
    failed += !result.passed();
    Json failures = Json::array();
    for (const engine::TestFailure& f : result.failures) {
      Json item = {{"at", place(f.span, *program.sources)}, {"message", f.message}};
      if (!f.event.empty()) item["event"] = f.event;
      if (f.has_why) item["why"] = Json::parse(explain::to_json(program, f.why), nullptr, false);
      failures.push_back(std::move(item));
    }
    test["failures"] = failures;
    tests.push_back(std::move(test));
  }
  Json out = {{"passed", report.results.size() - failed}, {"failed", failed}, {"tests", tests}};
  if (!report.coverage.empty()) {
    Json rules = Json::array();
    for (size_t r = 0; r < report.coverage.size(); ++r) {
      const engine::RuleCoverage& rule = report.coverage[r];
      Json clauses = Json::array();
      for (size_t c = 0; c < rule.clauses.size(); ++c)
        clauses.push_back({{"source", clause_text(program, program.rules[r].clause_spans[c])},
                           {"true", rule.clauses[c].was_true},
                           {"false", rule.clauses[c].was_false},
                           {"failed", rule.clauses[c].failed}});
      rules.push_back({{"rule", program.rules[r].name},
                       {"evaluated", rule.evaluated},
                       {"true", rule.was_true},
                       {"clauses", clauses}});
    }
    out["coverage"] = rules;
  }
  return out;
}

int run_tests(const TestOptions& options) {
  int exit_code = kOk;
  auto rules = load_checked_rules(options.paths, &exit_code);
  if (!rules) return exit_code;
  const ir::Program& program = rules->program();
  auto compiled = make_rules(*rules, engine_tier(options.tier));
  if (!compiled) return kInternal;
  engine::TestRunOptions run;
  run.session = session_options(*rules);
  run.coverage = options.coverage;
  if (!options.filter.empty())
    run.wanted = [&](std::string_view title) { return title.find(options.filter) != std::string_view::npos; };
  engine::TestReport report = engine::run_tests(compiled, run);

  if (options.format == "json") {
    print(json_text(report_json(program, report), 2) + "\n");
    return report.passed() ? kOk : kFindings;
  }
  size_t failed = 0;
  for (const engine::TestResult& result : report.results) {
    failed += !result.passed();
    if (result.passed() && !options.verbose) continue;
    print(fmt::format("{} {}\n", result.passed() ? styled("pass", Style::kGreen) : styled("FAIL", Style::kRed),
                      program.tests[result.test].title));
    for (const engine::TestFailure& failure : result.failures) show_failure(program, failure);
  }
  if (options.coverage) show_coverage(program, report);
  print(fmt::format("{} passed, {} failed\n", report.results.size() - failed, failed));
  if (report.results.empty())
    complain(options.filter.empty() ? "the rule set has no test" : "no test has that in its title");
  return failed > 0 ? kFindings : kOk;
}

}  // namespace

void add_test(CLI::App& app, Action* action) {
  auto options = std::make_shared<TestOptions>();
  CLI::App* verb = app.add_subcommand("test", "Run the test blocks of a rule set");
  verb->add_option("paths", options->paths, "A rule directory (with its weir.yaml), or rule files")
      ->required()
      ->type_name("DIR|FILES");
  verb->add_flag("--coverage", options->coverage, "Which rules and clauses the tests reach");
  verb->add_option("--filter", options->filter, "Only tests with this in their title")->type_name("TEXT");
  verb->add_flag("-v,--verbose", options->verbose, "Name the tests that pass too");
  add_tier_option(verb, &options->tier, false);
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(R"(A test that fails shows the event that broke the expectation and the value of each clause on it.

Examples:
  weir test rules/
  weir test rules/ --coverage
  weir test rules/ --filter "copy ring" -v
)");
  verb->callback([options, action] { *action = [options] { return run_tests(*options); }; });
}

}  // namespace weir::tools
