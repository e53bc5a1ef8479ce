#include "compiler/ir/identity.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <bit>
#include <unordered_map>

#include "compiler/ir/program.h"

namespace weir::ir {
namespace {

// Texts are written with their length before them, so that no two lists of parts give the same text.
class Text {
 public:
  Text& add(std::string_view part) {
    fmt::format_to(std::back_inserter(out_), "{}:{} ", part.size(), part);
    return *this;
  }
  template <typename Integer>
  requires std::is_integral_v<Integer> Text& add(Integer n) {
    fmt::format_to(std::back_inserter(out_), "{} ", n);
    return *this;
  }
  Text& add(double d) { return add(std::bit_cast<uint64_t>(d)); }
  Text& add(const Identity& identity) {
    out_ += to_string(identity) + ' ';
    return *this;
  }
  Identity hash() const { return identity_of(out_); }

 private:
  std::string out_;
};

std::string_view list_kind_name(ListKind kind) {
  static constexpr std::string_view kNames[] = {"string", "int", "double", "cidr", "domain", "regex"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view window_name(WindowKind kind) {
  static constexpr std::string_view kNames[] = {"duration", "last", "session", "all"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view effect_name(EffectKind kind) {
  static constexpr std::string_view kNames[] = {"label", "unlabel", "verdict", "action", "case"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view base_name(const Entity& entity) { return entity.base == types::Kind::kInt ? "int" : "string"; }

// Kinds by name: the numbers of the enumeration may change.
std::string kind_name(const Program& program, types::Kind kind) {
  if (kind == types::Kind::kList) return "list";
  if (kind == types::Kind::kMap) return "map";
  if (kind == types::Kind::kOptional) return "optional";
  if (kind == types::Kind::kAbstract) return "abstract";
  return kind <= types::Kind::kDuration && program.types ? types::to_string(program.types->primitive(kind)) : "other";
}

// Expressions over one event type. Nodes are hashed from their arguments' hashes, each once.
class NodeHasher {
 public:
  NodeHasher(const Program& program, const Event& event) : p_(program), m_(program.module), event_(event) {}

  Identity hash(NodeId id) {
    if (id == kNoNode) return {};
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    const Node& n = m_.node(id);
    Text text;
    text.add(op_name(n.op)).add(types::to_string(n.type));
    if (n.op == Op::kCall) {
      const types::BuiltinInfo& info = types::builtin_info(n.builtin);
      text.add(info.function).add(info.signature);
    }
    if (n.index >= 0) operand(n, text);
    for (NodeId arg : m_.args(id)) text.add(hash(arg));
    return known_[id] = text.hash();
  }

 private:
  // What `index` stands for, by meaning.
  void operand(const Node& n, Text& text) {
    const auto i = static_cast<size_t>(n.index);
    switch (n.op) {
      case Op::kConst:
        constant(i, text);
        break;
      case Op::kSlot:
      case Op::kHasSlot:
      case Op::kOptSlot:
        text.add(i < event_.schema.fields.size() ? event_.schema.fields[i].name
                 : i == event_.each_slot         ? "@each"
                                                 : "@score");
        break;
      case Op::kLocal:
        text.add(i);  // by depth of nesting
        break;
      case Op::kSelect:
      case Op::kHasField:
      case Op::kOptSelect:
        text.add(m_.strings[i]);
        break;
      case Op::kCallDyn:
        text.add(m_.dyn_callees[i].function).add(static_cast<int>(m_.dyn_callees[i].style));
        break;
      case Op::kMakeList:
      case Op::kMakeMap:
        text.add(std::string_view(reinterpret_cast<const char*>(m_.masks[i].data()), m_.masks[i].size()));
        break;
      case Op::kFold:
        text.add(m_.folds[i].iter_local).add(m_.folds[i].iter2_local).add(m_.folds[i].accu_local);
        break;
      case Op::kFeature:
      case Op::kFeatureAt:
        text.add(p_.features[i].identity);
        break;
      case Op::kListContains:
        text.add(p_.lists[i].name).add(list_kind_name(p_.lists[i].kind));
        break;
      case Op::kHasLabel:
        text.add(label_identity(p_, static_cast<uint32_t>(i)));
        break;
      case Op::kHasLabelNamed:
      case Op::kLabels:
        text.add(p_.entities[i].name).add(base_name(p_.entities[i]));
        break;
      case Op::kFail:
        text.add(m_.failures[i].code).add(m_.failures[i].message);
        break;
      default:
        break;
    }
  }

  void constant(size_t i, Text& text) {
    const Constant& c = m_.constants[i];
    text.add(static_cast<int>(c.kind)).add(c.i).add(c.u).add(c.d).add(c.s).add(c.items.size());
    for (uint32_t item : c.items) constant(item, text);
  }

  const Program& p_;
  const Module& m_;
  const Event& event_;
  std::unordered_map<NodeId, Identity> known_;
};

}  // namespace

std::string to_string(const Identity& identity) { return fmt::format("{:016x}{:016x}", identity.hi, identity.lo); }

Identity identity_of(std::string_view text) {
  const XXH128_hash_t h = XXH3_128bits(text.data(), text.size());
  return {h.low64, h.high64};
}

Identity feature_identity(const Program& program, const Feature& f) {
  const Event& event = program.events[f.event];
  NodeHasher nodes(program, event);
  Text text;
  text.add("feature").add(aggregation_name(f.aggregation)).add(f.param).add(kind_name(program, f.value_kind));
  text.add(event.schema.name).add(nodes.hash(f.arg)).add(nodes.hash(f.where)).add(nodes.hash(f.each_list));
  text.add(f.keys.size());
  for (NodeId key : f.keys) text.add(nodes.hash(key));
  text.add(window_name(f.window.kind)).add(f.window.nanos).add(f.window.pane_nanos).add(f.window.count);
  text.add(static_cast<int>(f.window.exact));
  return text.hash();
}

Identity label_identity(const Program& program, uint32_t label) {
  const Label& l = program.labels[label];
  const Entity& entity = program.entities[l.entity];
  return Text().add("label").add(l.name).add(entity.name).add(base_name(entity)).hash();
}

Identity once_identity(const Program& program, uint32_t rule) {
  const Rule& r = program.rules[rule];
  NodeHasher nodes(program, program.events[r.event]);
  return Text()
      .add("once")
      .add(r.id)
      .add(program.events[r.event].schema.name)
      .add(nodes.hash(r.once_key))
      .add(r.once_nanos)
      .hash();
}

Identity limit_identity(const Program& program, uint32_t rule) {
  const Rule& r = program.rules[rule];
  return Text().add("limit").add(r.id).add(r.limit_count).add(r.limit_nanos).hash();
}

Identity rule_version(const Program& program, uint32_t rule) {
  const Rule& r = program.rules[rule];
  const Event& event = program.events[r.event];
  NodeHasher nodes(program, event);
  Text text;
  text.add("rule").add(r.id).add(event.schema.name).add(nodes.hash(r.when)).add(nodes.hash(r.score));
  text.add(once_identity(program, rule)).add(limit_identity(program, rule)).add(r.effects.size());
  for (const Effect& e : r.effects) {
    text.add(effect_name(e.kind)).add(nodes.hash(e.key)).add(e.duration_nanos).add(e.queue);
    if (e.kind == EffectKind::kVerdict) text.add(verdict_name(e.verdict));
    if (e.kind == EffectKind::kLabel || e.kind == EffectKind::kUnlabel) text.add(label_identity(program, e.label));
    if (e.kind == EffectKind::kAction) text.add(program.actions[e.action].name);
    text.add(e.args.size());
    for (NodeId arg : e.args) text.add(nodes.hash(arg));
  }
  text.add(r.because.size());
  for (const TemplatePiece& piece : r.because) text.add(piece.text).add(nodes.hash(piece.node));
  return text.hash();
}

}  // namespace weir::ir
