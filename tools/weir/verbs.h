// The verbs of `weir`, one file each, and what they share with main.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace weir::tools {

// Documented in `weir --help`; scripts depend on them.
enum ExitCode : int {
  kOk = 0,
  kFindings = 1,        // diagnostics, failed tests, tiers that disagree
  kUsage = 2,           // wrong arguments, files that cannot be read
  kPartlyRejected = 3,  // the work was done, but some records were rejected
  kInternal = 4,        // Weir's own failure
};

// Each adds its subcommand; the action of the one that was called is left in *action.
using Action = std::function<int()>;
void add_check(CLI::App& app, Action* action);
void add_test(CLI::App& app, Action* action);
void add_run(CLI::App& app, Action* action);
void add_status(CLI::App& app, Action* action);
void add_serve(CLI::App& app, Action* action);
void add_explain(CLI::App& app, Action* action);
void add_timeline(CLI::App& app, Action* action);
void add_state(CLI::App& app, Action* action);
void add_bundle(CLI::App& app, Action* action);
void add_dump(CLI::App& app, Action* action);
void add_backtest(CLI::App& app, Action* action);
void add_diff(CLI::App& app, Action* action);
void add_backfill(CLI::App& app, Action* action);
void add_eval(CLI::App& app, Action* action);
void add_repl(CLI::App& app, Action* action);
void add_conformance(CLI::App& app, Action* action);

}  // namespace weir::tools
