#include "tools/weir/rule_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/weir/output.h"
#include "tools/weir/verbs.h"

namespace weir::tools {

size_t RuleSet::count(base::Severity severity) const {
  return static_cast<size_t>(std::count_if(compilation.diagnostics.begin(), compilation.diagnostics.end(),
                                           [&](const base::Diagnostic& d) { return d.severity == severity; }));
}

std::optional<RuleSet> load_rules(const std::vector<std::string>& paths, int* exit_code,
                                  const std::vector<driver::ExtraExpression>& extra) {
  auto source = driver::load_rule_set(paths);
  if (!source.ok()) {
    complain(std::string(source.status().message()));
    *exit_code = kUsage;
    return std::nullopt;
  }
  RuleSet out;
  out.source = *std::move(source);
  driver::CompileOptions options;
  options.read_file = out.source.read_file;
  options.limits = driver::limits_of(out.source.manifest);
  out.compilation = driver::compile_with(out.source.sources, extra, options, &out.extra_nodes);
  return out;
}

std::optional<RuleSet> load_checked_rules(const std::vector<std::string>& paths, int* exit_code,
                                          const std::vector<driver::ExtraExpression>& extra) {
  auto rules = load_rules(paths, exit_code, extra);
  if (!rules) return rules;
  if (rules->compilation.program == nullptr) {
    show_diagnostics(rules->compilation, false);
    complain(fmt::format("the rules have {}", counted(rules->count(base::Severity::kError), "error")));
    *exit_code = kFindings;
    return std::nullopt;
  }
  if (auto known = driver::protections(rules->source.manifest, rules->program()); !known.ok()) {
    complain(std::string(known.status().message()));
    *exit_code = kFindings;
    return std::nullopt;
  }
  return rules;
}

void show_diagnostics(const driver::Compilation& compilation, bool warnings) {
  std::vector<base::Diagnostic> shown;
  for (const base::Diagnostic& d : compilation.diagnostics)
    if (warnings || d.severity == base::Severity::kError) shown.push_back(d);
  base::RenderOptions options;
  options.color = color_on(STDERR_FILENO);
  std::string text = base::render_all(shown, *compilation.sources, options);
  fwrite(text.data(), 1, text.size(), stderr);
}

CLI::Option* add_rules_option(CLI::App* command, std::vector<std::string>* paths) {
  return command->add_option("--rules", *paths, "A rule directory (with its weir.yaml), or rule files")
      ->type_name("DIR");
}

engine::Tier engine_tier(TierChoice choice) {
  switch (choice) {
    case TierChoice::kNative:
      return engine::Tier::kNative;
    case TierChoice::kInterpreter:
      return engine::Tier::kInterpreter;
    default:
      return engine::Tier::kAuto;
  }
}

void add_tier_option(CLI::App* command, TierChoice* tier, bool with_both) {
  std::map<std::string, TierChoice> names = {
      {"auto", TierChoice::kAuto}, {"interpreter", TierChoice::kInterpreter}, {"native", TierChoice::kNative}};
  if (with_both) names["both"] = TierChoice::kBoth;
  command
      ->add_option(
          "--tier", *tier,
          with_both ? "auto, interpreter, native, or both (compared event by event)" : "auto, interpreter or native")
      ->transform(CLI::CheckedTransformer(names, CLI::ignore_case).description(""))
      ->type_name("TIER");
}

void add_cache_option(CLI::App* command, std::string* directory) {
  command
      ->add_option("--cache", *directory,
                   "Keep native code here from one run to the next (made with mode 0700; default: nowhere)")
      ->type_name("DIR");
}

std::shared_ptr<const engine::Rules> make_rules(const RuleSet& rules, engine::Tier tier, const std::string& cache,
                                                std::shared_ptr<const ir::Candidate> candidate) {
  engine::RulesOptions options;
  options.tier = tier;
  options.cache_directory = cache;
  options.candidate = std::move(candidate);
  auto made = engine::Rules::create(rules.compilation.program, options);
  if (!made.ok()) {
    complain(std::string(made.status().message()));
    return nullptr;
  }
  return *std::move(made);
}

engine::SessionOptions session_options(const RuleSet& rules) {
  engine::SessionOptions options;
  options.events = driver::event_policies(rules.source.manifest, rules.program());
  options.protections =
      driver::protections(rules.source.manifest, rules.program()).value_or(std::vector<engine::Protection>());
  if (rules.source.manifest.state_memory_bytes > 0) options.max_state_bytes = rules.source.manifest.state_memory_bytes;
  return options;
}

}  // namespace weir::tools
