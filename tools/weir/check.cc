// weir check: are the rules right? And what would they cost?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/check/cost.h"
#include "compiler/opt/stage_plan.h"
#include "runtime/index/predicate_index.h"
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

// Rules that every event of their type visits, because some way to be true has no test that an index can look up.
std::vector<std::string> unguarded_rules(const ir::Program& program) {
  std::vector<std::string> names;
  for (const ir::Event& event : program.events) {
    std::vector<uint32_t> rules;
    std::vector<ir::NodeId> conditions;
    for (uint32_t rule : event.rules) {
      if (program.rules[rule].mode == ir::Mode::kOff) continue;
      rules.push_back(rule);
      conditions.push_back(program.rules[rule].when);
    }
    const index::PredicateIndex index(program.module, conditions);
    for (uint32_t position : index.unguarded()) names.push_back(program.rules[rules[position]].name);
  }
  return names;
}

void print_unguarded(const ir::Program& program, const std::vector<std::string>& names) {
  print(fmt::format("\n{} of {} visited by every event of their type; the others only by events that could match{}\n",
                    names.size(), counted(program.rules.size(), "rule"), names.empty() ? "" : ":"));
  if (!names.empty()) print(fmt::format("  {}\n", fmt::join(names, "\n  ")));
}

void add_plan(const ir::Program& program, bool json, Json* report) {
  auto names = [](const auto& declared, const std::vector<uint32_t>& chosen) {
    std::vector<std::string> out;
    out.reserve(chosen.size());
    for (uint32_t i : chosen) out.push_back(declared[i].name);
    return out;
  };
  Json stages = Json::array();
  if (!json)
    print(section("Stages",
                  "What runs before what. Stages of one number may run side by side; rules alone are stateless."));
  for (const opt::Stage& stage : opt::stage_plan(program)) {
    auto features = names(program.features, stage.features), labels = names(program.labels, stage.labels),
         rules = names(program.rules, stage.rules);
    stages.push_back({{"level", stage.level + 1},
                      {"kind", std::string(opt::stage_kind_name(stage.kind))},
                      {"key", stage.key},
                      {"features", features},
                      {"labels", labels},
                      {"rules", rules}});
    if (json) continue;
    print(fmt::format("  {:>2}  {}{}\n", stage.level + 1, styled(opt::stage_kind_name(stage.kind), Style::kBold),
                      stage.key.empty() ? "" : fmt::format("  by {}", printable(stage.key, 100))));
    for (auto [what, list] :
         {std::pair("features", &features), std::pair("labels", &labels), std::pair("rules", &rules)})
      if (!list->empty()) print(fmt::format("        {}: {}\n", what, fmt::join(*list, ", ")));
  }
  (*report)["plan"] = stages;
}

// Costs can be shown of rules that are right but for what they cost.
bool has_costs(const driver::Compilation& compilation) {
  return compilation.checked != nullptr &&
         std::all_of(compilation.diagnostics.begin(), compilation.diagnostics.end(), [](const base::Diagnostic& d) {
           return d.severity != base::Severity::kError || d.kind == base::DiagKind::kTooCostly;
         });
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
      print(fmt::format("{}: {}, {}, {}, {}, {} in {}{}\n", styled("ok", Style::kGreen),
                        counted(program->rules.size(), "rule"), counted(program->features.size(), "feature"),
                        counted(program->events.size(), "event"), counted(program->lists.size(), "list"),
                        counted(program->tests.size(), "test"), counted(rules->source.sources.size(), "file"),
                        warnings > 0 ? "; " + counted(warnings, "warning") : ""));
    } else {
      complain(fmt::format("{}, {}", counted(errors, "error"), counted(warnings, "warning")));
    }
  }
  if (options.cost && has_costs(rules->compilation)) {
    std::vector<CostLine> lines = cost_lines(*rules->compilation.checked);
    if (!json) print_costs(lines);
    if (program != nullptr) {
      const std::vector<std::string> names = unguarded_rules(*program);
      if (!json) print_unguarded(*program, names);
      report["visited_by_every_event"] = names;
    }
    report["cost"] = Json::array();
    for (const CostLine& line : lines) {
      report["cost"].push_back(
          {{"kind", line.kind}, {"name", line.name}, {"always", line.cost.when}, {"when_fired", line.cost.effects}});
    }
  }
  if (options.plan && program != nullptr) add_plan(*program, json, &report);
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
  verb->add_flag("--plan", options->plan, "Show the stages the rules run in: what depends on what");
  verb->add_flag("--strict", options->strict, "Warnings count as findings (exit status 1)");
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(R"(Examples:
  weir check rules/
  weir check a.weir b.weir --strict
  weir check rules/ --cost --plan
  weir check rules/ --format=json | jq '.diagnostics[].message'
)");
  verb->callback([options, action] { *action = [options] { return check(*options); }; });
}

}  // namespace weir::tools
