#include "runtime/value/constants.h"

#include <new>
#include <vector>

#include "runtime/value/containers.h"
#include "runtime/value/operations.h"

namespace weir::value {
namespace {

// Long lists of scalars get an index, so that `x in [...]` is one probe.
void index_list(Arena& arena, ListRep* list) {
  if (list->size <= kIndexAbove) return;
  for (uint32_t i = 0; i < list->size; ++i)
    if (!is_scalar(list->items[i])) return;
  uint32_t slots = index_slots(list->size);
  uint32_t* index = make_index(arena, slots);
  if (index == nullptr) return;
  for (uint32_t i = 0; i < list->size; ++i) index_insert(index, slots - 1, hash(list->items[i]), i);
  list->index = index;
  list->index_mask = slots - 1;
}

// Whether a call's second argument is a regular expression.
bool takes_pattern(const ir::Module& module, ir::NodeId id) {
  const ir::Node& node = module.node(id);
  std::string_view function;
  if (node.op == ir::Op::kCall) function = types::builtin_info(node.builtin).function;
  if (node.op == ir::Op::kCallDyn) function = module.dyn_callees[static_cast<size_t>(node.index)].function;
  return function == "matches";
}

}  // namespace

Value constant_value(const ir::Constant& c, std::span<const Value> items, Arena& arena) {
  auto text = [&](Value (*make)(std::string_view)) {
    const char* copy = arena.copy(c.s);
    return copy == nullptr ? budget_error() : make({copy, c.s.size()});
  };
  EvalContext ctx;
  ctx.arena = &arena;
  ctx.steps = INT64_MAX;
  auto count = static_cast<uint32_t>(items.size());
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
      return text(Value::string);
    case ir::ConstantKind::kBytes:
      return text(Value::bytes);
    case ir::ConstantKind::kType:
      return text(Value::type);
    case ir::ConstantKind::kTimestamp:
      return Value::timestamp(c.i, static_cast<uint32_t>(c.u));
    case ir::ConstantKind::kDuration:
      return Value::duration(c.i, static_cast<uint32_t>(c.u));
    case ir::ConstantKind::kList:
      return make_list(ctx, items.data(), count, nullptr);
    case ir::ConstantKind::kMap:
      return make_map(ctx, items.data(), count / 2, nullptr);
  }
  return Value::missing();
}

// A constant's items precede it, so their values are made already.
ConstantPool::ConstantPool(const ir::Module& module) {
  values_.reserve(module.constants.size());
  for (uint32_t i = 0; i < module.constants.size(); ++i) values_.push_back(make(module, i));
  attach_patterns(module);
}

void ConstantPool::attach_patterns(const ir::Module& module) {
  std::vector<bool> done(values_.size(), false);
  for (ir::NodeId id = 0; id < module.size(); ++id) {
    if (!takes_pattern(module, id) || module.node(id).arg_count < 2) continue;
    const ir::Node& pattern = module.node(module.arg(id, 1));
    if (pattern.op != ir::Op::kConst || done[static_cast<size_t>(pattern.index)]) continue;
    Value& value = values_[static_cast<size_t>(pattern.index)];
    if (!value.is(Kind::kString)) continue;
    done[static_cast<size_t>(pattern.index)] = true;
    Value with_regex = string_with_regex(arena_, value.str(), &patterns_.emplace_back(value.str()));
    if (with_regex.is(Kind::kString)) value = with_regex;
  }
}

Value ConstantPool::make(const ir::Module& module, uint32_t constant) {
  const ir::Constant& c = module.constants[constant];
  std::vector<Value> items;
  items.reserve(c.items.size());
  for (uint32_t item : c.items) items.push_back(values_[item]);
  Value value = constant_value(c, items, arena_);
  if (value.is(Kind::kList)) index_list(arena_, const_cast<ListRep*>(value.list));
  return value;
}

}  // namespace weir::value
