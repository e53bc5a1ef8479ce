// Warnings about rule sets that check but probably do not mean what they say. One function a lint; all read the module
// only.
#pragma once

#include <string>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/check/module.h"

namespace weir::check {

// All of them. The module must have been checked without errors.
void lint(const Module& module, base::DiagnosticSink& sink);

// What is said of one rule by itself: its share of all but lint_unused and of rules with the condition of another.
void lint_rule(const Module& module, const Rule& rule, base::DiagnosticSink& sink);
// Rules with the same are said to be one too many.
std::string condition_of(const Rule& rule);

// lint_optional.cc: optional fields read where they may be missing.
void lint_optional_fields(const Module& module, base::DiagnosticSink& sink);
void lint_optional_fields(const Module& module, const Rule& rule, base::DiagnosticSink& sink);
// lint_rules.cc: rules without an id, that can never fire, or with the condition of another.
void lint_rules(const Module& module, base::DiagnosticSink& sink);
void lint_rule_alone(const Module& module, const Rule& rule, base::DiagnosticSink& sink);
// lint_usage.cc: features, lists, lets and labels that nothing reads; regular expressions.
void lint_unused(const Module& module, base::DiagnosticSink& sink);
void lint_regexes(const Module& module, base::DiagnosticSink& sink);
void lint_regexes(const syntax::Expr& root, base::DiagnosticSink& sink);

// Calls `visit` with the root expressions of a rule, each with its event.
template <typename Visit>
void for_each_root(const Rule& rule, Visit visit) {
  auto root = [&](const syntax::Expr* e) {
    if (e != nullptr) visit(*e, rule.event);
  };
  root(rule.ast->when);
  root(rule.ast->score);
  root(rule.ast->once_key);
  root(rule.ast->canary_key);
  for (const syntax::TemplatePiece& piece : rule.ast->because) root(piece.expr);
  for (const Effect& effect : rule.effects) {
    root(effect.key);
    for (const syntax::Expr* arg : effect.args) root(arg);
  }
}

// The same of every statement (event -1: none).
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
  for (const Rule& rule : module.rules) for_each_root(rule, visit);
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
