#include "compiler/driver/constant_folding.h"

#include <optional>
#include <vector>

#include "runtime/value/builtins.h"
#include "runtime/value/constants.h"
#include "runtime/value/context.h"
#include "runtime/value/value.h"

namespace weir::driver {

namespace {

using value::Kind;
using value::Value;

// More than one call may cost at load, or make as a constant.
constexpr int64_t kMaxSteps = 100'000;
constexpr size_t kMaxBytes = 1 << 20;

Value to_value(const ir::Module& m, uint32_t id, value::Arena& arena) {
  const ir::Constant& c = m.constants[id];
  std::vector<Value> items;
  for (uint32_t item : c.items) {
    items.push_back(to_value(m, item, arena));
    if (!items.back().ok()) return items.back();
  }
  return value::constant_value(c, items, arena);
}

std::optional<uint32_t> to_constant(ir::Module& m, const Value& v) {
  ir::Constant c;
  switch (v.kind) {
    case Kind::kNull:
      break;
    case Kind::kBool:
      c.kind = ir::ConstantKind::kBool;
      c.i = v.i;
      break;
    case Kind::kInt:
      c.kind = ir::ConstantKind::kInt;
      c.i = v.i;
      break;
    case Kind::kUint:
      c.kind = ir::ConstantKind::kUint;
      c.u = v.u;
      break;
    case Kind::kDouble:
      c.kind = ir::ConstantKind::kDouble;
      c.d = v.d;
      break;
    case Kind::kString:
      c.kind = ir::ConstantKind::kString;
      c.s = v.str();
      break;
    case Kind::kBytes:
      c.kind = ir::ConstantKind::kBytes;
      c.s = v.str();
      break;
    case Kind::kType:
      c.kind = ir::ConstantKind::kType;
      c.s = v.str();
      break;
    case Kind::kTimestamp:
      c.kind = ir::ConstantKind::kTimestamp;
      c.i = v.i;
      c.u = v.aux;
      break;
    case Kind::kDuration:
      c.kind = ir::ConstantKind::kDuration;
      c.i = v.i;
      c.u = v.aux;
      break;
    case Kind::kList:
      c.kind = ir::ConstantKind::kList;
      for (uint32_t i = 0; i < v.list->size; ++i) {
        std::optional<uint32_t> item = to_constant(m, v.list->items[i]);
        if (!item) return std::nullopt;
        c.items.push_back(*item);
      }
      break;
    default:
      return std::nullopt;
  }
  return m.intern(std::move(c));
}

}  // namespace

ir::NodeId fold_constant(ir::Module& m, ir::NodeId id) {
  const ir::Node node = m.node(id);
  if (node.op != ir::Op::kCall || !(node.flags & ir::kInvariant)) return id;
  value::Arena arena(kMaxBytes);
  std::vector<Value> args;
  for (ir::NodeId arg : m.args(id)) {
    if (m.node(arg).op != ir::Op::kConst) return id;
    args.push_back(to_value(m, static_cast<uint32_t>(m.node(arg).index), arena));
    if (!args.back().ok()) return id;
  }
  value::EvalContext ctx;
  ctx.arena = &arena;
  ctx.steps = kMaxSteps;
  ctx.module = &m;
  Value out;
  value::builtin_body(node.builtin)(ctx, args.data(), &out);
  if (!out.ok()) return id;
  std::optional<uint32_t> constant = to_constant(m, out);
  return constant ? m.add(ir::Op::kConst, node.type, {}, static_cast<int32_t>(*constant)) : id;
}

}  // namespace weir::driver
