// Regular expressions that are literals: CEL finds a malformed one when it runs, a rule set before.
#include <fmt/format.h>
#include <re2/re2.h>

#include "compiler/check/lint.h"
#include "compiler/check/module_checker.h"

namespace weir::check {

using syntax::Expr;
using syntax::ExprKind;

const Expr* constant_pattern(const Expr& call) {
  if (call.kind != ExprKind::kCall || call.args.empty()) return nullptr;
  const Expr* pattern = nullptr;
  bool in_regex = call.operand != nullptr && call.operand->kind == ExprKind::kIdent && call.operand->name == "regex";
  if (call.name == "matches") {
    pattern = call.args.back();
  } else if (in_regex && call.args.size() > 1) {
    pattern = call.args[1];  // regex.extract, regex.extractAll, regex.replace
  }
  bool literal =
      pattern != nullptr && pattern->kind == ExprKind::kConst && pattern->constant.kind == syntax::ConstKind::kString;
  return literal ? pattern : nullptr;
}

void ModuleChecker::check_regexes() {
  for_each_root(*module_, [&](const Expr& root, int) { check_regexes(root); });
}

void ModuleChecker::check_regexes(const Rule& rule) {
  for_each_root(rule, [&](const Expr& root, int) { check_regexes(root); });
}

void ModuleChecker::check_regexes(const Expr& root) {
  RE2::Options quiet;
  quiet.set_log_errors(false);
  for_each_node(root, [&](const Expr& e) {
    const Expr* pattern = constant_pattern(e);
    if (pattern == nullptr) return;
    RE2 regex(re2::StringPiece(pattern->constant.s.data(), pattern->constant.s.size()), quiet);
    if (regex.ok()) return;
    sink_
        .emit(base::DiagKind::kInvalidRegex, pattern->span,
              fmt::format("malformed regular expression: {}", regex.error()))
        .hint("regular expressions are RE2's: no look-around, no back references");
  });
}

}  // namespace weir::check
