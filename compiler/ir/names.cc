#include "compiler/ir/ir.h"
#include "compiler/ir/program.h"

namespace weir::ir {

namespace {
struct OpInfo {
  std::string_view name;
  int arity;
};
constexpr OpInfo kOps[] = {
#define WEIR_OP(name, text, arity) {text, arity},
#include "compiler/ir/ops.def"
#undef WEIR_OP
};

template <typename T>
int find_named(const std::vector<T>& items, std::string_view name) {
  for (size_t i = 0; i < items.size(); ++i)
    if (items[i].name == name) return static_cast<int>(i);
  return -1;
}
}  // namespace

std::string_view op_name(Op op) { return kOps[static_cast<size_t>(op)].name; }
int op_arity(Op op) { return kOps[static_cast<size_t>(op)].arity; }

int Program::find_event(std::string_view name) const {
  for (size_t i = 0; i < events.size(); ++i)
    if (events[i].schema.name == name) return static_cast<int>(i);
  return -1;
}
int Program::find_label(std::string_view name) const { return find_named(labels, name); }
int Program::find_entity(std::string_view name) const { return find_named(entities, name); }
int Program::find_rule(std::string_view name_or_id) const {
  int found = find_named(rules, name_or_id);
  for (size_t i = 0; found < 0 && i < rules.size(); ++i)
    if (rules[i].id == name_or_id) found = static_cast<int>(i);
  return found;
}

namespace {
void add_root(std::vector<NodeId>& out, NodeId node) {
  if (node != kNoNode) out.push_back(node);
}
}  // namespace

std::vector<NodeId> Program::roots() const {
  std::vector<NodeId> out;
  for (const Feature& f : features) {
    add_root(out, f.arg);
    add_root(out, f.where);
    add_root(out, f.each_list);
    for (NodeId key : f.keys) add_root(out, key);
  }
  for (const Rule& r : rules) {
    add_root(out, r.when);
    add_root(out, r.score);
    add_root(out, r.once_key);
    add_root(out, r.canary_key);
    for (const Effect& e : r.effects) {
      add_root(out, e.key);
      for (NodeId arg : e.args) add_root(out, arg);
    }
    for (const TemplatePiece& piece : r.because) add_root(out, piece.node);
  }
  for (const Event& e : events)
    for (const DecideArm& arm : e.decide) add_root(out, arm.when);
  return out;
}

}  // namespace weir::ir
