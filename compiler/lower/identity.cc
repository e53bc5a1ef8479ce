#include <bit>
#include <unordered_map>

#include "compiler/lower/module.h"

namespace weir::lower {

namespace {

// FNV-1a over tagged fields: stable over machines and versions, which std::hash is not. Identities are compared among
// the features of one rule set's history, so 64 bits are ample.
class Hasher {
 public:
  Hasher& add(uint64_t v) {
    for (int i = 0; i < 8; ++i) byte(static_cast<uint8_t>(v >> (8 * i)));
    return *this;
  }
  Hasher& add(std::string_view text) {
    add(text.size());
    for (char c : text) byte(static_cast<uint8_t>(c));
    return *this;
  }
  uint64_t value() const { return h_; }

 private:
  void byte(uint8_t b) { h_ = (h_ ^ b) * 0x100000001b3ull; }
  uint64_t h_ = 0xcbf29ce484222325ull;
};

class NodeHasher {
 public:
  NodeHasher(const ir::Program& program, const ir::Event& event) : p_(program), m_(program.module), event_(event) {}

  uint64_t hash(ir::NodeId id) {
    if (id == ir::kNoNode) return 0;
    auto known = known_.find(id);
    if (known != known_.end()) return known->second;
    const ir::Node& n = m_.node(id);
    Hasher h;
    h.add(ir::op_name(n.op)).add(types::to_string(n.type));
    if (n.op == ir::Op::kCall) {
      const types::BuiltinInfo& info = types::builtin_info(n.builtin);
      h.add(info.function).add(info.signature);
    }
    operand(n, h);
    for (ir::NodeId arg : m_.args(id)) h.add(hash(arg));
    return known_[id] = h.value();
  }

 private:
  // What `index` stands for, by meaning.
  void operand(const ir::Node& n, Hasher& h) {
    auto i = static_cast<size_t>(n.index);
    switch (n.op) {
      case ir::Op::kConst:
        constant(i, h);
        break;
      case ir::Op::kSlot:
      case ir::Op::kHasSlot:
      case ir::Op::kOptSlot:
        h.add(i < event_.schema.fields.size() ? event_.schema.fields[i].name
              : i == event_.each_slot         ? "@each"
                                              : "@score");
        break;
      case ir::Op::kLocal:
        h.add(i);
        break;
      case ir::Op::kSelect:
      case ir::Op::kHasField:
      case ir::Op::kOptSelect:
        h.add(m_.strings[i]);
        break;
      case ir::Op::kCallDyn:
        h.add(m_.dyn_callees[i].function);
        break;
      case ir::Op::kMakeList:
      case ir::Op::kMakeMap:
        if (n.index >= 0)
          for (uint8_t bit : m_.masks[i]) h.add(bit);
        break;
      case ir::Op::kFold:
        h.add(m_.folds[i].iter_local).add(m_.folds[i].iter2_local).add(m_.folds[i].accu_local);
        break;
      case ir::Op::kFeature:
      case ir::Op::kFeatureAt:
        h.add(p_.features[i].identity);
        break;
      case ir::Op::kListContains:
        h.add(p_.lists[i].name);
        break;
      case ir::Op::kHasLabel:
        h.add(p_.labels[i].name);
        break;
      case ir::Op::kHasLabelNamed:
      case ir::Op::kLabels:
        h.add(p_.entities[i].name);
        break;
      case ir::Op::kFail:
        h.add(m_.failures[i].code);
        break;
      default:
        break;
    }
  }

  void constant(size_t i, Hasher& h) {
    const ir::Constant& c = m_.constants[i];
    h.add(static_cast<uint64_t>(c.kind))
        .add(static_cast<uint64_t>(c.i))
        .add(c.u)
        .add(std::bit_cast<uint64_t>(c.d))
        .add(c.s);
    for (uint32_t item : c.items) constant(item, h);
  }

  const ir::Program& p_;
  const ir::Module& m_;
  const ir::Event& event_;
  std::unordered_map<ir::NodeId, uint64_t> known_;
};

}  // namespace

uint64_t feature_identity(const ir::Program& program, const ir::Feature& f) {
  const ir::Event& event = program.events[f.event];
  NodeHasher nodes(program, event);
  Hasher h;
  h.add(ir::aggregation_name(f.aggregation)).add(std::bit_cast<uint64_t>(f.param)).add(event.schema.name);
  h.add(nodes.hash(f.arg)).add(nodes.hash(f.where)).add(nodes.hash(f.each_list));
  for (ir::NodeId key : f.keys) h.add(nodes.hash(key));
  h.add(static_cast<uint64_t>(f.window.kind)).add(static_cast<uint64_t>(f.window.nanos));
  h.add(static_cast<uint64_t>(f.window.pane_nanos)).add(static_cast<uint64_t>(f.window.count)).add(f.window.exact);
  return h.value();
}

}  // namespace weir::lower
