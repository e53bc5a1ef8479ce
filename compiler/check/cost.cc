#include "compiler/check/cost.h"

#include <algorithm>
#include <unordered_map>

namespace weir::check {
namespace {

using syntax::Expr;
using syntax::ExprKind;
using types::Kind;
using types::Type;

constexpr uint64_t kStateRead = 2;  // a hash probe: feature, label, list

uint64_t add(uint64_t a, uint64_t b) { return a > kUnbounded - b ? kUnbounded : a + b; }
uint64_t multiply(uint64_t a, uint64_t b) { return a != 0 && b > kUnbounded / a ? kUnbounded : a * b; }

// What evaluating an expression costs and how large its value is: elements of a list or map, bytes of a text.
struct Estimate {
  uint64_t steps = 0;
  uint64_t size = 1;
  uint64_t element = 1;  // size of the largest element, key or value
};

class Estimator {
 public:
  Estimator(const Module& module, const Annotations& annotations, const AssumedSizes& sizes)
      : module_(module), annotations_(annotations), sizes_(sizes) {}

  uint64_t steps(const Expr* e) { return e == nullptr ? 0 : visit(*e, 0).steps; }
  Estimate estimate(const Expr& e) { return visit(e, 0); }

 private:
  static constexpr int kMaxDepth = 1500;

  Estimate of_type(const Type* type) const {
    Estimate result;
    if (type == nullptr) return result;
    switch (type->base()->kind()) {
      case Kind::kString:
      case Kind::kBytes:
        result.size = sizes_.text;
        break;
      case Kind::kDyn:
        result.size = std::max(sizes_.text, sizes_.list);
        result.element = sizes_.text;
        break;
      case Kind::kList:
      case Kind::kMap:
        result.size = sizes_.list;
        for (const Type* arg : type->args()) result.element = std::max(result.element, of_type(arg).size);
        break;
      case Kind::kOptional:
        return of_type(type->arg(0));
      default:
        break;
    }
    return result;
  }

  Estimate visit(const Expr& e, int depth) {
    if (depth > kMaxDepth) return {kUnbounded, kUnbounded, kUnbounded};
    const Annotation& annotation = annotations_.at(e);
    switch (e.kind) {
      case ExprKind::kConst:
        return {0, std::max<uint64_t>(1, e.constant.s.size()), 1};
      case ExprKind::kIdent:
      case ExprKind::kSelect:
        return visit_name(e, annotation, depth);
      case ExprKind::kCall:
        return visit_call(e, annotation, depth);
      case ExprKind::kList:
      case ExprKind::kMap: {
        Estimate result{1, 0, 1};
        for (const Expr* arg : e.args) {
          Estimate part = visit(*arg, depth + 1);
          result.steps = add(result.steps, part.steps);
          result.element = std::max(result.element, part.size);
        }
        result.size = e.kind == ExprKind::kMap ? e.args.size() / 2 : e.args.size();
        result.steps = add(result.steps, result.size / 16);
        return result;
      }
      case ExprKind::kComprehension:
        return visit_comprehension(e, depth);
      default:
        return {};
    }
  }

  Estimate visit_name(const Expr& e, const Annotation& annotation, int depth) {
    Estimate result = of_type(annotation.type);
    result.steps = 1;
    switch (annotation.ref.kind) {
      case RefKind::kLet:
        return visit_let(annotation.ref.index, depth);
      case RefKind::kLocal: {
        auto known = locals_.find({annotation.ref.decl, annotation.ref.which});
        if (known != locals_.end()) result = known->second;
        result.steps = 1;
        return result;
      }
      case RefKind::kFeature:
        result.steps = kStateRead;
        return result;
      case RefKind::kNone:
        if (e.operand != nullptr) {
          Estimate operand = visit(*e.operand, depth + 1);
          result.steps = add(result.steps, operand.steps);
          result.size = std::max(result.size, operand.element);
        }
        return result;
      default:
        return result;
    }
  }

  // Each let once: they may use each other many times over.
  Estimate visit_let(int32_t index, int depth) {
    auto known = lets_.find(index);
    if (known != lets_.end()) return known->second;
    const Expr* value = module_.lets[static_cast<size_t>(index)].value;
    Estimate result = value == nullptr ? Estimate{} : visit(*value, depth + 1);
    lets_.emplace(index, result);
    return result;
  }

