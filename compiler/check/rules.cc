#include <fmt/format.h>

#include "compiler/check/lint.h"
#include "compiler/check/module_checker.h"

namespace weir::check {

using syntax::Expr;
using types::Kind;
using types::Type;

bool ModuleChecker::read_verdict(const syntax::Name& name, Verdict* out) {
  std::vector<std::string_view> known;
  for (Verdict verdict : types::kVerdicts) {
    known.push_back(types::verdict_name(verdict));
    if (known.back() != name.text) continue;
    *out = verdict;
    return true;
  }
  if (!name.text.empty()) {
    sink_.emit(base::DiagKind::kUnknownVerdict, name.span, fmt::format("there is no verdict `{}`", name.text))
        .hint(fmt::format("one of {}", fmt::join(known, ", ")));
  }
  return false;
}

void ModuleChecker::check_rules() {
  for (size_t i = 0; i < rule_asts_.size(); ++i) {
    file_ = rule_files_[i];
    module_->rules.push_back(check_rule(*rule_asts_[i]));
  }
}

Rule ModuleChecker::check_rule(const syntax::RuleStmt& ast) {
  Rule rule;
  rule.name = ast.name.text;
  rule.id = ast.id.value_or(ast.name.text);
  rule.ast = &ast;
  rule.span = ast.name.span;
  const Symbol* event = look_up(Symbol::Kind::kEvent, ast.event);
  if (event != nullptr) {
    rule.event = event->index;
    Place place = at_event("rule", event->index);
    check_condition(ast.when, place, "`when`");
    const Type* score = check_at(ast.score, place);
    if (score != nullptr && !is_number(score) && !score->is(Kind::kDyn)) {
      report_mismatch(sink_, ast.score->span, "a score", types_.dbl(), score);
    }
    for (const syntax::EffectAst& effect : ast.effects) check_effect(effect, rule, place);
    const Type* once = check_at(ast.once_key, place);
    if (once != nullptr) check_key(*ast.once_key, once);
    const Type* canary = check_at(ast.canary_key, place);
    if (canary != nullptr) check_key(*ast.canary_key, canary);
    for (const syntax::TemplatePiece& piece : ast.because) check_at(piece.expr, place);
  }
  if (ast.once_every && ast.once_every->nanos <= 0) {
    sink_.emit(base::DiagKind::kBadCount, ast.once_every->span, "`once ... every` needs a duration above zero");
  }
  if (ast.limit_count && ast.limit_per && (*ast.limit_count < 1 || ast.limit_per->nanos <= 0)) {
    sink_.emit(base::DiagKind::kBadCount, ast.limit_per->span, "`limit` needs a count and a duration above zero");
  }
  if (ast.canary_percent && *ast.canary_percent > 100) {
    sink_.emit(base::DiagKind::kBadCount, ast.canary_span, "a share is between 0% and 100%");
  }
  return rule;
}

bool ModuleChecker::replace_rule(size_t index, const syntax::RuleStmt& ast) {
  Rule& before = module_->rules[index];
  file_ = before.span.file;
  Rule rule = check_rule(ast);
  check_regexes(rule);
  if (sink_.has_errors() || rule.name != before.name || rule.id != before.id || rule.event != before.event)
    return false;
  // What only the old one uses is used no longer.
  for_each_root(before, [&](const Expr& root, int) {
    for_each_node(root, [&](const Expr& e) { module_->annotations.at(e) = {}; });
  });
  before = std::move(rule);
  if (options_.lint) {
    lint_rule(*module_, before, sink_);
    lint_unused(*module_, sink_);
  }
  return true;
}

void ModuleChecker::check_effect(const syntax::EffectAst& ast, Rule& rule, const Place& place) {
  Effect effect;
  effect.kind = ast.kind;
  effect.span = ast.span;
  effect.key = ast.key;
  effect.args.assign(ast.args.begin(), ast.args.end());
  const Type* key = check_at(ast.key, place);
  switch (ast.kind) {
    case EffectKind::kLabel:
    case EffectKind::kUnlabel: {
      const Symbol* symbol = look_up(Symbol::Kind::kLabel, ast.name);
      if (symbol == nullptr) return;
      effect.label = symbol->index;
      const Label& label = module_->labels[static_cast<size_t>(symbol->index)];
      if (label.entity >= 0 && key != nullptr) {
        const Type* wanted = module_->entities[static_cast<size_t>(label.entity)].type;
        if (!fits(key, wanted)) {
          report_mismatch(sink_, ast.key->span, fmt::format("what `{}` is put on", label.name), wanted, key)
              .label(label.span, "declared here");
        }
      }
      if (!ast.duration) break;
      effect.duration_nanos = ast.duration->nanos;
      if (ast.duration->nanos <= 0) {
        sink_.emit(base::DiagKind::kBadCount, ast.duration->span, "a label lasts longer than zero");
      } else if (label.max_age_nanos > 0 && ast.duration->nanos > label.max_age_nanos) {
        sink_
            .emit(base::DiagKind::kBadCount, ast.duration->span,
                  fmt::format("`{}` cannot last longer than its declaration says", label.name))
            .label(label.span, "`max` is declared here");
      }
      break;
    }
    case EffectKind::kVerdict:
      if (!read_verdict(ast.name, &effect.verdict)) return;
      break;
    case EffectKind::kAction: {
      std::vector<const Type*> args;
      for (const Expr* arg : ast.args) args.push_back(check_at(arg, place));
      const Symbol* symbol = look_up(Symbol::Kind::kAction, ast.name);
      if (symbol == nullptr) return;
      effect.action = symbol->index;
      const Action& action = module_->actions[static_cast<size_t>(symbol->index)];
      if (args.size() != action.params.size()) {
        sink_
            .emit(
                base::DiagKind::kWrongArguments, ast.name.span,
                fmt::format("action `{}` takes {} arguments, {} given", action.name, action.params.size(), args.size()))
            .label(action.span, "declared here");
        return;
      }
      for (size_t i = 0; i < args.size(); ++i) {
        if (args[i] == nullptr || fits(args[i], action.params[i].second)) continue;
        report_mismatch(sink_, ast.args[i]->span,
                        fmt::format("argument `{}` of `{}`", action.params[i].first, action.name),
                        action.params[i].second, args[i])
            .label(action.span, "declared here");
      }
      break;
    }
    case EffectKind::kCase:
      effect.queue = ast.name.text;
      if (key != nullptr) check_key(*ast.key, key);
      break;
  }
  rule.effects.push_back(std::move(effect));
}

void ModuleChecker::check_decides() {
  std::unordered_map<int, base::Span> decided;
  for_each_statement(syntax::StatementKind::kDecide, [&](const syntax::Statement& s) {
    const syntax::DecideStmt& ast = *s.decide;
    const Symbol* event = look_up(Symbol::Kind::kEvent, ast.event);
    if (event == nullptr) return;
    auto [first, added] = decided.emplace(event->index, ast.event.span);
    if (!added) {
      sink_
          .emit(base::DiagKind::kDuplicateName, ast.event.span,
                fmt::format("event `{}` is decided twice", ast.event.text))
          .label(first->second, "first decided here");
      return;
    }
    Decide decide;
    decide.event = event->index;
    decide.span = ast.event.span;
    Place place = at_event("decide", event->index);
    place.score = true;
    for (const syntax::DecideStmt::Arm& arm : ast.arms) {
      check_condition(arm.when, place, fmt::format("the condition of `{}`", arm.verdict.text));
      Verdict verdict;
      if (read_verdict(arm.verdict, &verdict) && arm.when != nullptr) decide.arms.emplace_back(verdict, arm.when);
    }
    module_->decides.push_back(std::move(decide));
  });
}

}  // namespace weir::check
