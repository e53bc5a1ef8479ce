// weir conformance: runs the CEL conformance cases of a file.
#include <fmt/format.h>

#include <fstream>
#include <map>

#include "tools/weir/conformance_case.h"
#include "tools/weir/expression_eval.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct ConformanceOptions {
  std::vector<std::string> cases;
  std::string skip_list, only_file, format = "text";
  TierChoice tier = TierChoice::kAuto;
  bool show_failures = false;
};

// Empty if the case passes, else what was got.
std::string run_case(const ConformanceCase& c, bool native) {
  driver::CompiledExpression compiled = driver::compile_expression(c.expression, c.env, c.types, !c.disable_check);
  if (compiled.module == nullptr) return base::render_all(compiled.diagnostics, *compiled.sources, {});
  if (c.expected_type != nullptr && compiled.type != c.expected_type)
    return fmt::format("expected type {}, got {}", types::to_string(c.expected_type), types::to_string(compiled.type));
  if (c.check_only || (!c.expects_value && !c.expects_error)) return "";
  auto runnable = RunnableExpression::create(std::move(compiled), native);
  if (!runnable.ok()) return std::string(runnable.status().message());
  value::Value got = (*runnable)->eval(c.row);
  // A variable that is declared and not bound leaves the value missing, which to CEL without unknowns is an error.
  if (c.expects_error) return got.ok() ? "expected an error, got " + result_text(got) : "";
  return same(got, c.expected) ? "" : fmt::format("expected {}, got {}", result_text(c.expected), result_text(got));
}

// "file/section/name  reason" a line; # starts a comment.
std::map<std::string, std::string> read_skips(const std::string& path) {
  std::map<std::string, std::string> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    size_t end = line.find('\t');
    if (line.empty() || line[0] == '#') continue;
    out[line.substr(0, end)] = end == std::string::npos ? "" : line.substr(end + 1);
  }
  return out;
}

struct Counts {
  uint64_t passed = 0, failed = 0, skipped = 0;
};

int run_conformance(const ConformanceOptions& options) {
  bool native = options.tier == TierChoice::kNative;
  std::map<std::string, std::string> skips;
  if (!options.skip_list.empty()) skips = read_skips(options.skip_list);
  std::map<std::string, Counts> by_file;
  Counts total;
  Json failures = Json::array();
  for (const std::string& path : options.cases) {
    std::ifstream in(path);
    if (!in) {
      complain(fmt::format("cannot open {}", path));
      return kUsage;
    }
    uint64_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      auto c = read_case(line);
      if (c.ok() && !options.only_file.empty() && c->file != options.only_file) continue;
      std::string id =
          c.ok() ? fmt::format("{}/{}/{}", c->file, c->section, c->name) : fmt::format("{}:{}", path, number);
      Counts& counts = by_file[c.ok() ? c->file : "(unreadable)"];
      if (skips.count(id) > 0) {
        ++counts.skipped;
        ++total.skipped;
        continue;
      }
      std::string got = c.ok() ? run_case(*c, native) : std::string(c.status().message());
      if (got.empty()) {
        ++counts.passed;
        ++total.passed;
        continue;
      }
      ++counts.failed;
      ++total.failed;
      std::string expression = c.ok() ? c->expression : "";
      failures.push_back({{"case", id}, {"line", number}, {"expression", expression}, {"got", got}});
      if (options.show_failures && options.format == "text")
        print(fmt::format("{} {}\n  {}\n  {}\n", styled("FAIL", Style::kRed), id, expression, got));
    }
  }
  if (options.format == "json") {
    Json files = Json::object();
    for (const auto& [file, c] : by_file)
      files[file] = {{"passed", c.passed}, {"failed", c.failed}, {"skipped", c.skipped}};
    print(json_text({{"passed", total.passed},
                     {"failed", total.failed},
                     {"skipped", total.skipped},
                     {"files", files},
                     {"failures", failures}},
                    2) +
          "\n");
    return total.failed > 0 ? kFindings : kOk;
  }
  Table t;
  using enum Table::Align;
  t.column("file", kLeft);
  t.column("passed", kRight);
  t.column("failed", kRight);
  t.column("skipped", kRight);
  for (const auto& [file, c] : by_file)
    t.row({file,
           with_commas(c.passed),
           {with_commas(c.failed), c.failed > 0 ? Style::kRed : Style::kDim},
           {with_commas(c.skipped), Style::kDim}});
  print(t.render());
  print(fmt::format("{} passed, {} failed, {} skipped\n", total.passed, total.failed, total.skipped));
  return total.failed > 0 ? kFindings : kOk;
}

}  // namespace

void add_conformance(CLI::App& app, Action* action) {
  auto options = std::make_shared<ConformanceOptions>();
  CLI::App* verb = app.add_subcommand("conformance", "Run cases of the CEL conformance suite");
  verb->add_option("cases", options->cases, "Files of cases, one JSON object a line")
      ->required()
      ->type_name("CASES.jsonl");
  add_tier_option(verb, &options->tier, false);
  verb->add_flag("--show-failures", options->show_failures, "Each failed case with what was expected and what came");
  verb->add_option("--file", options->only_file, "Only cases of this file of the suite")->type_name("NAME");
  verb->add_option("--skip-list", options->skip_list, "Cases to leave out: file/section/name, a tab, the reason")
      ->type_name("FILE");
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(R"(The last line is `N passed, N failed, N skipped`; the exit status is 1 if any failed.

Examples:
  weir conformance cases.jsonl
  weir conformance cases.jsonl --tier=native --show-failures --file string_ext
)");
  verb->callback([options, action] { *action = [options] { return run_conformance(*options); }; });
}

}  // namespace weir::tools
