// Rules without ANTLR: a rule set is mostly rules, and most have no mistake. See quick_expressions.cc.
#include "compiler/syntax/statements.h"

namespace weir::syntax {

// Each step is false at a mistake, which ends the attempt.
class StatementParser::QuickRule {
 public:
  QuickRule(StatementParser& parser, Range range) : p_(parser), range_(range), at_(range.begin) {}

  bool read(Statement& out) {
    out.kind = StatementKind::kRule;
    out.span = p_.tokens_.span(range_);
    rule_ = &out.rule.emplace();
    if (!take(T::RULE) || !name(rule_->name) || !take(T::ON) || !name(rule_->event) || !take(T::LBRACE)) return false;
    while (type() != T::RBRACE)
      if (!clause()) return false;
    ++at_;
    return at_ == range_.end && rule_->when != nullptr;
  }

 private:
  size_t type() const { return p_.tokens_.type(at_, range_); }
  bool take(size_t wanted) {
    if (type() != wanted) return false;
    ++at_;
    return true;
  }
  bool name(Name& out) {
    if (!is_name(type())) return false;
    out = {std::string(p_.tokens_.text(at_)), p_.tokens_.span(at_)};
    ++at_;
    return true;
  }
  bool expression(Expr*& out) {
    out = p_.expressions_.quick_expression(at_, range_);
    return out != nullptr;
  }
  // The token's place, if it is of this type.
  bool literal(size_t wanted, base::Span& out) {
    if (type() == wanted) out = p_.tokens_.span(at_);
    return take(wanted);
  }
  bool string(std::optional<std::string>& out, base::Span& place) {
    if (!literal(T::STRING, place)) return false;
    out = p_.string(place);
    return true;
  }
  bool duration(std::optional<DurationLit>& out) {
    base::Span place;
    if (!literal(T::DURATION, place)) return false;
    out = p_.duration(place);
    return true;
  }

  bool clause() {
    const size_t keyword = type();
    const uint64_t bit = uint64_t{1} << (keyword & 63);
    if ((seen_ & bit) != 0) return false;  // twice
    seen_ |= bit;
    ++at_;
    switch (keyword) {
      case T::ID:
        return string(rule_->id, rule_->id_span);
      case T::WHEN:
        return expression(rule_->when);
      case T::SCORE:
        return expression(rule_->score);
      case T::THEN:
        return effects();
      case T::ONCE:
        return take(T::PER) && expression(rule_->once_key) && take(T::EVERY) && duration(rule_->once_every);
      case T::LIMIT: {
        base::Span count;
        if (!literal(T::NUM_INT, count)) return false;
        rule_->limit_count = p_.count(count);
        return take(T::PER) && duration(rule_->limit_per);
      }
      case T::BECAUSE:
        if (!literal(T::STRING, rule_->because_span)) return false;
        rule_->because = p_.build_template(rule_->because_span);
        return true;
      case T::OWNER:
        return string(rule_->owner, rule_->owner_span);
      case T::SEVERITY: {
        Name word;
        return name(word) && set_severity(word, *rule_);
      }
      case T::MODE: {
        Name word;
        return name(word) && set_mode(word, *rule_);
      }
      default:
        return false;
    }
  }

  bool effects() {
    if (!take(T::LBRACE)) return false;
    while (!take(T::RBRACE)) {
      EffectAst effect;
      const uint32_t first = at_;
      if (!this->effect(effect)) return false;
      effect.span = p_.tokens_.span(Range{first, at_});
      rule_->effects.push_back(std::move(effect));
    }
    return true;
  }

  bool effect(EffectAst& out) {
    switch (const size_t keyword = type(); ++at_, keyword) {
      case T::LABEL:
        out.kind = EffectKind::kLabel;
        return expression(out.key) && take(T::AS) && name(out.name) && (!take(T::FOR) || duration(out.duration));
      case T::UNLABEL:
        out.kind = EffectKind::kUnlabel;
        return expression(out.key) && take(T::AS) && name(out.name);
      case T::VERDICT:
        out.kind = EffectKind::kVerdict;
        return name(out.name);
      case T::ACTION:
        out.kind = EffectKind::kAction;
        return name(out.name) && take(T::LPAREN) && arguments(out.args);
      case T::CASE: {
        out.kind = EffectKind::kCase;
        std::optional<std::string> queue;
        if (!string(queue, out.name.span)) return false;
        out.name.text = *queue;
        return take(T::KEY) && expression(out.key);
      }
      default:
        return false;
    }
  }

  bool arguments(std::vector<Expr*>& out) {
    if (take(T::RPAREN)) return true;
    do {
      if (!expression(out.emplace_back())) return false;
    } while (take(T::COMMA));
    return take(T::RPAREN);
  }

  StatementParser& p_;
  const Range range_;
  uint32_t at_;
  RuleStmt* rule_ = nullptr;
  uint64_t seen_ = 0;  // clauses, by the low bits of their keywords
};

bool StatementParser::quick_rule(Range range, FileAst& file) {
  static_assert(T::WHERE - T::ACTION < 64, "low bits of the keywords of clauses are their own");
  if (limits_.by_grammar || tokens_[range.begin].type != T::RULE) return false;
  if (!expressions_.check_tokens(range, /*quiet=*/true)) return false;
  const base::DiagnosticSink::Mark mark = sink_.mark();
  Statement out;
  if (QuickRule(*this, range).read(out) && !sink_.changed_since(mark)) {
    file.statements.push_back(std::move(out));
    return true;
  }
  sink_.roll_back(mark);
  return false;
}

}  // namespace weir::syntax
