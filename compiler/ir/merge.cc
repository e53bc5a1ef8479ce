#include "compiler/ir/merge.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"

namespace weir::ir {
namespace {

absl::Status conflict(const std::string& text) {
  return absl::FailedPreconditionError(absl::string_view(text.data(), text.size()));
}

// Numbers of one program in the merged one.
struct Numbers {
  std::vector<uint32_t> entities, lists, labels, actions, events, features;
  std::vector<std::vector<int32_t>> slots;  // by event: of fields, then score, then each
  base::FileId first_file = 0;
};

class Merger {
 public:
  Merger(const Program& live, const Program& candidate)
      : live_(live), next_(candidate), out_(std::make_shared<Program>()), part_(std::make_shared<Candidate>()) {}

  absl::StatusOr<Merged> merge() {
    out_->types = std::make_shared<types::TypeTable>();
    out_->sources = std::make_shared<base::SourceMap>();
    out_->packages = live_.packages;
    for (const auto& [program, numbers] : {std::pair(&live_, &live_numbers_), std::pair(&next_, &next_numbers_)}) {
      if (absl::Status s = declare(*program, *numbers); !s.ok()) return s;
    }
    place_slots();
    features();
    rules();
    decisions();
    std::vector<NodeId> roots = out_->roots();
    for (const Candidate::Event& event : part_->events)
      for (const DecideArm& arm : event.decide) roots.push_back(arm.when);
    out_->module.plan_memos(roots);
    return Merged{std::move(out_), std::move(part_)};
  }

 private:
  template <typename Item, typename Same>
  static uint32_t find_or_add(std::vector<Item>& items, const Item& item, Same same) {
    for (uint32_t i = 0; i < items.size(); ++i)
      if (same(items[i])) return i;
    items.push_back(item);
    return static_cast<uint32_t>(items.size() - 1);
  }

  const types::Type* type(const types::Type* t) {
    const auto known = types_.find(t);
    if (known != types_.end()) return known->second;
    std::vector<const types::Type*> args;
    for (const types::Type* arg : t->args()) args.push_back(type(arg));
    return types_[t] = out_->types->intern(t->kind(), t->name(), std::move(args));
  }

