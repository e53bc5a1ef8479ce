// Warnings about rule sets that check but probably do not mean what they say. One function a lint; all read the module
// only.
#pragma once

#include "compiler/base/diagnostics.h"
#include "compiler/check/module.h"

namespace weir::check {

// All of them. The module must have been checked without errors.
void lint(const Module& module, base::DiagnosticSink& sink);

// lint_optional.cc: optional fields read where they may be missing.
void lint_optional_fields(const Module& module, base::DiagnosticSink& sink);
// lint_rules.cc: rules without an id, that can never fire, or with the condition of another.
void lint_rules(const Module& module, base::DiagnosticSink& sink);
// lint_usage.cc: features, lists, lets and labels that nothing reads; regular expressions.
void lint_unused(const Module& module, base::DiagnosticSink& sink);
void lint_regexes(const Module& module, base::DiagnosticSink& sink);

// Calls `visit` with the root expressions of every statement, each with its event (-1: none).
template <typename Visit>
void for_each_root(const Module& module, Visit visit) {
  auto root = [&](const syntax::Expr* e, int event) {
    if (e != nullptr) visit(*e, event);
  };
  for (const Let& let : module.lets) root(let.value, let.event);
  for (const Feature& feature : module.features) {
    root(feature.where, feature.event);
    root(feature.each_list, feature.event);
    root(feature.arg, feature.event);
    for (const syntax::Expr* key : feature.keys) root(key, feature.event);
  }
  for (const Rule& rule : module.rules) {
    root(rule.ast->when, rule.event);
    root(rule.ast->score, rule.event);
    root(rule.ast->once_key, rule.event);
    root(rule.ast->canary_key, rule.event);
    for (const syntax::TemplatePiece& piece : rule.ast->because) root(piece.expr, rule.event);
    for (const Effect& effect : rule.effects) {
      root(effect.key, rule.event);
      for (const syntax::Expr* arg : effect.args) root(arg, rule.event);
    }
  }
  for (const Decide& decide : module.decides)
    for (const auto& [verdict, when] : decide.arms) root(when, decide.event);
}

// Visits every node, without machine stack.
template <typename Visit>
void for_each_node(const syntax::Expr& root, Visit visit) {
  std::vector<const syntax::Expr*> stack = {&root};
  while (!stack.empty()) {
    if (stack.back() == nullptr) {  // did not parse
      stack.pop_back();
      continue;
    }
    const syntax::Expr& e = *stack.back();
    stack.pop_back();
    visit(e);
    if (e.operand != nullptr) stack.push_back(e.operand);
    stack.insert(stack.end(), e.args.begin(), e.args.end());
    if (e.comprehension == nullptr) continue;
    const syntax::Comprehension& c = *e.comprehension;
    stack.insert(stack.end(), {c.iter_range, c.accu_init, c.loop_condition, c.loop_step, c.result});
  }
}

// The literal pattern of a call that takes a regular expression, else null.
const syntax::Expr* constant_pattern(const syntax::Expr& call);

// The operands of a chain of one operator, in order: of `a && b && c` a, b and c.
std::vector<const syntax::Expr*> flatten(const syntax::Expr& expr, std::string_view function);

}  // namespace weir::check
