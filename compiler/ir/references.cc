#include "compiler/ir/references.h"

#include <cstdint>
#include <vector>

namespace weir::ir {
namespace {

class References {
 public:
  explicit References(const Program& p) : p_(p), m_(p.module), seen_by_(m_.size(), 0) {}

  bool hold() {
    for (const Event& e : p_.events) {
      const size_t fields = e.schema.fields.size();
      if (fields > kMaxSlots || fields < 2 || e.score_slot != fields || e.each_slot != fields + 1 ||
          e.slot_count != fields + 2)
        return false;
    }
    for (uint32_t f = 0; f < p_.features.size(); ++f)
      if (!feature(p_.features[f], f)) return false;
    for (const Rule& r : p_.rules)
      if (!rule(r)) return false;
    for (const Event& e : p_.events) {
      row(e.slot_count, p_.features.size());
      for (uint32_t f : e.features)
        if (&p_.events[p_.features[f].event] != &e) return false;
      for (uint32_t r : e.rules)
        if (&p_.events[p_.rules[r].event] != &e) return false;
      for (const DecideArm& arm : e.decide)
        if (!expression(arm.when)) return false;
    }
    for (const Test& t : p_.tests)
      for (const TestStep& s : t.steps)
        if (t.slot_count > kMaxSlots || !step(s, t)) return false;
    return true;
  }

 private:
  static constexpr size_t kMaxSlots = 1 << 20;

  bool feature(const Feature& f, uint32_t number) {
    if (f.event >= p_.events.size() || f.keys.size() != f.key_entities.size()) return false;
    for (int entity : f.key_entities)
      if (entity < -1 || entity >= static_cast<int>(p_.entities.size())) return false;
    row(p_.events[f.event].slot_count, number);  // reads those before it
    for (NodeId key : f.keys)
      if (key == kNoNode || !expression(key)) return false;
    return optional(f.arg) && optional(f.where) && optional(f.each_list);
  }
  bool rule(const Rule& r) {
    if (r.event >= p_.events.size()) return false;
    row(p_.events[r.event].slot_count, p_.features.size());
    for (NodeId clause : r.clauses)
      if (!expression(clause)) return false;
    for (const Effect& e : r.effects) {
      if ((e.kind == EffectKind::kLabel || e.kind == EffectKind::kUnlabel) && e.label >= p_.labels.size()) return false;
      if (e.kind == EffectKind::kAction &&
          (e.action >= p_.actions.size() || e.args.size() != p_.actions[e.action].params.size()))
        return false;
      if (!optional(e.key)) return false;
      for (NodeId arg : e.args)
        if (!expression(arg)) return false;
    }
    for (const TemplatePiece& piece : r.because)
      if (!optional(piece.node)) return false;
    return expression(r.when) && optional(r.score) && optional(r.once_key) && optional(r.canary_key);
  }
  bool step(const TestStep& s, const Test& t) {
    using K = types::TestStepKind;
    if (s.kind == K::kSend || s.kind == K::kExpectThat) last_event_ = s.kind == K::kSend ? s.event : last_event_;
    if (s.kind == K::kSend && s.event >= p_.events.size()) return false;
    if (s.kind == K::kExpectFires && s.rule >= p_.rules.size()) return false;
    if ((s.kind == K::kExpectLabel || s.kind == K::kExpectNoLabel) && s.label >= p_.labels.size()) return false;
    if (s.kind == K::kRepeat && s.slot >= t.slot_count) return false;
    if (s.kind == K::kExpectThat) {
      if (last_event_ >= p_.events.size()) return false;
      row(p_.events[last_event_].slot_count, p_.features.size());
    } else {
      row(t.slot_count, p_.features.size());
    }
    if (!optional(s.value)) return false;
    for (const auto& [slot, value] : s.fields)
      if (s.kind != K::kSend || slot >= p_.events[s.event].schema.fields.size() || !expression(value)) return false;
    for (const TestStep& inner : s.body)
      if (!step(inner, t)) return false;
    return true;
  }

  // What follows is evaluated on a row of so many slots and may read so many features.
  void row(size_t slots, size_t features) {
    if (slots == slots_ && features == features_) return;
    slots_ = slots;
    features_ = features;
    ++row_;
  }
  bool optional(NodeId root) { return root == kNoNode || expression(root); }
  bool expression(NodeId root) {
    if (root == kNoNode) return false;
    open_.assign(1, root);
    while (!open_.empty()) {
      const NodeId id = open_.back();
      open_.pop_back();
      if (seen_by_[id] == row_) continue;
      seen_by_[id] = row_;
      if (!node(m_.node(id))) return false;
      for (NodeId arg : m_.args(id)) open_.push_back(arg);
    }
    return true;
  }
  bool node(const Node& n) const {
    const auto index = static_cast<size_t>(n.index);
    if (n.index < 0) {
      switch (n.op) {
        case Op::kSlot:
        case Op::kHasSlot:
        case Op::kOptSlot:
        case Op::kFeature:
        case Op::kFeatureAt:
        case Op::kListContains:
        case Op::kHasLabel:
        case Op::kHasLabelNamed:
        case Op::kLabels:
          return false;
        default:
          return true;
      }
    }
    switch (n.op) {
      case Op::kSlot:
      case Op::kHasSlot:
      case Op::kOptSlot:
        return index < slots_;
      case Op::kFeature:
        return index < features_;
      case Op::kFeatureAt:
        return index < features_ && n.arg_count == p_.features[index].keys.size();
      case Op::kListContains:
        return index < p_.lists.size();
      case Op::kHasLabel:
        return index < p_.labels.size();
      case Op::kHasLabelNamed:
      case Op::kLabels:
        return index < p_.entities.size();
      case Op::kMakeList:
        return n.arg_count == m_.masks[index].size();
      case Op::kMakeMap:
        return n.arg_count == 2 * m_.masks[index].size();
      default:
        return true;
    }
  }

  const Program& p_;
  const Module& m_;
  std::vector<uint32_t> seen_by_;  // by node: the row it was last looked at for
  std::vector<NodeId> open_;
  size_t slots_ = 0, features_ = 0;
  uint32_t row_ = 1;
  size_t last_event_ = SIZE_MAX;
};

}  // namespace

bool references_hold(const Program& program) { return References(program).hold(); }

}  // namespace weir::ir
