// weir: rules for defending platforms, from the command line.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>

#include "compiler/base/diagnostics.h"
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

// The first argument that is no option: the verb. Empty if there is none.
std::string_view verb_of(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view arg = argv[i];
    if (arg == "--color") {
      ++i;  // its value
    } else if (arg.empty() || arg[0] != '-') {
      return arg;
    }
  }
  return {};
}

// True, and complained about, if there is a verb and Weir does not know it. CLI11 would only ask for one.
bool unknown_verb(const CLI::App& app, std::string_view verb) {
  std::vector<std::string_view> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  if (verb.empty() || std::find(known.begin(), known.end(), verb) != known.end()) return false;
  std::string_view meant = weir::base::did_you_mean(verb, known);
  weir::tools::complain(fmt::format(
      "there is no verb `{}`; {}", verb,
      meant.empty() ? fmt::format("verbs: {}", fmt::join(known, ", ")) : fmt::format("did you mean `{}`?", meant)));
  return true;
}

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
  add_status(app, &action);
  add_serve(app, &action);
  add_explain(app, &action);
  add_timeline(app, &action);
  add_state(app, &action);
  add_bundle(app, &action);
  add_dump(app, &action);
  add_diff(app, &action);
  add_backfill(app, &action);
  add_eval(app, &action);
  add_repl(app, &action);
  add_conformance(app, &action);
  std::string_view verb = verb_of(argc, argv);
  if (verb == "help") {
    print(app.help());
    return kOk;
  }
  if (unknown_verb(app, verb)) return kUsage;
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
