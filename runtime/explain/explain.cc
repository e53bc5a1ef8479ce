#include "runtime/explain/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "runtime/explain/failure_text.h"
#include "runtime/value/operations.h"

namespace weir::explain {
namespace {

using ir::NodeId;
using ir::Op;
using value::Value;

Truth truth_of(const Value& v) {
  if (v.is_missing()) return Truth::kMissing;
  if (v.is_error()) return Truth::kError;
  if (v.is_true()) return Truth::kTrue;
  return v.is_false() ? Truth::kFalse : Truth::kValue;
}

// On a code point's boundary.
std::string shortened(std::string text) {
  if (text.size() <= kMaxLiteral) return text;
  size_t end = kMaxLiteral;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

std::string collapsed(std::string_view text) {
  std::string out;
  bool space = false;
  for (char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
  return out;
}

class Explainer {
 public:
  Explainer(const ir::Program& program, uint32_t event, const Evaluate& evaluate, const Bind& bind)
      : program_(program), module_(program.module), event_(event), evaluate_(evaluate), bind_(bind) {}

  WhyNode tree(NodeId id, const base::Span* span) {
    ++count_;
    WhyNode out;
    out.node = id;
    locate(id, span, &out);
    const Value v = evaluate_(id);
    out.truth = truth_of(v);
    out.value = shortened(outcome_text(program_, event_, v));
    for (NodeId operand : operands(id)) {
      if (count_ >= kMaxNodes) {
        truncated_ = true;
        break;
      }
      out.children.push_back(tree(operand, nullptr));
    }
    if (module_.node(id).op == Op::kFold && bind_ && count_ < kMaxNodes) add_item(id, out.truth, &out);
    return out;
  }

  bool truncated() const { return truncated_; }

 private:
  // exists() is a fold of accumulator || condition, all() one of accumulator && condition.
  NodeId condition_of(NodeId id, const ir::Fold& fold) const {
    const NodeId step = module_.arg(id, 3);
    const Op op = module_.node(step).op;
    if (op != Op::kAnd && op != Op::kOr) return ir::kNoNode;
    for (size_t i = 0; i < 2; ++i) {
      const ir::Node& accumulator = module_.node(module_.arg(step, i));
      if (accumulator.op == Op::kLocal && static_cast<uint32_t>(accumulator.index) == fold.accu_local) {
        return module_.arg(step, 1 - i);
      }
    }
    return ir::kNoNode;
  }

  void add_item(NodeId id, Truth truth, WhyNode* out) {
    const ir::Fold& fold = module_.folds[static_cast<size_t>(module_.node(id).index)];
    const NodeId condition = condition_of(id, fold);
    if (condition == ir::kNoNode) return;
    // Not settled by one item: all() that is true, exists() that is false.
    if (truth == (module_.node(module_.arg(id, 3)).op == Op::kAnd ? Truth::kTrue : Truth::kFalse)) return;
    const Value range = evaluate_(module_.arg(id, 0));
    if (!range.is(value::Kind::kList) && !range.is(value::Kind::kMap)) return;
    const bool list = range.is(value::Kind::kList), two = fold.iter2_local != UINT32_MAX;
    const uint32_t size = list ? range.list->size : range.map->size;
    for (uint32_t i = 0; i < size; ++i) {
      const Value key = list ? Value::integer(i) : range.map->entries[i].key;
      const Value element = list ? range.list->items[i] : range.map->entries[i].value;
      const Value item = two || !list ? key : element;
      bind_(fold, item, element);
      if (truth_of(evaluate_(condition)) != truth) continue;
      const uint64_t outer = bound_locals_;
      bound_locals_ |= uint64_t{1} << fold.iter_local;
      if (two) bound_locals_ |= uint64_t{1} << fold.iter2_local;
      WhyNode child = tree(condition, nullptr);
      bound_locals_ = outer;
      child.item = true;
      child.source += " for " + shortened(value::to_literal(item));
      if (two) child.source += ", " + shortened(value::to_literal(element));
      out->children.push_back(std::move(child));
      return;
    }
  }

  void locate(NodeId id, const base::Span* span, WhyNode* out) {
    if (span == nullptr) span = module_.span(id);
    if (span != nullptr && program_.sources != nullptr && span->end > span->begin) {
      out->span = *span;
      out->has_span = true;
      out->source = shortened(collapsed(program_.sources->text(*span)));
    } else {
      out->source = description(id);
    }
  }

  std::string description(NodeId id) const {
    const ir::Node& n = module_.node(id);
    const auto& fields = program_.events[event_].schema.fields;
    const auto index = static_cast<size_t>(n.index);
    switch (n.op) {
      case Op::kSlot:
      case Op::kOptSlot:
        if (index < fields.size()) return fields[index].name;
        return index == program_.events[event_].score_slot ? "score" : "each";
      case Op::kHasSlot:
        return index < fields.size() ? "has " + fields[index].name : "has";
      case Op::kFeature:
      case Op::kFeatureAt:
        return program_.features[index].name;
      case Op::kCall:
        return std::string(types::builtin_info(n.builtin).function);
      default:
        return std::string(ir::op_name(n.op));
    }
  }

  // The operands worth showing. Chains of one logical operator are one step.
  std::vector<NodeId> operands(NodeId id) const {
    const ir::Node& n = module_.node(id);
    std::vector<NodeId> out;
    const auto add = [&](NodeId arg) {
      const ir::Node& a = module_.node(arg);
      if (a.op == Op::kConst || (a.flags & ir::kInvariant) != 0 || (a.locals & ~bound_locals_) != 0) return;
      if (std::find(out.begin(), out.end(), arg) == out.end()) out.push_back(arg);
    };
    if (n.op == Op::kAnd || n.op == Op::kOr) {
      flatten(n.op, id, add);
    } else if (n.op == Op::kFold) {
      add(module_.arg(id, 0));
    } else if (n.op == Op::kCond) {
      add(module_.arg(id, 0));
      const Value condition = evaluate_(module_.arg(id, 0));
      if (condition.is(value::Kind::kBool)) add(module_.arg(id, condition.is_true() ? 1 : 2));
    } else {
      for (NodeId arg : module_.args(id)) add(arg);
    }
    return out;
  }

  template <typename Add>
  void flatten(Op op, NodeId id, const Add& add) const {
    for (NodeId arg : module_.args(id)) {
      if (module_.node(arg).op == op) {
        flatten(op, arg, add);
      } else {
        add(arg);
      }
    }
  }

  const ir::Program& program_;
  const ir::Module& module_;
  uint32_t event_;
  const Evaluate& evaluate_;
  const Bind& bind_;
  uint64_t bound_locals_ = 0;
  size_t count_ = 0;
  bool truncated_ = false;
};

// Chooses what decided. A set's cost is its number of sub-expressions, then how deep they go; ties go to what was
// written first.
class Decider {
 public:
  explicit Decider(const ir::Module& module) : module_(module) {}

  // Whether the root is a conjunction is known to the caller only: its node may have been rearranged.
  void mark(WhyNode& root, bool root_is_and) { mark_node(root, root_is_and ? Op::kAnd : op(root)); }

 private:
  Op op(const WhyNode& n) const { return n.node == ir::kNoNode ? Op::kAnd : module_.node(n.node).op; }

  size_t cost(const WhyNode& n) {
    auto [it, fresh] = costs_.try_emplace(&n, 1);
    if (!fresh) return it->second;
    size_t total = 0;
    for (const WhyNode* child : deciding(n, op(n))) total += cost(*child);
    return costs_[&n] = std::max<size_t>(total, 1);
  }

  // The children that settle n's outcome, or none if n itself is what decides.
  std::vector<const WhyNode*> deciding(const WhyNode& n, Op op) {
    std::vector<const WhyNode*> out;
    const auto cheapest = [&](Truth truth) {
      const WhyNode* best = nullptr;
      for (const WhyNode& child : n.children) {
        if (child.truth == truth && (best == nullptr || cost(child) < cost(*best))) best = &child;
      }
      if (best != nullptr) out.push_back(best);
    };
    if (n.truth == Truth::kMissing || n.truth == Truth::kError) {  // one failing operand is enough
      const auto failing = std::find_if(n.children.begin(), n.children.end(),
                                        [&](const WhyNode& child) { return child.truth == n.truth; });
      if (failing != n.children.end()) out.push_back(&*failing);
      return out;
    }
    if (op == Op::kFold) {
      if (!n.children.empty() && n.children.back().item) out.push_back(&n.children.back());
    } else if (op == Op::kAnd || op == Op::kOr) {
      const bool one_is_enough = (op == Op::kAnd) == (n.truth == Truth::kFalse);
      if (one_is_enough) {
        cheapest(n.truth);
      } else {
        for (const WhyNode& child : n.children) out.push_back(&child);
      }
    } else if (op == Op::kNot || (op == Op::kCond && n.truth != Truth::kValue)) {
      for (const WhyNode& child : n.children) out.push_back(&child);
    }
    return out;
  }

  void mark_node(WhyNode& n, Op op) {
    const std::vector<const WhyNode*> chosen = deciding(n, op);
    if (chosen.empty()) n.decisive = true;
    for (WhyNode& child : n.children) {
      if (std::find(chosen.begin(), chosen.end(), &child) != chosen.end()) mark_node(child, this->op(child));
    }
  }

  const ir::Module& module_;
  std::unordered_map<const WhyNode*, size_t> costs_;
};

void collect(const WhyNode& n, std::vector<const WhyNode*>* out) {
  if (n.decisive) out->push_back(&n);
  for (const WhyNode& child : n.children) collect(child, out);
}

Why finished(Explainer& explainer, const ir::Program& program, WhyNode root, uint32_t rule, bool root_is_and) {
  Why why;
  why.rule = rule;
  why.root = std::move(root);
  why.outcome = why.root.truth;
  why.truncated = explainer.truncated();
  Decider(program.module).mark(why.root, root_is_and);
  return why;
}

}  // namespace

std::string_view truth_name(Truth truth) {
  switch (truth) {
    case Truth::kValue:
      return "value";
    case Truth::kTrue:
      return "true";
    case Truth::kFalse:
      return "false";
    case Truth::kMissing:
      return "missing";
    case Truth::kError:
      return "error";
  }
  return "";
}

std::vector<const WhyNode*> Why::decided_by() const {
  std::vector<const WhyNode*> out;
  collect(root, &out);
  return out;
}

Why explain(const ir::Program& program, uint32_t index, const Evaluate& evaluate, const Bind& bind) {
  const ir::Rule& rule = program.rules[index];
  Explainer explainer(program, rule.event, evaluate, bind);
  if (rule.clauses.size() < 2) {
    const bool has_span = rule.when_span.end > rule.when_span.begin;
    return finished(explainer, program, explainer.tree(rule.when, has_span ? &rule.when_span : nullptr), index, false);
  }
  // From the clauses and not from `when`, whose conjuncts may have been put in another order.
  WhyNode root;
  root.node = rule.when;
  root.span = rule.when_span;
  root.has_span = program.sources != nullptr && rule.when_span.end > rule.when_span.begin;
  root.source = shortened(collapsed(rule.source));
  const Value v = evaluate(rule.when);
  root.truth = truth_of(v);
  root.value = outcome_text(program, rule.event, v);
  for (size_t i = 0; i < rule.clauses.size(); ++i) {
    root.children.push_back(
        explainer.tree(rule.clauses[i], i < rule.clause_spans.size() ? &rule.clause_spans[i] : nullptr));
  }
  return finished(explainer, program, std::move(root), index, true);
}

Why explain_node(const ir::Program& program, uint32_t event, NodeId node, const Evaluate& evaluate, const Bind& bind) {
  Explainer explainer(program, event, evaluate, bind);
  return finished(explainer, program, explainer.tree(node, nullptr), kNoRule, false);
}

}  // namespace weir::explain
