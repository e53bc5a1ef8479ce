#include <fmt/format.h>

#include <compare>
#include <limits>
#include <optional>
#include <unordered_map>

#include "compiler/check/lint.h"
#include "compiler/syntax/parse.h"

namespace weir::check {

using syntax::ConstKind;
using syntax::Expr;
using syntax::ExprKind;

namespace {

constexpr int kMaxDepth = 1500;

bool is_call(const Expr& e, std::string_view function) { return e.kind == ExprKind::kCall && e.name == function; }

// All an expression can come out as, if it is a number: wide enough to hold an int and a uint exactly.
struct Interval {
  long double low, high;
};

std::optional<long double> exact_number(const Expr& e) {
  if (e.kind != ExprKind::kConst) return std::nullopt;
  switch (e.constant.kind) {
    case ConstKind::kInt:
      return e.constant.i;
    case ConstKind::kUint:
      return e.constant.u;
    case ConstKind::kDouble:
      return e.constant.d;
    default:
      return std::nullopt;
  }
}

std::optional<Interval> interval_of(const Module& module, const Expr& e) {
  constexpr long double kInfinity = std::numeric_limits<long double>::infinity();
  if (std::optional<long double> value = exact_number(e)) return Interval{*value, *value};
  if (is_call(e, "size")) return Interval{0, kInfinity};
  const Ref& ref = module.annotations.at(e).ref;
  if ((ref.kind == RefKind::kFeature || ref.kind == RefKind::kFeatureAt) && ref.index >= 0) {
    Aggregation aggregation = module.features[static_cast<size_t>(ref.index)].aggregation;
    if (aggregation == Aggregation::kCount || aggregation == Aggregation::kDistinct) return Interval{0, kInfinity};
  }
  return std::nullopt;
}

std::optional<bool> compare_literals(std::string_view op, const Expr& a, const Expr& b) {
  if (a.kind != ExprKind::kConst || b.kind != ExprKind::kConst || a.constant.kind != b.constant.kind)
    return std::nullopt;
  std::partial_ordering order = std::partial_ordering::unordered;
  if (a.constant.kind == ConstKind::kString) {
    order = a.constant.s <=> b.constant.s;
  } else if (a.constant.kind == ConstKind::kBool) {
    order = a.constant.b <=> b.constant.b;
  } else {
    return std::nullopt;
  }
  if (op == "_==_") return order == 0;
  if (op == "_!=_") return order != 0;
  return op == "_<_" ? order < 0 : op == "_<=_" ? order <= 0 : op == "_>_" ? order > 0 : order >= 0;
}

// What a comparison always comes out as.
std::optional<bool> comparison_outcome(const Module& module, const Expr& e) {
  std::string_view op = e.name;
  if (auto outcome = compare_literals(op, *e.args[0], *e.args[1])) return outcome;
  std::optional<Interval> a = interval_of(module, *e.args[0]), b = interval_of(module, *e.args[1]);
  if (!a || !b) return std::nullopt;
  if (op == "_>_" || op == "_>=_") {
    std::swap(a, b);
    op = op == "_>_" ? "_<_" : "_<=_";
  }
  if (op == "_<_")
    return a->high < b->low ? std::optional(true) : a->low >= b->high ? std::optional(false) : std::nullopt;
  if (op == "_<=_")
    return a->high <= b->low ? std::optional(true) : a->low > b->high ? std::optional(false) : std::nullopt;
  bool apart = a->high < b->low || b->high < a->low;
  bool same = a->low == a->high && b->low == b->high && a->low == b->low;
  if (!apart && !same) return std::nullopt;
  return op == "_==_" ? same : apart;
}

bool is_comparison(const Expr& e) {
  return e.kind == ExprKind::kCall && e.operand == nullptr && e.args.size() == 2 &&
         (e.name == "_==_" || e.name == "_!=_" || e.name == "_<_" || e.name == "_<=_" || e.name == "_>_" ||
          e.name == "_>=_");
}

// What a condition always comes out as, if literals decide it, or that sizes and counts are not negative.
std::optional<bool> constant_outcome(const Module& module, const Expr& e, int depth) {
  if (depth > kMaxDepth) return std::nullopt;
  if (e.kind == ExprKind::kConst && e.constant.kind == ConstKind::kBool) return e.constant.b;
  if (is_call(e, "!_") && e.args.size() == 1) {
    std::optional<bool> inner = constant_outcome(module, *e.args[0], depth + 1);
    return inner ? std::optional<bool>(!*inner) : std::nullopt;
  }
  if (is_call(e, "_&&_") || is_call(e, "_||_")) {
    bool decisive = e.name == "_||_";
    bool all = true;
    for (const Expr* operand : flatten(e, e.name)) {
      std::optional<bool> outcome = constant_outcome(module, *operand, depth + 1);
      if (outcome == decisive) return decisive;
      all = all && outcome.has_value();
    }
    return all ? std::optional<bool>(!decisive) : std::nullopt;
  }
  if (is_comparison(e)) return comparison_outcome(module, e);
  const Ref& ref = module.annotations.at(e).ref;
  if (ref.kind == RefKind::kLet && ref.index >= 0) {
    const Expr* value = module.lets[static_cast<size_t>(ref.index)].value;
    return value == nullptr ? std::nullopt : constant_outcome(module, *value, depth + 1);
  }
  return std::nullopt;
}

// What the clauses of a condition demand of one expression.
struct Demand {
  const Expr* equals = nullptr;  // a literal
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;
  bool high_open = false;
};

std::optional<double> number(const Expr& e) {
  if (e.kind != ExprKind::kConst) return std::nullopt;
  switch (e.constant.kind) {
    case ConstKind::kInt:
      return static_cast<double>(e.constant.i);
    case ConstKind::kUint:
      return static_cast<double>(e.constant.u);
    case ConstKind::kDouble:
      return e.constant.d;
    default:
      return std::nullopt;
  }
}

// Adds the demand of `x OP literal`; false if it contradicts what was demanded before.
bool add_demand(Demand& demand, std::string_view op, const Expr& literal) {
  if (op == "_==_") {
    if (demand.equals != nullptr && syntax::unparse(*demand.equals) != syntax::unparse(literal)) return false;
    demand.equals = &literal;
  }
  std::optional<double> value = number(literal);
  if (!value) return true;
  bool lower = op == "_>_" || op == "_>=_" || op == "_==_";
  bool upper = op == "_<_" || op == "_<=_" || op == "_==_";
  bool open = op == "_>_" || op == "_<_";
  if (lower && (*value > demand.low || (*value == demand.low && open))) {
    demand.low = *value;
    demand.low_open = open;
  }
  if (upper && (*value < demand.high || (*value == demand.high && open))) {
    demand.high = *value;
    demand.high_open = open;
  }
  return demand.low < demand.high || (demand.low == demand.high && !demand.low_open && !demand.high_open);
}

std::string_view mirrored(std::string_view op) {
  if (op == "_<_") return "_>_";
  if (op == "_<=_") return "_>=_";
  if (op == "_>_") return "_<_";
  if (op == "_>=_") return "_<=_";
  return op;
}

// The first clause that contradicts those before it.
const Expr* contradiction(const Expr& when) {
  std::unordered_map<std::string, Demand> demands;
  for (const Expr* clause : flatten(when, "_&&_")) {
    if (clause->kind != ExprKind::kCall || clause->args.size() != 2 || clause->operand != nullptr) continue;
    std::string_view op = clause->name;
    if (op != "_==_" && op != "_<_" && op != "_<=_" && op != "_>_" && op != "_>=_") continue;
    const Expr* subject = clause->args[0];
    const Expr* literal = clause->args[1];
    if (subject->kind == ExprKind::kConst) {
      std::swap(subject, literal);
      op = mirrored(op);
    }
    if (literal->kind != ExprKind::kConst || subject->kind == ExprKind::kConst) continue;
    if (!add_demand(demands[syntax::unparse(*subject)], op, *literal)) return clause;
  }
  return nullptr;
}

}  // namespace

std::string condition_of(const Rule& rule) {
  return rule.ast->when == nullptr ? std::string() : fmt::format("{}:{}", rule.event, syntax::unparse(*rule.ast->when));
}

void lint_rule_alone(const Module& module, const Rule& rule, base::DiagnosticSink& sink) {
  if (!rule.ast->id) {
    sink.emit(base::DiagKind::kRuleWithoutId, rule.span, fmt::format("rule `{}` has no id", rule.name))
        .hint("give it one (`id \"R-0001\"`): a rule that is renamed keeps its history by its id");
  }
  if (rule.ast->when == nullptr) return;
  const Expr& when = *rule.ast->when;
  if (constant_outcome(module, when, 0) == false) {
    sink.emit(base::DiagKind::kNeverFires, when.span,
              fmt::format("rule `{}` can never fire: this is always false", rule.name))
        .hint("to switch a rule off write `mode off`");
  } else if (const Expr* clause = contradiction(when)) {
    sink.emit(base::DiagKind::kNeverFires, clause->span,
              fmt::format("rule `{}` can never fire: this contradicts an earlier clause", rule.name));
  }
}

void lint_rules(const Module& module, base::DiagnosticSink& sink) {
  std::unordered_map<std::string, const Rule*> conditions;
  for (const Rule& rule : module.rules) {
    lint_rule_alone(module, rule, sink);
    if (rule.ast->when == nullptr) continue;
    auto [first, added] = conditions.emplace(condition_of(rule), &rule);
    if (!added) {
      sink.emit(base::DiagKind::kDuplicateRule, rule.ast->when->span,
                fmt::format("rule `{}` has the condition of `{}`", rule.name, first->second->name))
          .label(first->second->ast->when->span, "the same condition")
          .hint("put the effects of both into one rule");
    }
  }
}

}  // namespace weir::check
