// weir check: are the rules right? And what would they cost?
#include <fmt/format.h>

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
  verb->add_flag("--strict", options->strict, "Warnings count as findings (exit status 1)");
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(R"(Examples:
  weir check rules/
  weir check a.weir b.weir --strict
  weir check rules/ --format=json | jq '.diagnostics[].message'
)");
  verb->callback([options, action] { *action = [options] { return check(*options); }; });
}

}  // namespace weir::tools
