// Rule sets on the command line: loading, compiling, showing what is wrong with them.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "compiler/driver/manifest.h"
#include "runtime/engine/engine.h"
#include "tools/weir/diagnostics_json.h"

namespace weir::tools {

struct RuleSet {
  driver::RuleSetSource source;
  driver::Compilation compilation;
  std::vector<ir::NodeId> extra_nodes;  // parallel to the extra expressions

  const ir::Program& program() const { return *compilation.program; }
  size_t count(base::Severity severity) const;
};

CLI::Option* add_rules_option(CLI::App* command, std::vector<std::string>* paths);

// Nothing, and an exit code, if the files cannot be read (complained about already). The program may be missing: see
// the diagnostics. `prepare` sees the program before extras are compiled: with it, they can depend on the events
// declared.
std::optional<RuleSet> load_rules(const std::vector<std::string>& paths, int* exit_code,
                                  const std::vector<driver::ExtraExpression>& extra = {});
// The same for verbs that need a program: diagnostics that are errors are printed and end it.
std::optional<RuleSet> load_checked_rules(const std::vector<std::string>& paths, int* exit_code,
                                          const std::vector<driver::ExtraExpression>& extra = {});
// Errors, and warnings if wanted, rendered to standard error.
void show_diagnostics(const driver::Compilation& compilation, bool warnings);

enum class TierChoice : uint8_t { kAuto, kInterpreter, kNative, kBoth };
void add_tier_option(CLI::App* command, TierChoice* tier, bool with_both);
engine::Tier engine_tier(TierChoice choice);  // of one that is not both
// Complains and gives null if the tier cannot be had.
void add_cache_option(CLI::App* command, std::string* directory);
std::shared_ptr<const engine::Rules> make_rules(const RuleSet& rules, engine::Tier tier, const std::string& cache = {},
                                                std::shared_ptr<const ir::Candidate> candidate = nullptr);
// Options every session of a rule set has: its lateness and memory from the manifest.
engine::SessionOptions session_options(const RuleSet& rules);

}  // namespace weir::tools
