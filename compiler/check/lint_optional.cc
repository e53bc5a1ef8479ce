#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/lint.h"

namespace weir::check {

using syntax::Expr;
using syntax::ExprKind;

namespace {

using Slots = std::vector<int>;

bool is_call(const Expr& e, std::string_view function) { return e.kind == ExprKind::kCall && e.name == function; }

// Follows what is known to be present through conditions, as evaluation does.
class GuardedReads {
 public:
  GuardedReads(const Module& module, base::DiagnosticSink& sink) : module_(module), sink_(sink) {}

  // A new statement about an event: nothing is known.
  void start(int event) {
    present_.clear();
    reported_.clear();
    event_ = event;
  }
  void read(const Expr* e) {
    if (e != nullptr && event_ >= 0) visit(*e, 0);
  }
  void assume(const Expr* e) {
    if (e != nullptr) known(*e, true, present_, 0);
  }
  void read(const Rule& rule) {
    start(rule.event);
    read(rule.ast->when);
    assume(rule.ast->when);
    read(rule.ast->score);
    read(rule.ast->once_key);
    read(rule.ast->canary_key);
    for (const syntax::TemplatePiece& piece : rule.ast->because) read(piece.expr);
    for (const Effect& effect : rule.effects) {
      read(effect.key);
      for (const Expr* arg : effect.args) read(arg);
    }
  }

 private:
  static constexpr int kMaxDepth = 1500;

  void visit(const Expr& e, int depth) {
    if (depth > kMaxDepth) return;
    const Ref& ref = module_.annotations.at(e).ref;
    if (ref.kind == RefKind::kSlot) {
      bool reads = e.kind == ExprKind::kIdent || (e.kind == ExprKind::kSelect && !e.test_only);
      if (reads) report(e, ref.index);
      return;
    }
    if (is_call(e, "_&&_") || is_call(e, "_||_")) {
      size_t mark = present_.size();
      for (const Expr* operand : flatten(e, e.name)) {
        visit(*operand, depth + 1);
        known(*operand, e.name == "_&&_", present_, 0);
      }
      present_.resize(mark);
      return;
    }
    if (is_call(e, "_?_:_") && e.args.size() == 3) {
      visit(*e.args[0], depth + 1);
      for (bool outcome : {true, false}) {
        size_t mark = present_.size();
        known(*e.args[0], outcome, present_, 0);
        visit(*e.args[outcome ? 1 : 2], depth + 1);
        present_.resize(mark);
      }
      return;
    }
    if (e.kind == ExprKind::kComprehension) {
      const syntax::Comprehension& c = *e.comprehension;
      for (const Expr* part : {c.iter_range, c.accu_init, c.loop_condition, c.loop_step, c.result})
        visit(*part, depth + 1);
      return;
    }
    if (e.operand != nullptr && ref.style != types::CallStyle::kGlobal) visit(*e.operand, depth + 1);
    if (e.kind == ExprKind::kSelect && e.operand != nullptr) visit(*e.operand, depth + 1);
    for (const Expr* arg : e.args) visit(*arg, depth + 1);
  }

  // Fields that must be present if `e` came out as `outcome`.
  void known(const Expr& e, bool outcome, Slots& out, int depth) const {
    if (depth > kMaxDepth) return;
    const Ref& ref = module_.annotations.at(e).ref;
    if (e.kind == ExprKind::kSelect && e.test_only && ref.kind == RefKind::kSlot) {
      if (outcome) out.push_back(ref.index);
    } else if (e.kind == ExprKind::kCall && e.name == "hasValue" && e.operand != nullptr) {
      const Ref& inner = module_.annotations.at(*e.operand).ref;
      if (outcome && inner.kind == RefKind::kSlot) out.push_back(inner.index);
    } else if (is_call(e, "!_") && e.args.size() == 1) {
      known(*e.args[0], !outcome, out, depth + 1);
    } else if (is_call(e, outcome ? "_&&_" : "_||_")) {
      for (const Expr* operand : flatten(e, e.name)) known(*operand, outcome, out, depth + 1);
    } else if (ref.kind == RefKind::kLet && ref.index >= 0) {
      const Expr* value = module_.lets[static_cast<size_t>(ref.index)].value;
      if (value != nullptr) known(*value, outcome, out, depth + 1);
    }
  }

  void report(const Expr& e, int slot) {
    const types::EventSchema& schema = module_.events[static_cast<size_t>(event_)].schema;
    if (slot >= static_cast<int>(schema.fields.size())) return;
    const types::Field& field = schema.fields[static_cast<size_t>(slot)];
    auto in = [&](const Slots& slots) { return std::find(slots.begin(), slots.end(), slot) != slots.end(); };
    if (!field.optional || in(present_) || in(reported_)) return;
    reported_.push_back(slot);
    std::string name = fmt::format("{}.{}", schema.name, field.name);
    sink_
        .emit(base::DiagKind::kUnguardedOptional, e.span,
              fmt::format("`{}` may be missing, and what reads it is then missing too", name))
        .hint(
            fmt::format("guard it with `has({}) && ...`, or read `{}.?{}.orValue(...)`", name, schema.name, field.name))
        .label(field.span, "declared with `?`");
  }

  const Module& module_;
  base::DiagnosticSink& sink_;
  Slots present_;
  Slots reported_;
  int event_ = -1;
};

}  // namespace

std::vector<const Expr*> flatten(const Expr& expr, std::string_view function) {
  std::vector<const Expr*> operands;
  std::vector<const Expr*> stack = {&expr};
  while (!stack.empty()) {
    const Expr* e = stack.back();
    stack.pop_back();
    if (is_call(*e, function) && e->operand == nullptr) {
      stack.insert(stack.end(), e->args.rbegin(), e->args.rend());
    } else {
      operands.push_back(e);
    }
  }
  return operands;
}

void lint_optional_fields(const Module& module, const Rule& rule, base::DiagnosticSink& sink) {
  GuardedReads(module, sink).read(rule);
}

void lint_optional_fields(const Module& module, base::DiagnosticSink& sink) {
  GuardedReads reads(module, sink);
  for (const Let& let : module.lets) {
    reads.start(let.event);
    reads.read(let.value);
  }
  for (const Feature& feature : module.features) {
    reads.start(feature.event);
    reads.read(feature.where);
    reads.assume(feature.where);
    reads.read(feature.each_list);
    reads.read(feature.arg);
    for (const Expr* key : feature.keys) reads.read(key);
  }
  for (const Rule& rule : module.rules) reads.read(rule);
  for (const Decide& decide : module.decides) {
    reads.start(decide.event);
    for (const auto& [verdict, when] : decide.arms) reads.read(when);
  }
}

}  // namespace weir::check
