// A statement that does not parse as a whole is read again in parts, so that every mistake gets its own message and
// the rest of the statement is kept.
#include <fmt/format.h>

#include "compiler/syntax/statements.h"

namespace weir::syntax {

using base::DiagKind;

namespace {

const std::vector<std::string_view>& rule_words() {
  static const std::vector<std::string_view> words = {"id",    "when",    "score", "then",     "once",
                                                      "limit", "because", "owner", "severity", "mode"};
  return words;
}

const std::vector<std::string_view>& feature_words() {
  static const std::vector<std::string_view> words = {"from", "where", "each", "by", "over"};
  return words;
}

const std::vector<std::string_view>& effect_words() {
  static const std::vector<std::string_view> words = {"label", "unlabel", "verdict", "action", "case"};
  return words;
}

const std::vector<std::string_view>& step_words() {
  static const std::vector<std::string_view> words = {"send", "repeat", "wait", "expect"};
  return words;
}

bool is_rule_clause(size_t type) {
  switch (type) {
    case T::ID:
    case T::WHEN:
    case T::SCORE:
    case T::THEN:
    case T::ONCE:
    case T::LIMIT:
    case T::BECAUSE:
    case T::OWNER:
    case T::SEVERITY:
    case T::MODE:
      return true;
    default:
      return false;
  }
}

bool is_feature_clause(size_t type) {
  return type == T::FROM || type == T::WHERE || type == T::EACH || type == T::BY || type == T::OVER;
}

bool is_effect(size_t type) {
  return type == T::LABEL || type == T::UNLABEL || type == T::VERDICT || type == T::ACTION || type == T::CASE;
}

bool is_step(size_t type) { return type == T::SEND || type == T::REPEAT || type == T::WAIT || type == T::EXPECT; }

}  // namespace

void StatementParser::recover(Range range, FileAst& file) {
  size_t errors = sink_.error_count();
  bool had_bad_token = tokens_.has_bad_token(range);
  Statement out;
  out.span = tokens_.span(range);
  bool keep = false;
  switch (tokens_[range.begin].type) {
    case T::EVENT:
      keep = recover_event(range, out);
      break;
    case T::FEATURE:
      keep = recover_feature(range, out);
      break;
    case T::RULE:
      keep = recover_rule(range, out);
      break;
    case T::DECIDE:
      keep = recover_decide(range, out);
      break;
    case T::TEST:
      keep = recover_test(range, out);
      break;
    default:
      break;
  }
  // The parts were fine but not their sum, or the statement has no parts: say what stopped the whole.
  if (sink_.error_count() == errors && !had_bad_token) {
    expressions_.parse(&P::onlyStatement, range, {.what = tokens_.text(range.begin)});
  }
  if (keep) file.statements.push_back(std::move(out));
}

void StatementParser::check_body(const Body& body, std::string_view what) {
  if (!body.found) return;
  if (body.rest.begin == body.rest.end && body.rest.end > 0 && body.inside.end == body.rest.end) {
    sink_.emit(DiagKind::kUnclosed, tokens_.span(body.header.end), "`{` is not closed")
        .hint(fmt::format("add the `}}` that ends the {}", what));
    return;
  }
  if (body.rest.empty()) return;
  uint32_t at = body.rest.begin;
  if (is_bad(tokens_[at].type)) return;
  if (is_closer(tokens_[at].type)) {
    sink_
        .emit(DiagKind::kSyntaxError, tokens_.span(at),
              fmt::format("{} closes nothing", type_description(tokens_[at].type)))
        .hint("remove it");
    return;
  }
  report_unknown_statement(body.rest);
}

bool StatementParser::recover_event(Range range, Statement& out) {
  Body body = find_body(tokens_, range);
  if (!body.found) return false;
  P::OnlyEventHeaderContext* header = expressions_.parse(&P::onlyEventHeader, body.header, {.what = "event"});
  if (header == nullptr) return false;
  out.kind = StatementKind::kEvent;
  out.event.emplace().name = name(header->eventHeader()->name());
  for (Range part : cut_separated(tokens_, body.inside, T::COLON)) {
    if (auto* tree = expressions_.parse(&P::onlyFieldDeclaration, part, {.what = "field"})) {
      build_field(tree->fieldDeclaration(), *out.event);
    }
  }
  check_body(body, "event");
  return true;
}

bool StatementParser::recover_feature(Range range, Statement& out) {
  std::vector<Range> parts = cut_parts(tokens_, range, [&](uint32_t i) {
    return i == range.begin || (is_feature_clause(tokens_[i].type) && i > range.begin + 1);
  });
  SyntaxScope scope{"feature", &feature_words()};
  P::OnlyFeatureHeaderContext* header = expressions_.parse(&P::onlyFeatureHeader, parts[0], scope);
  Seen seen;
  out.kind = StatementKind::kFeature;
  out.feature.emplace();
  if (header != nullptr) out.feature = build_feature_header(header->featureHeader());
  for (size_t i = 1; i < parts.size(); ++i) {
    SyntaxFailure failure;
    P::OnlyFeatureClauseContext* tree =
        expressions_.parse(&P::onlyFeatureClause, parts[i], scope, /*quiet=*/true, &failure);
    if (tree != nullptr) {
      build_feature_clause(tree->featureClause(), *out.feature, seen);
    } else {
      expressions_.parse(&P::onlyFeatureClause, parts[i], scope);
      seen.emplace(tokens_[parts[i].begin].type, tokens_.span(parts[i]));
    }
  }
  if (header == nullptr) return false;
  require_clauses(seen, {T::FROM, T::BY, T::OVER}, out.feature->name, "feature");
  return true;
}

bool StatementParser::recover_rule(Range range, Statement& out) {
  Body body = find_body(tokens_, range);
  if (!body.found) return false;
  P::OnlyRuleHeaderContext* header = expressions_.parse(&P::onlyRuleHeader, body.header, {.what = "rule header"});
  out.kind = StatementKind::kRule;
  out.rule.emplace();
  if (header != nullptr) out.rule = build_rule_header(header->ruleHeader());
  Seen seen;
  for (Range part : cut_parts(tokens_, body.inside, [&](uint32_t i) { return is_rule_clause(tokens_[i].type); })) {
    recover_rule_clause(part, *out.rule, seen);
  }
  check_body(body, "rule");
  if (header == nullptr) return false;
  require_clauses(seen, {T::WHEN}, out.rule->name, "rule");
  return true;
}

void StatementParser::recover_rule_clause(Range range, RuleStmt& rule, Seen& seen) {
  SyntaxScope scope{"rule", &rule_words()};
  size_t keyword = tokens_[range.begin].type;
  if (!is_rule_clause(keyword)) {
    if (is_bad(keyword)) return;
    std::string_view word = tokens_.text(range.begin);
    std::string_view meant = base::did_you_mean(word, rule_words());
    if (is_name(keyword)) {
      note_misspelt_clause(range.begin, seen);
      sink_.emit(DiagKind::kUnknownClause, tokens_.span(range.begin), fmt::format("unknown clause `{}`", word))
          .hint(meant.empty() ? "clauses of a rule: id, when, score, then, once, limit, because, owner, severity, mode"
                              : fmt::format("did you mean `{}`?", meant));
    } else {
      sink_.emit(DiagKind::kSyntaxError, tokens_.span(range.begin), fmt::format("expected a clause, found `{}`", word))
          .hint("clauses of a rule: id, when, score, then, once, limit, because, owner, severity, mode");
    }
    return;
  }
  SyntaxFailure failure;
  if (auto* tree = expressions_.parse(&P::onlyRuleClause, range, scope, /*quiet=*/true, &failure)) {
    build_rule_clause(tree->ruleClause(), rule, seen);
    return;
  }
  if (keyword == T::THEN && tokens_.type(range.begin + 1, range) == T::LBRACE) {
    Body body = find_body(tokens_, range);
    note_clause(seen, keyword, tokens_.span(range));
    size_t errors = sink_.error_count();
    for (Range part : cut_parts(tokens_, body.inside, [&](uint32_t i) { return is_effect(tokens_[i].type); })) {
      if (auto* tree = expressions_.parse(&P::onlyEffect, part, {"effect", &effect_words()})) {
        rule.effects.push_back(build_effect(tree->effect()));
      }
    }
    if (sink_.error_count() > errors || tokens_.has_bad_token(body.inside)) return;
    if (body.rest.empty()) return check_body(body, "effects");
    // Fall through: something after the `}`.
  }
  // What stands before the mistake may be a clause of its own, followed by one with a misspelt keyword.
  Range before{range.begin, failure.token};
  bool cut_short = failure.token > range.begin + 1 && failure.token < range.end;
  expressions_.parse(&P::onlyRuleClause, range, scope);
  if (cut_short) {
    note_misspelt_clause(failure.token, seen);
    if (auto* tree = expressions_.parse(&P::onlyRuleClause, before, scope, /*quiet=*/true)) {
      build_rule_clause(tree->ruleClause(), rule, seen);
      return;
    }
  }
  note_clause(seen, keyword, tokens_.span(range));
}

// A `whn` is no reason to say as well that `when` is missing.
void StatementParser::note_misspelt_clause(uint32_t at, Seen& seen) {
  if (!is_name(tokens_[at].type)) return;
  if (base::did_you_mean(tokens_.text(at), rule_words()) == "when") seen.emplace(T::WHEN, tokens_.span(at));
}

bool StatementParser::recover_decide(Range range, Statement& out) {
  Body body = find_body(tokens_, range);
  if (!body.found) return false;
  P::OnlyDecideHeaderContext* header = expressions_.parse(&P::onlyDecideHeader, body.header, {.what = "decide"});
  if (header == nullptr) return false;
  out.kind = StatementKind::kDecide;
  out.decide.emplace().event = name(header->decideHeader()->name());
  for (Range part : cut_separated(tokens_, body.inside, T::WHEN)) {
    if (auto* tree = expressions_.parse(&P::onlyDecideArm, part, {.what = "decide arm"})) {
      out.decide->arms.push_back(build_arm(tree->decideArm()));
    }
  }
  check_body(body, "decide");
  return true;
}

bool StatementParser::recover_test(Range range, Statement& out) {
  Body body = find_body(tokens_, range);
  if (!body.found) return false;
  P::OnlyTestHeaderContext* header = expressions_.parse(&P::onlyTestHeader, body.header, {.what = "test"});
  if (header == nullptr) return false;
  out.kind = StatementKind::kTest;
  out.test.emplace().title = string(header->testHeader()->STRING());
  out.test->title_span = tokens_.span(range.begin + 1);
  for (Range part : cut_parts(tokens_, body.inside, [&](uint32_t i) { return is_step(tokens_[i].type); })) {
    if (auto* tree = expressions_.parse(&P::onlyTestStep, part, {"test step", &step_words()})) {
      out.test->steps.push_back(build_step(tree->testStep()));
    }
  }
  check_body(body, "test");
  return true;
}

}  // namespace weir::syntax
