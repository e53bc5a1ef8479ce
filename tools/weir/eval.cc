// weir eval: one CEL expression, once.
#include <fmt/format.h>

#include "runtime/io/json_text.h"
#include "tools/weir/expression_eval.h"
#include "tools/weir/json.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct EvalOptions {
  std::string expression, format = "text";
  std::vector<std::string> variables;
  TierChoice tier = TierChoice::kAuto;
  bool type = false;
};

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (char c : text)
    if (isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '.') return false;
  return true;
}

// JSON is CEL but for a few escapes; what CEL does not take is tried as JSON, written again as CEL.
ExpressionScope::Result read_variable(ExpressionScope& scope, const std::string& text) {
  ExpressionScope::Result result = scope.eval(text, color_on(STDERR_FILENO));
  if (result.ok) return result;
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return result;
  return scope.eval(json_text(json), color_on(STDERR_FILENO));
}

int run_eval(const EvalOptions& options) {
  ExpressionScope scope(options.tier == TierChoice::kNative);
  for (const std::string& variable : options.variables) {
    size_t equals = variable.find('=');
    std::string name = variable.substr(0, equals);
    if (equals == std::string::npos || !is_name(name)) {
      complain(fmt::format("--var: `{}` is not NAME=VALUE", variable));
      return kUsage;
    }
    ExpressionScope::Result value = read_variable(scope, variable.substr(equals + 1));
    if (!value.ok) {
      fmt::print(stderr, "{}", value.diagnostics);
      complain(
          fmt::format("--var {}: not a CEL literal or JSON; a text needs quotes inside: --var '{}=\"…\"'", name, name));
      return kUsage;
    }
    if (!value.value.ok()) {
      complain(fmt::format("--var {}: {}", name, result_text(value.value)));
      return kUsage;
    }
    scope.bind(name, value);
  }
  bool json = options.format == "json";
  bool color = color_on(STDERR_FILENO);
  ExpressionScope::Result result =
      options.type ? scope.type_of(options.expression, color) : scope.eval(options.expression, color);
  if (!result.ok) {
    fmt::print(stderr, "{}", result.diagnostics);
    return kFindings;
  }
  if (json) {
    std::string value;
    if (!options.type && result.value.ok()) io::append_json(result.value, &value);
    print(fmt::format("{{\"type\":{}", io::json_quoted(types::to_string(result.type))));
    if (!options.type)
      print(result.value.ok() ? ",\"value\":" + value : ",\"error\":" + io::json_quoted(result_text(result.value)));
    print("}\n");
  } else {
    print((options.type ? types::to_string(result.type) : result_text(result.value)) + "\n");
  }
  return options.type || result.value.ok() ? kOk : kFindings;
}

}  // namespace

void add_eval(CLI::App& app, Action* action) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* verb = app.add_subcommand("eval", "Evaluate one CEL expression");
  verb->add_option("expression", options->expression, "The expression")->required()->type_name("EXPR");
  verb->add_option("--var", options->variables,
                   "A variable: its value as a CEL literal or JSON; later ones may use earlier ones")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  verb->add_flag("--type", options->type, "Print the type instead of the value");
  add_tier_option(verb, &options->tier, false);
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(R"(Exit status 1 if the expression does not check, or its value is an error.

Examples:
  weir eval '1 + 2 * 3'
  weir eval 'name.startsWith("bot") && age < 3' --var 'name="bot7"' --var age=2
  weir eval 'm.xs.map(x, x * 2)' --var 'm={"xs": [1, 2, 3]}'
  weir eval 'duration("90m") + duration("1s")' --type
)");
  verb->callback([options, action] { *action = [options] { return run_eval(*options); }; });
}

}  // namespace weir::tools
