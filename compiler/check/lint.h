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
    for (const syntax::TemplatePiece& piece : rule.ast->because) root(piece.expr, rule.event);
    for (const Effect& effect : rule.effects) {
      root(effect.key, rule.event);
      for (const syntax::Expr* arg : effect.args) root(arg, rule.event);
    }
  }
  for (const Decide& decide : module.decides)
    for (const auto& [verdict, when] : decide.arms) root(when, decide.event);
}

// The operands of a chain of one operator, in order: of `a && b && c` a, b and c.
std::vector<const syntax::Expr*> flatten(const syntax::Expr& expr, std::string_view function);

}  // namespace weir::check
