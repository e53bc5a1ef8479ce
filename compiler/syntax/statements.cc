#include "compiler/syntax/statements.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "compiler/syntax/literals.h"

namespace weir::syntax {

using base::DiagKind;
using base::Span;

namespace {

std::string_view keyword_text(size_t type) {
  switch (type) {
    case T::BECAUSE:
      return "because";
    case T::BY:
      return "by";
    case T::EACH:
      return "each";
    case T::FROM:
      return "from";
    case T::ID:
      return "id";
    case T::LIMIT:
      return "limit";
    case T::MODE:
      return "mode";
    case T::ONCE:
      return "once";
    case T::OVER:
      return "over";
    case T::OWNER:
      return "owner";
    case T::SCORE:
      return "score";
    case T::SEVERITY:
      return "severity";
    case T::THEN:
      return "then";
    case T::WHEN:
      return "when";
    case T::WHERE:
      return "where";
    default:
      return "";
  }
}

constexpr std::string_view kSeverities[] = {"info", "low", "medium", "high", "critical"};

template <class Enum>
struct Choice {
  std::string_view word;
  Enum value;
};

}  // namespace

void StatementParser::parse(Range range, FileAst& file) {
  if (range.empty()) return;
  if (!is_statement_keyword(tokens_[range.begin].type)) return report_unknown_statement(range);
  if (quick_rule(range, file)) return;
  if (P::OnlyStatementContext* tree = expressions_.parse(&P::onlyStatement, range, {}, /*quiet=*/true)) {
    build(tree->statement(), file);
  } else {
    recover(range, file);
  }
}

void StatementParser::report_unknown_statement(Range range) {
  uint32_t first = range.begin;
  std::string_view word = tokens_.text(first);
  if (is_bad(tokens_[first].type)) return;
  if (!is_name(tokens_[first].type)) {
    sink_.emit(DiagKind::kSyntaxError, tokens_.span(first), fmt::format("expected a statement, found `{}`", word))
        .hint("a file holds package, import, entity, event, list, label, let, action, feature, rule, decide and test");
    return;
  }
  if (word == "model" || word == "graph") {
    sink_.emit(DiagKind::kNotAvailable, tokens_.span(first), fmt::format("`{}` is planned, not available yet", word));
    return;
  }
  auto report =
      sink_.emit(DiagKind::kUnknownStatement, tokens_.span(first), fmt::format("unknown statement `{}`", word));
  std::string_view meant = base::did_you_mean(word, statement_words());
  if (!meant.empty()) {
    report.hint(fmt::format("did you mean `{}`?", meant));
  } else {
    report.hint(
        "a file holds package, import, entity, event, list, label, let, action, feature, rule, decide and test");
  }
}

void StatementParser::build(P::StatementContext* context, FileAst& file) {
  if (P::PackageStatementContext* c = context->packageStatement()) return build_package(c, file);
  if (P::ImportStatementContext* c = context->importStatement()) return build_imports(c, file);

  Statement out;
  out.span = span(context);
  if (P::EntityStatementContext* c = context->entityStatement()) {
    out.kind = StatementKind::kEntity;
    out.entity = build_entity(c);
  } else if (P::EventStatementContext* c = context->eventStatement()) {
    out.kind = StatementKind::kEvent;
    out.event.emplace().name = name(c->eventHeader()->name());
    for (P::FieldDeclarationContext* field : c->fieldDeclaration()) build_field(field, *out.event);
  } else if (P::ListStatementContext* c = context->listStatement()) {
    out.kind = StatementKind::kList;
    out.list = build_list(c);
  } else if (P::LabelStatementContext* c = context->labelStatement()) {
    out.kind = StatementKind::kLabel;
    out.label = build_label(c);
  } else if (P::LetStatementContext* c = context->letStatement()) {
    out.kind = StatementKind::kLet;
    out.let = build_let(c);
  } else if (P::ActionStatementContext* c = context->actionStatement()) {
    out.kind = StatementKind::kAction;
    out.action = build_action(c);
  } else if (P::FeatureStatementContext* c = context->featureStatement()) {
    out.kind = StatementKind::kFeature;
    out.feature = build_feature_header(c->featureHeader());
    Seen seen;
    for (P::FeatureClauseContext* clause : c->featureClause()) build_feature_clause(clause, *out.feature, seen);
    require_clauses(seen, {T::FROM, T::BY, T::OVER}, out.feature->name, "feature");
  } else if (P::RuleStatementContext* c = context->ruleStatement()) {
    out.kind = StatementKind::kRule;
    out.rule = build_rule_header(c->ruleHeader());
    Seen seen;
    for (P::RuleClauseContext* clause : c->ruleClause()) build_rule_clause(clause, *out.rule, seen);
    require_clauses(seen, {T::WHEN}, out.rule->name, "rule");
  } else if (P::DecideStatementContext* c = context->decideStatement()) {
    out.kind = StatementKind::kDecide;
    out.decide.emplace().event = name(c->decideHeader()->name());
    for (P::DecideArmContext* arm : c->decideArm()) out.decide->arms.push_back(build_arm(arm));
  } else {
    P::TestStatementContext* test = context->testStatement();
    out.kind = StatementKind::kTest;
    out.test.emplace().title = string(test->testHeader()->STRING());
    out.test->title_span = span(test->testHeader()->STRING());
    for (P::TestStepContext* step : test->testStep()) out.test->steps.push_back(build_step(step));
  }
  file.statements.push_back(std::move(out));
}

void StatementParser::build_package(P::PackageStatementContext* context, FileAst& file) {
  if (!file.package.text.empty()) {
    sink_.emit(DiagKind::kDuplicateClause, span(context), "`package` is given twice")
        .label(file.package.span, "first here");
    return;
  }
  file.package = qualified_name(context->qualifiedName());
}

void StatementParser::build_imports(P::ImportStatementContext* context, FileAst& file) {
  for (P::QualifiedNameContext* c : context->qualifiedName()) file.imports.push_back(qualified_name(c));
}

EntityStmt StatementParser::build_entity(P::EntityStatementContext* context) {
  return {name(context->name()), type(context->type())};
}

void StatementParser::build_field(P::FieldDeclarationContext* context, EventStmt& event) {
  FieldDecl field;
  std::string_view word = expressions_.text(context->selector());
  if (word[0] == '`') word = word.substr(1, word.size() - 2);
  field.name = {std::string(word), span(context->selector())};
  field.type = type(context->type());
  field.optional = context->QUESTION() != nullptr;
  event.fields.push_back(std::move(field));
}

ListStmt StatementParser::build_list(P::ListStatementContext* context) {
  ListStmt list;
  list.names = names(context->name());
  list.type = type(context->type());
  list.from_file = context->FROM() != nullptr;
  if (list.from_file) {
    list.path = string(context->STRING());
    list.path_span = span(context->STRING());
    return list;
  }
  list.values = expression(context->expr());
  if (list.values->kind != ExprKind::kList && list.values->kind != ExprKind::kError) {
    sink_.emit(DiagKind::kSyntaxError, list.values->span, "expected a list literal")
        .hint("write `= [\"a\", \"b\"]`, or `from \"file.csv\"`");
    list.values = arena_.make(ExprKind::kError, list.values->span);
  }
  return list;
}

LabelStmt StatementParser::build_label(P::LabelStatementContext* context) {
  LabelStmt label;
  std::vector<P::NameContext*> all = context->name();
  label.entity = name(all.back());
  all.pop_back();
  label.names = names(all);
  if (context->DURATION() != nullptr) label.max_age = duration(context->DURATION());
  return label;
}

LetStmt StatementParser::build_let(P::LetStatementContext* context) {
  return {name(context->name()), expression(context->expr())};
}

ActionStmt StatementParser::build_action(P::ActionStatementContext* context) {
  ActionStmt action;
  action.name = name(context->name());
  for (P::ParameterContext* p : context->parameter()) action.params.push_back({name(p->name()), type(p->type())});
  return action;
}

FeatureStmt StatementParser::build_feature_header(P::FeatureHeaderContext* context) {
  FeatureStmt feature;
  std::vector<P::NameContext*> both = context->name();
  feature.name = name(both[0]);
  feature.aggregation = name(both[1]);
  feature.args = arguments(context->arguments());
  return feature;
}

void StatementParser::build_feature_clause(P::FeatureClauseContext* context, FeatureStmt& feature, Seen& seen) {
  size_t keyword = context->getStart()->getType();
  if (!note_clause(seen, keyword, span(context))) return;
  switch (keyword) {
    case T::FROM:
      feature.event = name(context->name());
      break;
    case T::WHERE:
      feature.where = expression(context->expr(0));
      break;
    case T::EACH:
      feature.each_var = name(context->name());
      feature.each_list = expression(context->expr(0));
      break;
    case T::BY:
      for (P::ExprContext* key : context->expr()) feature.keys.push_back(expression(key));
      break;
    default:
      feature.window = build_window(context->window());
      break;
  }
}

WindowClause StatementParser::build_window(P::WindowContext* context) {
  WindowClause window;
  window.span = span(context);
  std::vector<antlr4::tree::TerminalNode*> durations = context->DURATION();
  size_t panes_from = 0;  // what stands before is the length
  if (context->LAST() != nullptr) {
    window.kind = WindowKind::kLast;
    window.count = count(context->NUM_INT());
  } else if (context->ALL() != nullptr) {
    window.kind = WindowKind::kAll;
  } else {
    window.kind = context->SESSION() != nullptr ? WindowKind::kSession : WindowKind::kDuration;
    window.length = duration(durations[0]);
    panes_from = 1;
  }
  if (durations.size() > panes_from) window.pane = duration(durations[panes_from]);
  window.exact = !context->EXACT().empty();
  for (auto [nodes, word] : {std::pair{context->EVERY(), "every"}, std::pair{context->EXACT(), "exact"}}) {
    if (nodes.size() < 2) continue;
    sink_.emit(DiagKind::kDuplicateClause, span(nodes[1]), fmt::format("`{}` is given twice", word))
        .label(span(nodes[0]), "first here");
  }
  return window;
}

RuleStmt StatementParser::build_rule_header(P::RuleHeaderContext* context) {
  RuleStmt rule;
  std::vector<P::NameContext*> both = context->name();
  rule.name = name(both[0]);
  rule.event = name(both[1]);
  return rule;
}

void StatementParser::build_rule_clause(P::RuleClauseContext* context, RuleStmt& rule, Seen& seen) {
  size_t keyword = context->getStart()->getType();
  if (!note_clause(seen, keyword, span(context))) return;
  switch (keyword) {
    case T::ID:
      rule.id = string(context->STRING());
      rule.id_span = span(context->STRING());
      break;
    case T::WHEN:
      rule.when = expression(context->expr());
      break;
    case T::SCORE:
      rule.score = expression(context->expr());
      break;
    case T::THEN:
      for (P::EffectContext* effect : context->effect()) rule.effects.push_back(build_effect(effect));
      break;
    case T::ONCE:
      rule.once_key = expression(context->expr());
      rule.once_every = duration(context->DURATION());
      break;
    case T::LIMIT:
      rule.limit_count = count(context->NUM_INT());
      rule.limit_per = duration(context->DURATION());
      break;
    case T::BECAUSE:
      rule.because = build_template(span(context->STRING()));
      rule.because_span = span(context->STRING());
      break;
    case T::OWNER:
      rule.owner = string(context->STRING());
      rule.owner_span = span(context->STRING());
      break;
    case T::SEVERITY:
      build_severity(context, rule);
      break;
    default:
      build_mode(context, rule);
      break;
  }
}

bool StatementParser::set_severity(const Name& word, RuleStmt& rule) {
  if (std::ranges::find(kSeverities, word.text) == std::end(kSeverities)) return false;
  rule.severity = word;
  return true;
}

void StatementParser::build_severity(P::RuleClauseContext* context, RuleStmt& rule) {
  Name word = name(context->name());
  if (set_severity(word, rule)) return;
  std::string_view meant = base::did_you_mean(word.text, {std::begin(kSeverities), std::end(kSeverities)});
  sink_.emit(DiagKind::kSyntaxError, word.span, fmt::format("unknown severity `{}`", word.text))
      .hint(meant.empty() ? "severities: info, low, medium, high, critical" : fmt::format("did you mean `{}`?", meant));
}

bool StatementParser::set_mode(const Name& word, RuleStmt& rule) {
  static constexpr Choice<Mode> kModes[] = {{"shadow", Mode::kShadow}, {"live", Mode::kLive}, {"off", Mode::kOff}};
  for (const Choice<Mode>& mode : kModes) {
    if (mode.word != word.text) continue;
    rule.mode = mode.value;
    rule.mode_given = true;
    return true;
  }
  return false;
}

void StatementParser::build_mode(P::RuleClauseContext* context, RuleStmt& rule) {
  Name word = name(context->name());
  if (word.text == "canary") {
    if (context->NUM_INT() == nullptr) {
      sink_.emit(DiagKind::kSyntaxError, word.span, "`mode canary` needs a share and a key")
          .hint("write `mode canary 5% by KEY`");
      return;
    }
    rule.mode = Mode::kCanary;
    rule.mode_given = true;
    rule.canary_span = span(context->NUM_INT());
    rule.canary_percent = count(rule.canary_span);
    rule.canary_key = expression(context->expr());
    return;
  }
  if (set_mode(word, rule)) {
    if (context->NUM_INT() != nullptr) {
      sink_.emit(DiagKind::kSyntaxError, span(context->NUM_INT()), fmt::format("`mode {}` takes no share", word.text));
    }
    return;
  }
  std::string_view meant = base::did_you_mean(word.text, {"shadow", "canary", "live", "off"});
  sink_.emit(DiagKind::kSyntaxError, word.span, fmt::format("unknown mode `{}`", word.text))
      .hint(meant.empty() ? "modes: shadow, canary, live, off" : fmt::format("did you mean `{}`?", meant));
}

EffectAst StatementParser::build_effect(P::EffectContext* context) {
  EffectAst effect;
  effect.span = span(context);
  switch (context->getStart()->getType()) {
    case T::LABEL:
    case T::UNLABEL:
      effect.kind = context->LABEL() != nullptr ? EffectKind::kLabel : EffectKind::kUnlabel;
      effect.key = expression(context->expr());
      effect.name = name(context->name());
      if (context->DURATION() != nullptr) effect.duration = duration(context->DURATION());
      break;
    case T::VERDICT:
      effect.kind = EffectKind::kVerdict;
      effect.name = name(context->name());
      break;
    case T::ACTION:
      effect.kind = EffectKind::kAction;
      effect.name = name(context->name());
      effect.args = arguments(context->arguments());
      break;
    default:
      effect.kind = EffectKind::kCase;
      effect.name = {string(context->STRING()), span(context->STRING())};
      effect.key = expression(context->expr());
      break;
  }
  return effect;
}

DecideStmt::Arm StatementParser::build_arm(P::DecideArmContext* context) {
  return {name(context->name()), expression(context->expr())};
}

TestStep StatementParser::build_step(P::TestStepContext* context) {
  using Kind = TestStep::Kind;
  TestStep step;
  step.span = span(context);
  switch (context->getStart()->getType()) {
    case T::SEND:
      step.kind = Kind::kSend;
      step.name = name(context->name());
      for (P::FieldInitContext* field : context->fieldInit()) {
        std::string_view word = expressions_.text(field->selector());
        if (word[0] == '`') word = word.substr(1, word.size() - 2);
        step.fields.emplace_back(Name{std::string(word), span(field->selector())}, expression(field->expr()));
      }
      return step;
    case T::REPEAT:
      step.kind = Kind::kRepeat;
      step.var = name(context->name());
      step.value = expression(context->expr());
      if (context->DURATION() != nullptr) step.duration = duration(context->DURATION());
      for (P::TestStepContext* inner : context->testStep()) step.body.push_back(build_step(inner));
      return step;
    case T::WAIT:
      step.kind = Kind::kWait;
      step.duration = duration(context->DURATION());
      return step;
    default:
      break;
  }
  if (context->FIRES() != nullptr) {
    step.kind = Kind::kExpectFires;
    step.name = name(context->name());
    step.count = count(context->NUM_INT());
  } else if (context->LABEL() != nullptr) {
    step.kind = context->NO() != nullptr ? Kind::kExpectNoLabel : Kind::kExpectLabel;
    step.value = expression(context->expr());
    step.name = name(context->name());
  } else if (context->VERDICT() != nullptr) {
    step.kind = Kind::kExpectVerdict;
    step.name = name(context->name());
  } else {
    step.kind = Kind::kExpectThat;
    step.value = expression(context->expr());
  }
  return step;
}

bool StatementParser::note_clause(Seen& seen, size_t type, Span at) {
  auto [first, is_new] = seen.emplace(type, at);
  if (is_new) return true;
  sink_.emit(DiagKind::kDuplicateClause, at, fmt::format("`{}` is given twice", keyword_text(type)))
      .label(first->second, "first here")
      .hint("keep one of them");
  return false;
}

void StatementParser::require_clauses(const Seen& seen, std::initializer_list<size_t> types, const Name& name,
                                      std::string_view what) {
  for (size_t type : types) {
    if (seen.count(type) > 0) continue;
    auto report = sink_.emit(DiagKind::kMissingClause, name.span,
                             fmt::format("{} `{}` has no `{}` clause", what, name.text, keyword_text(type)));
    switch (type) {
      case T::WHEN:
        report.hint("add `when CONDITION`");
        break;
      case T::FROM:
        report.hint("add `from EVENT`");
        break;
      case T::BY:
        report.hint("add `by KEY`, such as `by post.author`");
        break;
      case T::OVER:
        report.hint("add `over WINDOW`, such as `over 10m`");
        break;
      default:
        break;
    }
  }
}

Name StatementParser::name(P::NameContext* context) const {
  return {std::string(expressions_.text(context)), span(context)};
}

Name StatementParser::qualified_name(P::QualifiedNameContext* context) const {
  // Spaces and comments between the parts do not belong to the name.
  Name out{{}, span(context)};
  for (P::NameContext* part : context->name()) {
    if (!out.text.empty()) out.text += '.';
    out.text += expressions_.text(part);
  }
  return out;
}

std::vector<Name> StatementParser::names(const std::vector<P::NameContext*>& contexts) const {
  std::vector<Name> out;
  for (P::NameContext* context : contexts) out.push_back(name(context));
  return out;
}

TypeExpr StatementParser::type(P::TypeContext* context) const {
  TypeExpr out;
  out.name = qualified_name(context->qualifiedName()).text;
  out.span = span(context);
  for (P::TypeContext* arg : context->type()) out.args.push_back(type(arg));
  return out;
}

DurationLit StatementParser::duration(Span literal) {
  std::optional<int64_t> nanos = decode_duration(text(literal));
  if (!nanos) {
    sink_.emit(DiagKind::kBadLiteral, literal, fmt::format("duration `{}` is too long", text(literal)))
        .hint("the longest is about 106,751 days");
  }
  return {nanos.value_or(0), literal};
}

int64_t StatementParser::count(Span literal) {
  std::optional<int64_t> value = decode_int(text(literal), false);
  if (!value) {
    sink_.emit(DiagKind::kBadLiteral, literal, fmt::format("`{}` does not fit into an int", text(literal)))
        .hint("an int holds -9223372036854775808 to 9223372036854775807");
  }
  return value.value_or(0);
}

std::string StatementParser::string(Span literal) {
  LiteralError mistake;
  std::optional<std::string> value = decode_quoted(text(literal), mistake);
  if (value) return std::move(*value);
  const uint32_t begin = literal.begin;
  sink_
      .emit(DiagKind::kBadLiteral,
            {literal.file, begin + static_cast<uint32_t>(mistake.begin), begin + static_cast<uint32_t>(mistake.end)},
            mistake.message)
      .hint(mistake.hint);
  return {};
}

std::vector<Expr*> StatementParser::arguments(P::ArgumentsContext* context) {
  std::vector<Expr*> out;
  for (P::ExprContext* arg : context->expr()) out.push_back(expression(arg));
  return out;
}

}  // namespace weir::syntax