  absl::Status declare(const Program& from, Numbers& numbers) {
    if (from.sources != nullptr) {
      numbers.first_file = static_cast<base::FileId>(out_->sources->size());
      for (base::FileId f = 0; f < from.sources->size(); ++f)
        out_->sources->add(from.sources->file(f).name(), std::string(from.sources->file(f).text()));
    }
    for (const Entity& e : from.entities) {
      const uint32_t at = find_or_add(out_->entities, e, [&](const Entity& o) { return o.name == e.name; });
      if (out_->entities[at].base != e.base) return conflict(fmt::format("entity `{}` has another base", e.name));
      numbers.entities.push_back(at);
    }
    for (const List& l : from.lists) {
      numbers.lists.push_back(find_or_add(
          out_->lists, l, [&](const List& o) { return o.name == l.name && o.kind == l.kind && o.values == l.values; }));
    }
    for (Label l : from.labels) {
      l.entity = numbers.entities[l.entity];
      numbers.labels.push_back(
          find_or_add(out_->labels, l, [&](const Label& o) { return o.name == l.name && o.entity == l.entity; }));
    }
    for (const Action& a : from.actions) {
      numbers.actions.push_back(
          find_or_add(out_->actions, a, [&](const Action& o) { return o.name == a.name && o.params == a.params; }));
    }
    for (const Event& e : from.events) {
      if (absl::Status s = declare_event(e, from, numbers); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  absl::Status declare_event(const Event& e, const Program& from, Numbers& numbers) {
    const bool second = &from == &next_;
    const int known = out_->find_event(e.schema.name);
    if (known < 0) {
      Event& event = out_->events.emplace_back();
      event.schema.name = e.schema.name;
      event.has_decide = !second && e.has_decide;
    }
    const uint32_t at = known < 0 ? static_cast<uint32_t>(out_->events.size() - 1) : static_cast<uint32_t>(known);
    numbers.events.push_back(at);
    std::vector<types::Field>& fields = out_->events[at].schema.fields;
    std::vector<int32_t>& slots = numbers.slots.emplace_back();
    for (const types::Field& f : e.schema.fields) {
      const int there = out_->events[at].schema.find(f.name);
      if (there < 0) {
        types::Field field = f;
        field.type = type(f.type);
        field.optional = f.optional || (second && known >= 0);
        field.span = span(f.span, numbers);
        slots.push_back(static_cast<int32_t>(fields.size()));
        fields.push_back(std::move(field));
        continue;
      }
      types::Field& field = fields[static_cast<size_t>(there)];
      if (field.type->base() != type(f.type)->base())
        return conflict(fmt::format("field `{}` of event `{}` has another type", f.name, e.schema.name));
      slots.push_back(there);
    }
    return absl::OkStatus();
  }

  // Score and each come after all fields, which are known now.
  void place_slots() {
    for (Event& event : out_->events) {
      event.score_slot = static_cast<uint32_t>(event.schema.fields.size());
      event.each_slot = event.score_slot + 1;
      event.slot_count = event.score_slot + 2;
    }
    for (const auto& [program, numbers] : {std::pair(&live_, &live_numbers_), std::pair(&next_, &next_numbers_)}) {
      for (uint32_t e = 0; e < program->events.size(); ++e) {
        const Event& event = out_->events[numbers->events[e]];
        numbers->slots[e].push_back(static_cast<int32_t>(event.score_slot));
        numbers->slots[e].push_back(static_cast<int32_t>(event.each_slot));
      }
    }
    part_->events.resize(out_->events.size());
  }

  static base::Span span(base::Span s, const Numbers& numbers) {
    s.file += numbers.first_file;
    return s;
  }

  // Nodes of one program, as they mean something to one of its events.
  class Import {
   public:
    Import(Merger& merger, const Program& from, const Numbers& numbers, uint32_t event)
        : merger_(merger), from_(from), numbers_(numbers), event_(event) {}

    NodeId operator()(NodeId id) {
      if (id == kNoNode) return id;
      // Arguments precede their users, so that depth costs no stack.
      std::vector<NodeId> todo = {id};
      while (!todo.empty()) {
        const NodeId at = todo.back();
        if (done_.contains(at)) {
          todo.pop_back();
          continue;
        }
        const size_t before = todo.size();
        for (const NodeId arg : from_.module.args(at))
          if (!done_.contains(arg)) todo.push_back(arg);
        if (todo.size() != before) continue;
        done_[at] = make(at);
        todo.pop_back();
      }
      return done_[id];
    }

   private:
    NodeId make(NodeId id) {
      const Module& in = from_.module;
      Module& out = merger_.out_->module;
      const Node& node = in.node(id);
      std::vector<NodeId> args;
      for (const NodeId arg : in.args(id)) args.push_back(done_.at(arg));
      const types::Type* const type = merger_.type(node.type);
      NodeId made = 0;
      if (node.op == Op::kFold) {
        const Fold& fold = in.folds[static_cast<size_t>(node.index)];
        made = out.add_fold(type, args, {fold.iter_local, fold.iter2_local, fold.accu_local, {}});
      } else {
        uint8_t flags = node.flags & static_cast<uint8_t>(~kInvariant);
        const int32_t index = number(node);
        if (node.op == Op::kSlot) flags = slot_flags(index);
        made = out.add(node.op, type, args, index, node.builtin, flags);
      }
      if (const base::Span* written = in.span(id)) out.set_span(made, span(*written, numbers_));
      return made;
    }

    uint8_t slot_flags(int32_t slot) const {
      const Event& event = merger_.out_->events[numbers_.events[event_]];
      if (slot == static_cast<int32_t>(event.each_slot)) return kUsesEach;
      if (slot == static_cast<int32_t>(event.score_slot)) return 0;
      return event.schema.fields[static_cast<size_t>(slot)].optional ? kMayMissing : 0;
    }

    int32_t number(const Node& node) {
      const Module& in = from_.module;
      Module& out = merger_.out_->module;
      const auto at = static_cast<size_t>(node.index);
      switch (node.op) {
        case Op::kConst:
          return static_cast<int32_t>(constant(static_cast<uint32_t>(node.index)));
        case Op::kSlot:
        case Op::kHasSlot:
        case Op::kOptSlot:
          return numbers_.slots[event_][at];
        case Op::kSelect:
        case Op::kHasField:
        case Op::kOptSelect:
          return static_cast<int32_t>(out.intern_string(in.strings[at]));
        case Op::kCallDyn:
          return static_cast<int32_t>(out.intern_callee(in.dyn_callees[at].function, in.dyn_callees[at].style));
        case Op::kMakeList:
        case Op::kMakeMap:
          return node.index < 0 ? node.index : static_cast<int32_t>(out.intern_mask(in.masks[at]));
        case Op::kFail:
          return static_cast<int32_t>(out.intern_failure(in.failures[at].code, in.failures[at].message));
        case Op::kFeature:
        case Op::kFeatureAt:
          return static_cast<int32_t>(numbers_.features[at]);
        case Op::kListContains:
          return static_cast<int32_t>(numbers_.lists[at]);
        case Op::kHasLabel:
          return static_cast<int32_t>(numbers_.labels[at]);
        case Op::kHasLabelNamed:
        case Op::kLabels:
          return static_cast<int32_t>(numbers_.entities[at]);
        default:
          return node.index;
      }
    }

    uint32_t constant(uint32_t id) {
      Constant c = from_.module.constants[id];
      for (uint32_t& item : c.items) item = constant(item);
      return merger_.out_->module.intern(std::move(c));
    }

    Merger& merger_;
    const Program& from_;
    const Numbers& numbers_;
    const uint32_t event_;  // of `from`
    std::unordered_map<NodeId, NodeId> done_;
  };

  static std::vector<Import> imports(Merger& merger, const Program& from, const Numbers& numbers) {
    std::vector<Import> out;
    for (uint32_t e = 0; e < from.events.size(); ++e) out.emplace_back(merger, from, numbers, e);
    return out;
  }

  // Whether a candidate's node reads a list that has other entries there, or a feature that does.
  bool reads_otherwise(NodeId root) {
    if (root == kNoNode) return false;
    const auto known = otherwise_.find(root);
    if (known != otherwise_.end()) return known->second;
    const Node& node = next_.module.node(root);
    bool out = false;
    const auto at = static_cast<size_t>(node.index);
    if (node.op == Op::kListContains) out = next_numbers_.lists[at] >= live_.lists.size();
    if (node.op == Op::kFeature || node.op == Op::kFeatureAt) out = next_numbers_.features[at] >= live_.features.size();
    for (const NodeId arg : next_.module.args(root)) out = reads_otherwise(arg) || out;
    return otherwise_[root] = out;
  }

  Feature feature(const Feature& f, const Numbers& numbers, Import& import) {
    Feature out = f;
    out.event = numbers.events[f.event];
    out.arg = import(f.arg);
    out.where = import(f.where);
    out.each_list = import(f.each_list);
    for (NodeId& key : out.keys) key = import(key);
    for (int& entity : out.key_entities)
      if (entity >= 0) entity = static_cast<int>(numbers.entities[static_cast<size_t>(entity)]);
    out.span = span(f.span, numbers);
    return out;
  }

  void add_feature(Feature f, Numbers& numbers) {
    numbers.features.push_back(static_cast<uint32_t>(out_->features.size()));
    out_->events[f.event].features.push_back(numbers.features.back());
    out_->features.push_back(std::move(f));
  }

  void features() {
    live_imports_ = imports(*this, live_, live_numbers_);
    next_imports_ = imports(*this, next_, next_numbers_);
    std::map<Identity, uint32_t> known;
    for (const Feature& f : live_.features) {
      add_feature(feature(f, live_numbers_, live_imports_[f.event]), live_numbers_);
      known.emplace(f.identity, live_numbers_.features.back());
    }
    for (const Feature& f : next_.features) {
      bool differs = false;
      for (const NodeId node : {f.arg, f.where, f.each_list}) differs = reads_otherwise(node) || differs;
      for (const NodeId key : f.keys) differs = reads_otherwise(key) || differs;
      const auto same = known.find(f.identity);
      if (!differs && same != known.end()) {
        next_numbers_.features.push_back(same->second);
      } else {
        add_feature(feature(f, next_numbers_, next_imports_[f.event]), next_numbers_);
      }
    }
    part_->live_features = static_cast<uint32_t>(live_.features.size());
  }

  Rule rule(const Rule& r, const Numbers& numbers, Import& import) {
    Rule out = r;
    out.event = numbers.events[r.event];
    for (NodeId* node : {&out.when, &out.score, &out.once_key, &out.canary_key}) *node = import(*node);
    for (NodeId& clause : out.clauses) clause = import(clause);
    for (base::Span& s : out.clause_spans) s = span(s, numbers);
    for (Effect& e : out.effects) {
      e.key = import(e.key);
      for (NodeId& arg : e.args) arg = import(arg);
      if (e.kind == EffectKind::kLabel || e.kind == EffectKind::kUnlabel) e.label = numbers.labels[e.label];
      if (e.kind == EffectKind::kAction) e.action = numbers.actions[e.action];
    }
    for (TemplatePiece& piece : out.because) piece.node = import(piece.node);
    out.span = span(r.span, numbers);
    out.when_span = span(r.when_span, numbers);
    return out;
  }

  bool reads_otherwise(const Rule& r) {
    bool out = false;
    for (const NodeId node : {r.when, r.score, r.once_key, r.canary_key}) out = reads_otherwise(node) || out;
    for (const Effect& e : r.effects) {
      out = reads_otherwise(e.key) || out;
      for (const NodeId arg : e.args) out = reads_otherwise(arg) || out;
    }
    return out;
  }

  void add_rule(Rule r) {
    out_->events[r.event].rules.push_back(static_cast<uint32_t>(out_->rules.size()));
    out_->rules.push_back(std::move(r));
    part_->rules.emplace_back();
  }

  // Equal but for what says who gets to see the rule; and that agrees as far as evaluation goes.
  bool same(uint32_t live, uint32_t next, const Rule& imported) {
    const Rule& a = out_->rules[live];
    if (a.event != imported.event || a.canary_key != imported.canary_key || a.canary_percent != imported.canary_percent)
      return false;
    if ((a.mode == Mode::kOff) != (imported.mode == Mode::kOff)) return false;
    return rule_version(live_, live) == rule_version(next_, next) && !reads_otherwise(next_.rules[next]);
  }

  void rules() {
    std::unordered_map<std::string_view, uint32_t> by_id;
    for (uint32_t r = 0; r < live_.rules.size(); ++r) {
      add_rule(rule(live_.rules[r], live_numbers_, live_imports_[live_.rules[r].event]));
      by_id.emplace(live_.rules[r].id, r);
    }
    part_->live_rules = static_cast<uint32_t>(live_.rules.size());
    size_t known = 0;
    for (uint32_t r = 0; r < next_.rules.size(); ++r) {
      Rule imported = rule(next_.rules[r], next_numbers_, next_imports_[next_.rules[r].event]);
      const auto at = by_id.find(next_.rules[r].id);
      known += at != by_id.end();
      const bool shared = at != by_id.end() && same(at->second, r, imported);
      const auto number = shared ? at->second : static_cast<uint32_t>(out_->rules.size());
      if (!shared) add_rule(std::move(imported));
      part_->rules[number] = {true, next_.rules[r].mode, r};
      part_->shared_rules += shared;
    }
    part_->removed_rules = static_cast<uint32_t>(live_.rules.size() - known);
  }

  static bool same_arms(const std::vector<DecideArm>& a, const std::vector<DecideArm>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const DecideArm& x, const DecideArm& y) {
      return x.verdict == y.verdict && x.when == y.when;
    });
  }

  void decisions() {
    for (uint32_t e = 0; e < live_.events.size(); ++e) {
      for (const DecideArm& arm : live_.events[e].decide)
        out_->events[live_numbers_.events[e]].decide.push_back({arm.verdict, live_imports_[e](arm.when)});
    }
    for (uint32_t e = 0; e < next_.events.size(); ++e) {
      Candidate::Event& event = part_->events[next_numbers_.events[e]];
      for (const DecideArm& arm : next_.events[e].decide)
        event.decide.push_back({arm.verdict, next_imports_[e](arm.when)});
    }
    for (uint32_t e = 0; e < out_->events.size(); ++e)
      part_->events[e].same_decide = same_arms(out_->events[e].decide, part_->events[e].decide);
  }

  const Program& live_;
  const Program& next_;
  std::shared_ptr<Program> out_;
  std::shared_ptr<Candidate> part_;
  Numbers live_numbers_, next_numbers_;
  std::vector<Import> live_imports_, next_imports_;
  std::unordered_map<const types::Type*, const types::Type*> types_;
  std::unordered_map<NodeId, bool> otherwise_;  // of the candidate's nodes
};

}  // namespace

absl::StatusOr<Merged> merge(const Program& live, const Program& candidate) { return Merger(live, candidate).merge(); }

}  // namespace weir::ir
