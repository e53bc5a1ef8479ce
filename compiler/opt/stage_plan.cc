#include "compiler/opt/stage_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace weir::opt {
namespace {

using ir::NodeId;
using ir::Op;

// Vertices: features, then labels, then rules.
class Planner {
 public:
  explicit Planner(const ir::Program& program)
      : program_(program),
        labels_at_(static_cast<uint32_t>(program.features.size())),
        rules_at_(labels_at_ + static_cast<uint32_t>(program.labels.size())),
        count_(rules_at_ + static_cast<uint32_t>(program.rules.size())),
        needs_(count_),
        keys_(count_) {
    for (uint32_t f = 0; f < program.features.size(); ++f) {
      const ir::Feature& feature = program.features[f];
      std::vector<NodeId> roots = feature.keys;
      roots.insert(roots.end(), {feature.arg, feature.where, feature.each_list});
      collect(f, roots);
      keys_[f].insert(key_text(feature));
    }
    for (uint32_t r = 0; r < program.rules.size(); ++r) {
      const ir::Rule& rule = program.rules[r];
      std::vector<NodeId> roots = {rule.when, rule.score};
      for (const ir::Effect& effect : rule.effects) {
        roots.push_back(effect.key);
        if (effect.kind != ir::EffectKind::kLabel && effect.kind != ir::EffectKind::kUnlabel) continue;
        needs_[labels_at_ + effect.label].insert(rules_at_ + r);
        keys_[labels_at_ + effect.label].insert(node_text(effect.key));
      }
      if (rule.once_key != ir::kNoNode) {  // `once` and `limit` are state of the rule's own
        roots.push_back(rule.once_key);
      }
      if (rule.canary_key != ir::kNoNode) roots.push_back(rule.canary_key);
      collect(rules_at_ + r, roots);
    }
  }

  std::vector<Stage> plan() {
    find_components();
    std::vector<uint32_t> level(components_.size(), 0);
    for (size_t c = 0; c < components_.size(); ++c)  // Tarjan's order: what is needed comes first
      for (uint32_t v : components_[c])
        for (uint32_t need : needs_[v])
          if (component_of_[need] != c) level[c] = std::max(level[c], level[component_of_[need]] + 1);
    std::map<std::tuple<uint32_t, StageKind, std::string>, Stage> stages;
    for (size_t c = 0; c < components_.size(); ++c) {
      StageKind kind = kind_of(components_[c]);
      std::string key = kind == StageKind::kRules || kind == StageKind::kOrdered ? "" : key_of(components_[c]);
      // Circles stay apart from each other; everything else shares a stage with its like.
      std::string tag =
          kind == StageKind::kKeyCycle || kind == StageKind::kOrdered ? key + "#" + std::to_string(c) : key;
      Stage& stage = stages[{level[c], kind, tag}];
      stage.kind = kind;
      stage.level = level[c];
      stage.key = key;
      for (uint32_t v : components_[c]) {
        if (v < labels_at_)
          stage.features.push_back(v);
        else if (v < rules_at_)
          stage.labels.push_back(v - labels_at_);
        else
          stage.rules.push_back(v - rules_at_);
      }
    }
    std::vector<Stage> out;
    for (auto& [order, stage] : stages) {
      for (auto* parts : {&stage.features, &stage.labels, &stage.rules}) std::sort(parts->begin(), parts->end());
      out.push_back(std::move(stage));
    }
    return out;
  }

 private:
  // Features and labels that the expressions read.
  void collect(uint32_t vertex, std::vector<NodeId> stack) {
    std::set<NodeId> seen;
    while (!stack.empty()) {
      NodeId id = stack.back();
      stack.pop_back();
      if (id == ir::kNoNode || !seen.insert(id).second) continue;
      const ir::Node& node = program_.module.node(id);
      auto index = static_cast<uint32_t>(node.index);
      switch (node.op) {
        case Op::kFeature:
          needs_[vertex].insert(index);
          break;
        case Op::kFeatureAt:  // another key's value: its own key is not the event's
          needs_[vertex].insert(index);
          keys_[vertex].insert(node_text(program_.module.arg(id, 0)));
          break;
        case Op::kHasLabel:
          needs_[vertex].insert(labels_at_ + index);
          keys_[vertex].insert(node_text(program_.module.arg(id, 0)));
          break;
        case Op::kHasLabelNamed:
        case Op::kLabels: {
          for (uint32_t l = 0; l < program_.labels.size(); ++l)
            if (program_.labels[l].entity == index) needs_[vertex].insert(labels_at_ + l);
          auto args = program_.module.args(id);
          keys_[vertex].insert(node_text(args[args.size() - 1]));
          break;
        }
        default:
          break;
      }
      auto args = program_.module.args(id);
      stack.insert(stack.end(), args.begin(), args.end());
    }
  }

