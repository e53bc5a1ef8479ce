#include "compiler/driver/constant_folding.h"

#include <optional>
#include <string_view>
#include <vector>

#include "runtime/value/builtins.h"
#include "runtime/value/context.h"
#include "runtime/value/value.h"

namespace weir::driver {

namespace {

using value::Kind;
using value::Value;

// More than one call may cost at load, or make as a constant.
constexpr int64_t kMaxSteps = 100'000;
constexpr size_t kMaxBytes = 1 << 20;

// Text is copied: results borrow from their arguments, and adding their parts to the module moves its constants.
std::optional<std::string_view> copy_text(const ir::Constant& c, value::Arena& arena) {
  const char* text = arena.copy(c.s);
  if (text == nullptr) return std::nullopt;
  return std::string_view(text, c.s.size());
}

std::optional<Value> to_value(const ir::Module& m, uint32_t id, value::Arena& arena) {
  const ir::Constant& c = m.constants[id];
  switch (c.kind) {
    case ir::ConstantKind::kNull:
      return Value::null();
    case ir::ConstantKind::kBool:
      return Value::boolean(c.i != 0);
    case ir::ConstantKind::kInt:
      return Value::integer(c.i);
    case ir::ConstantKind::kUint:
      return Value::uint(c.u);
    case ir::ConstantKind::kDouble:
      return Value::dbl(c.d);
    case ir::ConstantKind::kString:
    case ir::ConstantKind::kBytes:
    case ir::ConstantKind::kType: {
      std::optional<std::string_view> text = copy_text(c, arena);
      if (!text) return std::nullopt;
      if (c.kind == ir::ConstantKind::kString) return Value::string(*text);
      return c.kind == ir::ConstantKind::kBytes ? Value::bytes(*text) : Value::type(*text);
    }
    case ir::ConstantKind::kTimestamp:
      return Value::timestamp(c.i, static_cast<uint32_t>(c.u));
    case ir::ConstantKind::kDuration:
      return Value::duration(c.i, static_cast<uint32_t>(c.u));
    case ir::ConstantKind::kList: {
      auto* items = arena.allocate_array<Value>(c.items.size());
      auto* list = arena.allocate_array<value::ListRep>(1);
      if (items == nullptr || list == nullptr) return std::nullopt;
      for (size_t i = 0; i < c.items.size(); ++i) {
        std::optional<Value> item = to_value(m, c.items[i], arena);
        if (!item) return std::nullopt;
        items[i] = *item;
      }
      *list = value::ListRep{};
      list->size = list->capacity = static_cast<uint32_t>(c.items.size());
      list->items = items;
      return Value::of(list);
    }
    default:
      return std::nullopt;
  }
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
    std::optional<Value> v = to_value(m, static_cast<uint32_t>(m.node(arg).index), arena);
    if (!v) return id;
    args.push_back(*v);
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