  Estimate visit_call(const Expr& e, const Annotation& annotation, int depth) {
    const Ref& ref = annotation.ref;
    bool dispatched = ref.kind == RefKind::kCall || ref.kind == RefKind::kDynCall || ref.kind == RefKind::kHostCall;
    bool member = e.operand != nullptr && (!dispatched || ref.style == types::CallStyle::kMember);
    Estimate result = of_type(annotation.type);
    result.steps = 1;
    if (ref.kind == RefKind::kSlot) return result;
    uint64_t total_size = 0;
    uint64_t product = 1;
    auto argument = [&](const Expr& arg) {
      Estimate part = visit(arg, depth + 1);
      result.steps = add(result.steps, part.steps);
      total_size = add(total_size, part.size);
      product = multiply(product, part.size);
      result.element = std::max(result.element, part.element);
    };
    if (ref.kind == RefKind::kListMember) {
      argument(*e.args[0]);
      const List& list = module_.lists[static_cast<size_t>(ref.index)];
      bool scans = list.kind == ListKind::kRegex;
      result.steps = add(result.steps, scans ? add(kStateRead, total_size / 4) : kStateRead);
      return result;
    }
    if (ref.kind == RefKind::kFeatureAt) {
      argument(*e.args[1]);
      result.steps = add(result.steps, kStateRead);
      return result;
    }
    if (member) argument(*e.operand);
    for (const Expr* arg : e.args) argument(*arg);
    if (ref.kind == RefKind::kLabels || ref.kind == RefKind::kHasLabel) result.steps = add(result.steps, kStateRead);
    types::Cost cost = types::Cost::kConst;
    if (ref.kind == RefKind::kCall) {
      cost = types::builtin_info(ref.overload).cost;
    } else if (ref.kind == RefKind::kDynCall) {
      std::string_view function = ref.text.empty() ? std::string_view(e.name) : ref.text;
      for (const types::Overload* overload : module_.overloads->find(function, ref.style))
        cost = std::max(cost, types::builtin_info(overload->id).cost);
    }
    switch (cost) {
      case types::Cost::kConst:
        break;
      case types::Cost::kLinear:
        result.steps = add(result.steps, total_size / 16);
        break;
      case types::Cost::kRegex:
        result.steps = add(result.steps, total_size / 4);
        break;
      case types::Cost::kQuadratic:
        result.steps = add(result.steps, product / 16);
        break;
    }
    // What a function makes is at most as large as what it was given, or as the assumed size.
    Kind kind = annotation.type == nullptr ? Kind::kDyn : annotation.type->base()->kind();
    bool sized = kind == Kind::kString || kind == Kind::kBytes || kind == Kind::kList || kind == Kind::kMap ||
                 kind == Kind::kDyn;
    if (sized) result.size = std::max(result.size, total_size);
    return result;
  }

  Estimate visit_comprehension(const Expr& e, int depth) {
    const syntax::Comprehension& c = *e.comprehension;
    Estimate range = visit(*c.iter_range, depth + 1);
    Estimate init = visit(*c.accu_init, depth + 1);
    Estimate item{1, std::max<uint64_t>(1, range.element), range.element};
    locals_[{&e, Ref::Var::kIter}] = item;
    locals_[{&e, Ref::Var::kIter2}] = item;
    // An accumulator that grows has at most an element for each round.
    Estimate accu = init;
    accu.size = std::max(init.size, range.size);
    accu.element = std::max(init.element, range.element);
    locals_[{&e, Ref::Var::kAccu}] = accu;
    Estimate condition = visit(*c.loop_condition, depth + 1);
    Estimate step = visit(*c.loop_step, depth + 1);
    Estimate result = visit(*c.result, depth + 1);
    uint64_t round = add(1, add(condition.steps, step.steps));
    result.steps = add(add(range.steps, init.steps), add(multiply(range.size, round), result.steps));
    return result;
  }

  struct LocalHash {
    size_t operator()(const std::pair<const Expr*, Ref::Var>& key) const {
      return std::hash<const Expr*>()(key.first) * 3 + static_cast<size_t>(key.second);
    }
  };

  const Module& module_;
  const Annotations& annotations_;
  AssumedSizes sizes_;
  std::unordered_map<int32_t, Estimate> lets_;
  std::unordered_map<std::pair<const Expr*, Ref::Var>, Estimate, LocalHash> locals_;
};

}  // namespace

uint64_t expression_cost(const Expr& expr, const Module& module, const Annotations& annotations,
                         const AssumedSizes& sizes) {
  return Estimator(module, annotations, sizes).steps(&expr);
}

RuleCost rule_cost(const Rule& rule, const Module& module, const AssumedSizes& sizes) {
  Estimator estimator(module, module.annotations, sizes);
  RuleCost cost;
  cost.when = estimator.steps(rule.ast->when);
  cost.effects = add(estimator.steps(rule.ast->score), estimator.steps(rule.ast->once_key));
  cost.effects = add(cost.effects, estimator.steps(rule.ast->canary_key));
  for (const Effect& effect : rule.effects) {
    cost.effects = add(cost.effects, add(kStateRead, estimator.steps(effect.key)));
    for (const Expr* arg : effect.args) cost.effects = add(cost.effects, estimator.steps(arg));
  }
  for (const syntax::TemplatePiece& piece : rule.ast->because)
    cost.effects = add(cost.effects, estimator.steps(piece.expr));
  return cost;
}

uint64_t feature_cost(const Feature& feature, const Module& module, const AssumedSizes& sizes) {
  Estimator estimator(module, module.annotations, sizes);
  uint64_t once = estimator.steps(feature.where);
  uint64_t update = add(kStateRead, estimator.steps(feature.arg));
  for (const Expr* key : feature.keys) update = add(update, estimator.steps(key));
  if (feature.each_list == nullptr) return add(once, update);
  Estimate list = estimator.estimate(*feature.each_list);
  return add(add(once, list.steps), multiply(list.size, update));
}

}  // namespace weir::check
