// Hash-consed construction: an equal node is never made twice.
#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "compiler/ir/ir.h"

namespace weir::ir {

namespace {

uint64_t mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
  h ^= h >> 31;
  return h * 0xff51afd7ed558ccdull;
}

uint64_t hash_bytes(std::string_view text) { return std::hash<std::string_view>{}(text); }

uint64_t hash_constant(const Constant& c) {
  uint64_t h = mix(static_cast<uint64_t>(c.kind), static_cast<uint64_t>(c.i));
  h = mix(h, c.u);
  h = mix(h, std::bit_cast<uint64_t>(c.d));
  h = mix(h, hash_bytes(c.s));
  for (uint32_t item : c.items) h = mix(h, item);
  return h;
}

uint64_t hash_node(const Node& node, std::span<const NodeId> args) {
  uint64_t h = mix(
      mix(mix(static_cast<uint64_t>(node.op), static_cast<uint64_t>(node.index)), static_cast<uint64_t>(node.builtin)),
      reinterpret_cast<uintptr_t>(node.type));
  for (NodeId arg : args) h = mix(h, arg);
  return mix(h, node.flags);
}

// Failure and dependence of the operation itself, its arguments left aside.
uint8_t own_flags(const Module& module, Op op, types::BuiltinId builtin, std::span<const NodeId> args) {
  auto arg_kind = [&](size_t i) { return module.node(args[i]).type->kind(); };
  switch (op) {
    case Op::kConst:
    case Op::kHasSlot:
    case Op::kOptSlot:
    case Op::kSlot:
    case Op::kLocal:
    case Op::kNotStrictlyFalse:
    case Op::kHasLabel:
    case Op::kHasLabelNamed:
      return 0;
    case Op::kNot:
      return arg_kind(0) == types::Kind::kBool ? 0 : kMayError;
    case Op::kAnd:
    case Op::kOr:
      return arg_kind(0) == types::Kind::kBool && arg_kind(1) == types::Kind::kBool ? 0 : kMayError;
    case Op::kCond:
      return arg_kind(0) == types::Kind::kBool ? 0 : kMayError;
    case Op::kCall:
      return builtin_can_fail(builtin) ? kMayError : 0;
    case Op::kHasField:
      return arg_kind(0) == types::Kind::kMap ? 0 : kMayError;
    case Op::kFeature:
    case Op::kFeatureAt:
      return kMayError | kMayMissing;
    default:
      return kMayError;
  }
}

bool reads_context(Op op) {
  switch (op) {
    case Op::kSlot:
    case Op::kHasSlot:
    case Op::kOptSlot:
    case Op::kLocal:
    case Op::kFeature:
    case Op::kFeatureAt:
    case Op::kListContains:
    case Op::kHasLabel:
    case Op::kHasLabelNamed:
    case Op::kLabels:
      return true;
    default:
      return false;
  }
}

uint64_t fold_locals(const Fold& fold) {
  uint64_t mask = (uint64_t{1} << fold.iter_local) | (uint64_t{1} << fold.accu_local);
  if (fold.iter2_local != UINT32_MAX) mask |= uint64_t{1} << fold.iter2_local;
  return mask;
}

// Nodes whose recomputation costs no more than looking up a memo.
bool is_trivial(const Node& node) {
  switch (node.op) {
    case Op::kConst:
    case Op::kSlot:
    case Op::kHasSlot:
    case Op::kLocal:
    case Op::kFail:
    case Op::kListAppend:  // mutate their accumulator: evaluated exactly once an iteration
    case Op::kMapInsert:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool operator==(const Constant& a, const Constant& b) {
  return a.kind == b.kind && a.i == b.i && a.u == b.u && std::memcmp(&a.d, &b.d, sizeof a.d) == 0 && a.s == b.s &&
         a.items == b.items;
}

Node Module::make_node(Op op, const types::Type* type, std::span<const NodeId> args, int32_t index,
                       types::BuiltinId builtin, uint8_t extra_flags) const {
  Node node;
  node.op = op;
  node.type = type;
  node.index = index;
  node.builtin = builtin;
  node.arg_count = static_cast<uint32_t>(args.size());
  node.flags = static_cast<uint8_t>(own_flags(*this, op, builtin, args) | extra_flags);
  bool invariant = !reads_context(op);
  for (NodeId arg : args) {
    const Node& a = nodes_[arg];
    node.flags |= a.flags & (kMayError | kMayMissing | kUsesEach);
    node.locals |= a.locals;
    invariant = invariant && (a.flags & kInvariant);
  }
  if (op == Op::kLocal) node.locals |= uint64_t{1} << index;
  if (op == Op::kNotStrictlyFalse) node.flags &= static_cast<uint8_t>(~(kMayError | kMayMissing));
  if (op == Op::kFold) node.locals &= ~fold_locals(folds[static_cast<size_t>(index)]);
  if (invariant && node.locals == 0) node.flags |= kInvariant;
  return node;
}

NodeId Module::append(Node node, std::span<const NodeId> args) {
  node.first_arg = static_cast<uint32_t>(args_.size());
  args_.insert(args_.end(), args.begin(), args.end());
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

void Module::index_nodes() {
  const auto hash_of = [this](NodeId id) { return hash_node(nodes_[id], args(id)); };
  for (auto id = static_cast<NodeId>(index_.size()); id < nodes_.size(); ++id) index_.insert(hash_of(id), id, hash_of);
}

NodeId Module::add(Op op, const types::Type* type, std::span<const NodeId> args, int32_t index,
                   types::BuiltinId builtin, uint8_t extra_flags) {
  if (index_.size() != nodes_.size()) index_nodes();
  const Node node = make_node(op, type, args, index, builtin, extra_flags);
  const uint64_t hash = hash_node(node, args);
  const NodeId known = index_.find(hash, [&](NodeId id) {
    const Node& other = nodes_[id];
    return other.op == op && other.type == type && other.index == index && other.builtin == builtin &&
           other.flags == node.flags && std::ranges::equal(this->args(id), args);
  });
  if (known != IdTable::kNone) return known;
  const NodeId id = append(node, args);
  index_.insert(hash, id, [this](NodeId each) { return hash_node(nodes_[each], this->args(each)); });
  return id;
}

void Module::set_span(NodeId id, const base::Span& span) {
  if (id >= spans_.size()) spans_.resize(nodes_.size(), {kNoFile, 0, 0});
  if (spans_[id].file == kNoFile) spans_[id] = span;
}

NodeId Module::add_fold(const types::Type* type, std::span<const NodeId> args, Fold fold) {
  uint32_t index = 0;
  auto same = [&](const Fold& f) {
    return f.iter_local == fold.iter_local && f.iter2_local == fold.iter2_local && f.accu_local == fold.accu_local;
  };
  // Folds of one shape share an entry until memos are planned, so that equal folds are equal nodes.
  while (index < folds.size() && !same(folds[index])) ++index;
  if (index == folds.size()) folds.push_back(std::move(fold));
  uint32_t top = std::max({folds[index].iter_local, folds[index].accu_local,
                           folds[index].iter2_local == UINT32_MAX ? 0 : folds[index].iter2_local});
  local_count = std::max(local_count, top + 1);
  return add(Op::kFold, type, args, static_cast<int32_t>(index));
}

void Module::edit_spans(const base::Edit& edit) {
  for (base::Span& span : spans_) {
    if (edit.touches(span))
      span.file = kNoFile;
    else
      edit.move(span);
  }
}

bool Module::begins_with(const Module& other) const {
  const auto prefix = [](const auto& all, const auto& first, auto same) {
    return first.size() <= all.size() && std::equal(first.begin(), first.end(), all.begin(), same);
  };
  const auto same_node = [](const Node& a, const Node& b) {
    return a.op == b.op && a.flags == b.flags && a.builtin == b.builtin && a.index == b.index &&
           a.first_arg == b.first_arg && a.arg_count == b.arg_count && a.locals == b.locals && a.type == b.type;
  };
  const auto same_fold = [](const Fold& a, const Fold& b) {
    return a.iter_local == b.iter_local && a.iter2_local == b.iter2_local && a.accu_local == b.accu_local;
  };
  const auto same_callee = [](const DynCallee& a, const DynCallee& b) {
    return a.function == b.function && a.style == b.style;
  };
  const auto same_failure = [](const Failure& a, const Failure& b) {
    return a.code == b.code && a.message == b.message;
  };
  return prefix(nodes_, other.nodes_, same_node) && prefix(args_, other.args_, std::equal_to<>()) &&
         prefix(constants, other.constants, std::equal_to<>()) && prefix(strings, other.strings, std::equal_to<>()) &&
         prefix(masks, other.masks, std::equal_to<>()) && prefix(folds, other.folds, same_fold) &&
         prefix(dyn_callees, other.dyn_callees, same_callee) && prefix(failures, other.failures, same_failure);
}

uint32_t Module::intern(Constant constant) {
  const auto hash_of = [this](uint32_t id) { return hash_constant(constants[id]); };
  for (auto id = static_cast<uint32_t>(constant_index_.size()); id < constants.size(); ++id)
    constant_index_.insert(hash_of(id), id, hash_of);
  const uint64_t hash = hash_constant(constant);
  const uint32_t known = constant_index_.find(hash, [&](uint32_t id) { return constants[id] == constant; });
  if (known != IdTable::kNone) return known;
  constants.push_back(std::move(constant));
  const auto id = static_cast<uint32_t>(constants.size() - 1);
  constant_index_.insert(hash, id, hash_of);
  return id;
}

uint32_t Module::intern_string(std::string_view text) {
  for (auto id = static_cast<uint32_t>(string_index_.size()); id < strings.size(); ++id)
    string_index_.emplace(strings[id], id);
  auto [it, added] = string_index_.try_emplace(std::string(text), static_cast<uint32_t>(strings.size()));
  if (added) strings.emplace_back(text);
  return it->second;
}

uint32_t Module::intern_mask(const std::vector<uint8_t>& mask) {
  auto it = std::ranges::find(masks, mask);
  if (it == masks.end()) it = masks.insert(masks.end(), mask);
  return static_cast<uint32_t>(it - masks.begin());
}

uint32_t Module::intern_callee(std::string_view function, types::CallStyle style) {
  for (uint32_t i = 0; i < dyn_callees.size(); ++i)
    if (dyn_callees[i].function == function && dyn_callees[i].style == style) return i;
  dyn_callees.push_back({std::string(function), style});
  return static_cast<uint32_t>(dyn_callees.size() - 1);
}

uint32_t Module::intern_failure(uint32_t code, std::string_view message) {
  for (uint32_t i = 0; i < failures.size(); ++i)
    if (failures[i].code == code && failures[i].message == message) return i;
  failures.push_back({code, std::string(message)});
  return static_cast<uint32_t>(failures.size() - 1);
}

void Module::plan_memos(std::span<const NodeId> roots) {
  std::vector<uint32_t> uses(nodes_.size(), 0);
  std::vector<NodeId> stack;
  for (NodeId root : roots)
    if (uses[root]++ == 0) stack.push_back(root);
  while (!stack.empty()) {
    NodeId id = stack.back();
    stack.pop_back();
    for (NodeId arg : args(id))
      if (uses[arg]++ == 0) stack.push_back(arg);
  }
  std::vector<NodeId> fold_nodes;
  for (NodeId id = 0; id < nodes_.size(); ++id)
    if (nodes_[id].op == Op::kFold) fold_nodes.push_back(id);

  // Each fold gets an entry of its own, for its own list of memos.
  std::vector<std::vector<NodeId>> bodies(fold_nodes.size());
  std::vector<Fold> planned;
  std::vector<uint32_t> seen_by(nodes_.size(), UINT32_MAX);
  for (size_t i = 0; i < fold_nodes.size(); ++i) {
    Node& fold_node = nodes_[fold_nodes[i]];
    Fold fold = folds[static_cast<size_t>(fold_node.index)];
    uint64_t own = fold_locals(fold);
    auto visit = [&](NodeId id) {
      if (seen_by[id] == i) return;
      seen_by[id] = static_cast<uint32_t>(i);
      if (nodes_[id].locals & own) {
        stack.push_back(id);
        bodies[i].push_back(id);
      } else {
        uses[id] = std::max(uses[id], 2u);  // the same in every round: remember it
      }
    };
    // The result too: `accumulator == 1` of one exists_one is the same node in the next.
    for (size_t part : {2, 3, 4}) visit(arg(fold_nodes[i], part));
    while (!stack.empty()) {
      NodeId id = stack.back();
      stack.pop_back();
      for (NodeId a : args(id)) visit(a);
    }
    fold.memos.clear();
    planned.push_back(std::move(fold));
  }

  memo_count = 0;
  each_memos.clear();
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    Node& node = nodes_[id];
    node.memo = kNoMemo;
    if (uses[id] < 2 || is_trivial(node)) continue;
    node.memo = memo_count++;
    if (node.flags & kUsesEach) each_memos.push_back(node.memo);
  }
  for (size_t i = 0; i < fold_nodes.size(); ++i) {
    for (NodeId id : bodies[i])
      if (nodes_[id].memo != kNoMemo) planned[i].memos.push_back(nodes_[id].memo);
    nodes_[fold_nodes[i]].index = static_cast<int32_t>(i);
  }
  folds = std::move(planned);
}

bool builtin_can_fail(types::BuiltinId id) {
  using B = types::BuiltinId;
  switch (id) {
    case B::equals:
    case B::not_equals:
    case B::in_list:
    case B::in_map:
    case B::add_double:
    case B::sub_double:
    case B::mul_double:
    case B::div_double:
    case B::neg_double:
    case B::size_string:
    case B::size_bytes:
    case B::size_list:
    case B::size_map:
    case B::member_size_string:
    case B::member_size_bytes:
    case B::member_size_list:
    case B::member_size_map:
    case B::contains_string:
    case B::starts_with:
    case B::ends_with:
    case B::dyn_value:
    case B::type_of_value:
      return false;
    default:
      break;
  }
  std::string_view function = types::builtin_info(id).function;
  return !(function == "_<_" || function == "_<=_" || function == "_>_" || function == "_>=_");
}

}  // namespace weir::ir
