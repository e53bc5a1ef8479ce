#include <fmt/format.h>

#include <bit>

#include "compiler/ir/program.h"

namespace weir::ir {

namespace {

// Evaluators recurse over the graph; deeper ones would overflow small host stacks.
constexpr uint32_t kMaxDepth = 4000;

absl::Status broken(NodeId id, std::string_view what) {
  std::string text = fmt::format("IR does not verify: %{}: {}", id, what);
  return absl::InternalError(absl::string_view(text.data(), text.size()));
}

bool is_bool_or_dyn(const types::Type* type) {
  return type->is(types::Kind::kBool) || type->is(types::Kind::kDyn) || type->is(types::Kind::kError);
}

// Kinds whose values are of no other kind at run time (Node::type): operations on them do not look.
bool is_exact(types::Kind kind) {
  switch (kind) {
    case types::Kind::kBool:
    case types::Kind::kInt:
    case types::Kind::kUint:
    case types::Kind::kDouble:
    case types::Kind::kString:
      return true;
    default:
      return false;
  }
}

types::Kind kind_of(const Constant& constant) {
  switch (constant.kind) {
    case ConstantKind::kBool:
      return types::Kind::kBool;
    case ConstantKind::kInt:
      return types::Kind::kInt;
    case ConstantKind::kUint:
      return types::Kind::kUint;
    case ConstantKind::kDouble:
      return types::Kind::kDouble;
    case ConstantKind::kString:
      return types::Kind::kString;
    default:
      return types::Kind::kDyn;  // of kinds that operations look at
  }
}

struct Signature {
  std::vector<types::Kind> params;
  types::Kind result = types::Kind::kDyn;
};

const Signature& signature(types::BuiltinId id) {
  static const std::vector<Signature> all = [] {
    types::TypeTable table;
    std::vector<Signature> out(types::kBuiltinCount);
    for (size_t i = 0; i < out.size(); ++i) {
      types::Overload overload;
      types::read_signature(types::builtin_info(static_cast<types::BuiltinId>(i)).signature, table, overload);
      for (const types::Type* param : overload.params) out[i].params.push_back(param->kind());
      if (overload.result != nullptr) out[i].result = overload.result->kind();
    }
    return out;
  }();
  return all[static_cast<size_t>(id)];
}

absl::Status verify_call(const Module& m, NodeId id) {
  const Node& n = m.node(id);
  if (n.builtin >= types::BuiltinId::kCount) return broken(id, "calls no builtin");
  if (builtin_can_fail(n.builtin) && !(n.flags & kMayError)) return broken(id, "hides that the call may fail");
  const Signature& wanted = signature(n.builtin);
  const std::string_view name = types::builtin_info(n.builtin).id_name;
  if (n.arg_count != wanted.params.size())
    return broken(id, fmt::format("{} takes {} arguments, has {}", name, wanted.params.size(), n.arg_count));
  for (size_t i = 0; i < wanted.params.size(); ++i) {
    const types::Type* type = m.node(m.arg(id, i)).type;
    if (is_exact(wanted.params[i]) && !type->is(wanted.params[i]))
      return broken(id, fmt::format("argument %{} of {} is of type {}", m.arg(id, i), name, types::to_string(type)));
  }
  if (is_exact(wanted.result) && !n.type->is(wanted.result))
    return broken(id, fmt::format("{} does not give a {}", name, types::to_string(n.type)));
  return absl::OkStatus();
}

absl::Status verify_node(const Module& m, NodeId id) {
  const Node& n = m.node(id);
  if (n.type == nullptr) return broken(id, "has no type");
  int arity = op_arity(n.op);
  if (arity >= 0 && n.arg_count != static_cast<uint32_t>(arity))
    return broken(id, fmt::format("{} takes {} arguments, has {}", op_name(n.op), arity, n.arg_count));
  for (NodeId arg : m.args(id))
    if (arg >= id) return broken(id, fmt::format("argument %{} does not precede it", arg));
  int64_t bound = index_bound(m, n.op);
  if (bound >= 0 && (n.index < 0 || n.index >= bound)) return broken(id, "index out of range");

  uint8_t flags = 0;
  uint64_t locals = 0;
  for (NodeId arg : m.args(id)) {
    flags |= m.node(arg).flags & (kMayError | kMayMissing);
    locals |= m.node(arg).locals;
  }
  if (n.op != Op::kNotStrictlyFalse && (n.flags & flags) != flags) return broken(id, "hides that an argument may fail");
  if (n.op == Op::kFold) {
    const Fold& fold = m.folds[static_cast<size_t>(n.index)];
    for (uint32_t local : {fold.iter_local, fold.iter2_local, fold.accu_local})
      if (local != UINT32_MAX) locals &= ~(uint64_t{1} << local);
    for (uint32_t memo : fold.memos)
      if (memo >= m.memo_count) return broken(id, "fold forgets an unknown memo");
    for (size_t outside : {0, 1})
      if (m.node(m.arg(id, outside)).locals & ~n.locals)
        return broken(id, "range or initial value uses the fold's locals");
  } else if (n.op == Op::kLocal) {
    locals |= uint64_t{1} << n.index;
  }
  if (n.locals != locals) return broken(id, "wrong set of locals");
  if ((n.flags & kInvariant) && n.locals != 0) return broken(id, "invariant, yet depends on a local");

  switch (n.op) {
    case Op::kNot:
    case Op::kAnd:
    case Op::kOr:
      // Unchecked expressions may hold what is no bool: evaluating it is an error.
      for (NodeId arg : m.args(id))
        if (!is_bool_or_dyn(m.node(arg).type) && !(n.flags & kMayError)) return broken(id, "operand is not a bool");
      break;
    case Op::kCond:
      if (!is_bool_or_dyn(m.node(m.arg(id, 0)).type) && !(n.flags & kMayError))
        return broken(id, "condition is not a bool");
      break;
    case Op::kConst:
      if (is_exact(n.type->kind()) && kind_of(m.constants[static_cast<size_t>(n.index)]) != n.type->kind())
        return broken(id, fmt::format("constant is not a {}", types::to_string(n.type)));
      break;
    case Op::kCall:
      if (absl::Status status = verify_call(m, id); !status.ok()) return status;
      break;
    case Op::kMakeMap:
      if (n.arg_count % 2 != 0) return broken(id, "map has a key without a value");
      break;
    default:
      break;
  }
  if (n.memo != kNoMemo && n.memo >= m.memo_count) return broken(id, "memo out of range");
  return absl::OkStatus();
}

}  // namespace

int64_t index_bound(const Module& m, Op op) {
  switch (op) {
    case Op::kConst:
      return static_cast<int64_t>(m.constants.size());
    case Op::kSelect:
    case Op::kHasField:
    case Op::kOptSelect:
      return static_cast<int64_t>(m.strings.size());
    case Op::kCallDyn:
      return static_cast<int64_t>(m.dyn_callees.size());
    case Op::kFold:
      return static_cast<int64_t>(m.folds.size());
    case Op::kFail:
      return static_cast<int64_t>(m.failures.size());
    case Op::kLocal:
      return m.local_count;
    default:
      return -1;
  }
}

absl::Status verify(const Module& module, std::span<const NodeId> roots) {
  std::vector<uint32_t> depth(module.size(), 0);
  for (NodeId id = 0; id < module.size(); ++id) {
    absl::Status status = verify_node(module, id);
    if (!status.ok()) return status;
    for (NodeId arg : module.args(id)) depth[id] = std::max(depth[id], depth[arg] + 1);
    if (depth[id] > kMaxDepth) return broken(id, fmt::format("nested deeper than {}", kMaxDepth));
  }
  for (NodeId root : roots) {
    if (root >= module.size()) return broken(root, "root does not exist");
    if (module.node(root).locals != 0) return broken(root, "root depends on a local that no fold binds");
  }
  return absl::OkStatus();
}

absl::Status verify(const Program& program) {
  std::vector<NodeId> roots = program.roots();
  absl::Status status = verify(program.module, roots);
  if (!status.ok()) return status;
  for (const Rule& rule : program.rules) {
    if (rule.event >= program.events.size()) return absl::InternalError("IR does not verify: rule on an unknown event");
    if (!is_bool_or_dyn(program.module.node(rule.when).type))
      return broken(rule.when, "rule's condition is not a bool");
  }
  return absl::OkStatus();
}

}  // namespace weir::ir
