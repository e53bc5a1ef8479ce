// weir check: are the rules right? And what would they cost?
#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/cost.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct CheckOptions {
  std::vector<std::string> paths;
  std::string format = "text";
  bool cost = false, plan = false, strict = false;
};

std::string steps_text(uint64_t steps) {
  return steps == check::kUnbounded ? std::string("unbounded") : fmt::format("{}", steps);
}

// Worst-case steps of each rule and feature for one event, the dearest first.
struct CostLine {
  std::string kind, name;
  check::RuleCost cost;
};
std::vector<CostLine> cost_lines(const check::Module& module) {
  std::vector<CostLine> lines;
  for (const check::Rule& rule : module.rules) lines.push_back({"rule", rule.name, check::rule_cost(rule, module)});
  for (const check::Feature& feature : module.features)
    lines.push_back({"feature", feature.name, {check::feature_cost(feature, module), 0}});
  std::stable_sort(lines.begin(), lines.end(),
                   [](const CostLine& a, const CostLine& b) { return a.cost.total() > b.cost.total(); });
  return lines;
}

void print_costs(const std::vector<CostLine>& lines) {
  size_t width = 4;
  for (const CostLine& line : lines) width = std::max(width, line.name.size());
  print(fmt::format("\nworst-case steps an event (texts of 280 bytes, lists of 32)\n{:<8} {:<{}} {:>12} {:>12}\n", "",
                    "name", width, "always", "when fired"));
  for (const CostLine& line : lines) {
    print(fmt::format("{:<8} {:<{}} {:>12} {:>12}\n", line.kind, line.name, width, steps_text(line.cost.when),
                      line.kind == "rule" ? steps_text(line.cost.effects) : ""));
  }
}

int check(const CheckOptions& options) {
  int exit_code = kOk;
  auto rules = load_rules(options.paths, &exit_code);
  if (!rules) return exit_code;
  size_t errors = rules->count(base::Severity::kError), warnings = rules->count(base::Severity::kWarning);
  bool json = options.format == "json";
  const ir::Program* program = rules->compilation.program.get();

  Json report;
  report["errors"] = errors;
  report["warnings"] = warnings;
  report["diagnostics"] = to_json(rules->compilation.diagnostics, *rules->compilation.sources);
  if (program != nullptr) {
    report["rules"] = program->rules.size();
    report["features"] = program->features.size();
    report["tests"] = program->tests.size();
  }
  if (!json) {
    show_diagnostics(rules->compilation, true);
    if (program != nullptr) {
      print(fmt::format("{}: {} rules, {} features, {} events, {} lists, {} tests in {} files{}\n",
                        styled("ok", Style::kGreen), program->rules.size(), program->features.size(),
                        program->events.size(), program->lists.size(), program->tests.size(),
                        rules->source.sources.size(), warnings > 0 ? fmt::format("; {} warning(s)", warnings) : ""));
    } else {
      complain(fmt::format("{} error(s), {} warning(s)", errors, warnings));
    }
  }
  const check::Module* module = rules->compilation.checked.get();
  if (options.cost && program != nullptr && module != nullptr) {
    std::vector<CostLine> lines = cost_lines(*module);
    if (!json) print_costs(lines);
    report["cost"] = Json::array();
    for (const CostLine& line : lines) {
      report["cost"].push_back(
          {{"kind", line.kind}, {"name", line.name}, {"always", line.cost.when}, {"when_fired", line.cost.effects}});
    }
  }
  if (json) print(json_text(report, 2) + "\n");
  if (program == nullptr) return kFindings;
  return options.strict && warnings > 0 ? kFindings : kOk;
}

}  // namespace

void add_check(CLI::App& app, Action* action) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* verb = app.add_subcommand("check", "Check rules: syntax, names, types, lint");
  verb->add_option("paths", options->paths, "A rule directory (with its weir.yaml), or rule files")
      ->required()
      ->type_name("DIR|FILES");
  verb->add_flag("--cost", options->cost, "Show the worst-case cost of each rule and feature");
  verb->add_flag("--strict", options->strict, "Warnings count as findings (exit status 1)");
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(R"(Examples:
  weir check rules/
  weir check a.weir b.weir --strict
  weir check rules/ --cost
  weir check rules/ --format=json | jq '.diagnostics[].message'
)");
  verb->callback([options, action] { *action = [options] { return check(*options); }; });
}

}  // namespace weir::tools
