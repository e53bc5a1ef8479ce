// weir: rules for defending platforms, from the command line.
#include <cerrno>
#include <cstdio>
#include <exception>

#include "tools/weir/output.h"
#include "tools/weir/verbs.h"

namespace {

constexpr const char* kFooter = R"(Exit status:
  0  done; nothing to report
  1  findings: errors in rules, failed tests or cases, tiers that disagree
  2  wrong usage, or a file that cannot be read
  3  done, but some records of the input were rejected (see the counts)
  4  an error inside Weir

Start here:
  weir check rules/                                   are the rules right?
  weir test rules/                                    do they do what their tests say?
  weir backtest --rules rules/ --events log.jsonl     what would they have done?
  weir run --rules rules/ --events - < log.jsonl      verdicts, one JSON line an event
)";

}  // namespace

int main(int argc, char** argv) {
  using namespace weir::tools;
  CLI::App app{"Weir: rules and policies for defending platforms against abuse.", "weir"};
  app.require_subcommand(1);
  app.footer(kFooter);
  app.set_version_flag("--version", "weir " WEIR_VERSION);
  std::string color = "auto";
  app.add_option("--color", color, "Colours: on a terminal only (auto), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.fallthrough();  // --color may follow the verb
  Action action;
  add_check(app, &action);
  add_test(app, &action);
  add_backtest(app, &action);
  add_run(app, &action);
  add_explain(app, &action);
  add_dump(app, &action);
  add_eval(app, &action);
  add_repl(app, &action);
  add_conformance(app, &action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    int code = app.exit(e);
    return code == 0 ? kOk : kUsage;
  }
  set_color(color);
  // Components return their errors; this catches what libraries below them throw, such as a full memory.
  try {
    int code = action ? action() : kUsage;
    if (fflush(stdout) == 0 || errno == EPIPE || code != kOk) return code;
    complain("cannot write to standard output");
    return kUsage;
  } catch (const std::exception& e) {
    fprintf(stderr, "weir: internal error: %s\n", e.what());
    return kInternal;
  }
}