  std::string node_text(NodeId id) const {
    const base::Span* span = program_.module.span(id);
    if (span != nullptr && program_.sources) return std::string(program_.sources->text(*span));
    const ir::Node& node = program_.module.node(id);
    if (node.op == Op::kSlot) return "slot " + std::to_string(node.index);
    return "node " + std::to_string(id);
  }

  std::string key_text(const ir::Feature& feature) const {
    std::string out;
    for (NodeId key : feature.keys) out += (out.empty() ? "" : ", ") + node_text(key);
    if (feature.each_list != ir::kNoNode) out += " each in " + node_text(feature.each_list);
    return out;
  }

  // Tarjan's strongly connected components, without recursion: rule sets may be large.
  void find_components() {
    component_of_.assign(count_, UINT32_MAX);
    std::vector<uint32_t> order(count_, 0), low(count_, 0), stack;
    std::vector<bool> on_stack(count_, false);
    uint32_t next = 1;
    struct Frame {
      uint32_t vertex;
      std::set<uint32_t>::const_iterator at;
    };
    for (uint32_t start = 0; start < count_; ++start) {
      if (order[start] != 0) continue;
      std::vector<Frame> frames;
      auto enter = [&](uint32_t v) {
        order[v] = low[v] = next++;
        stack.push_back(v);
        on_stack[v] = true;
        frames.push_back({v, needs_[v].begin()});
      };
      enter(start);
      while (!frames.empty()) {
        Frame& frame = frames.back();
        uint32_t v = frame.vertex;
        if (frame.at != needs_[v].end()) {
          uint32_t w = *frame.at++;
          if (order[w] == 0)
            enter(w);
          else if (on_stack[w])
            low[v] = std::min(low[v], order[w]);
          continue;
        }
        frames.pop_back();
        if (!frames.empty()) low[frames.back().vertex] = std::min(low[frames.back().vertex], low[v]);
        if (low[v] != order[v]) continue;
        std::vector<uint32_t> component;
        uint32_t w = 0;
        do {
          w = stack.back();
          stack.pop_back();
          on_stack[w] = false;
          component_of_[w] = static_cast<uint32_t>(components_.size());
          component.push_back(w);
        } while (w != v);
        components_.push_back(std::move(component));
      }
    }
  }

  StageKind kind_of(const std::vector<uint32_t>& component) const {
    if (component.size() == 1) {
      uint32_t v = component[0];
      return v < labels_at_ ? StageKind::kFeatures : v < rules_at_ ? StageKind::kLabels : StageKind::kRules;
    }
    std::set<std::string> keys;
    for (uint32_t v : component) keys.insert(keys_[v].begin(), keys_[v].end());
    return keys.size() <= 1 ? StageKind::kKeyCycle : StageKind::kOrdered;
  }

  std::string key_of(const std::vector<uint32_t>& component) const {
    std::string out;
    std::set<std::string> keys;
    for (uint32_t v : component) keys.insert(keys_[v].begin(), keys_[v].end());
    for (const std::string& key : keys) out += (out.empty() ? "" : "; ") + key;
    return out;
  }

  const ir::Program& program_;
  uint32_t labels_at_, rules_at_, count_;
  std::vector<std::set<uint32_t>> needs_;    // by vertex
  std::vector<std::set<std::string>> keys_;  // by vertex: keys its state is found by
  std::vector<std::vector<uint32_t>> components_;
  std::vector<uint32_t> component_of_;
};

}  // namespace

std::string_view stage_kind_name(StageKind kind) {
  switch (kind) {
    case StageKind::kFeatures:
      return "features";
    case StageKind::kRules:
      return "rules";
    case StageKind::kLabels:
      return "labels";
    case StageKind::kKeyCycle:
      return "cycle within a key";
    case StageKind::kOrdered:
      return "ordered";
  }
  return "";
}

std::vector<Stage> stage_plan(const ir::Program& program) { return Planner(program).plan(); }

}  // namespace weir::opt
