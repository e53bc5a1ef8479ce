#include "runtime/value/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "runtime/value/containers.h"
#include "runtime/value/number.h"

namespace weir::value {
namespace {

constexpr uint32_t kFirstCapacity = 8;
constexpr uint32_t kLargestSize = UINT32_MAX / 4;

bool optional_at(const uint8_t* mask, uint32_t i) { return mask != nullptr && mask[i] != 0; }

Value no_field(EvalContext& ctx, const Value& operand) {
  return make_error(ctx, ErrorCode::kNoSuchOverload, fmt::format("type `{}` has no fields", type_name(operand)));
}

Value no_key(EvalContext& ctx, const Value& key) {
  return make_error(ctx, ErrorCode::kNoSuchKey, fmt::format("no such key: {}", to_literal(key)));
}

// What an index of a list may be: an int, or a uint or double that is one.
bool list_index(const Value& key, int64_t* out) {
  switch (key.kind) {
    case Kind::kInt:
      *out = key.i;
      return true;
    case Kind::kUint:
      *out = key.u > INT64_MAX ? INT64_MAX : static_cast<int64_t>(key.u);
      return true;
    case Kind::kDouble:
      return exact_int(key.d, out);
    default:
      return false;
  }
}

// Looking a key up reads its text.
bool charge_text(EvalContext& ctx, const Value& key) { return !key.is(Kind::kString) || charge(ctx, key.aux / 16); }

// The element or value, or null with *error set if it is an error rather than an absence.
const Value* lookup(EvalContext& ctx, const Value& operand, const Value& key, Value* error) {
  *error = Value::missing();
  if (operand.is(Kind::kMap)) {
    if (charge_text(ctx, key)) return find(*operand.map, key);
    *error = budget_error();
    return nullptr;
  }
  if (!operand.is(Kind::kList)) {
    *error = make_error(ctx, ErrorCode::kNoSuchOverload,
                        fmt::format("type `{}` cannot be indexed with `{}`", type_name(operand), type_name(key)));
    return nullptr;
  }
  int64_t i;
  if (!list_index(key, &i)) {
    *error = make_error(ctx, ErrorCode::kInvalidArgument,
                        fmt::format("a list index must be an integer, not {}", to_literal(key)));
    return nullptr;
  }
  return i >= 0 && i < static_cast<int64_t>(operand.list->size) ? &operand.list->items[i] : nullptr;
}

template <typename Rep>
Rep* new_rep(Arena& arena) {
  void* room = arena.allocate(sizeof(Rep));
  return room == nullptr ? nullptr : new (room) Rep;
}

template <typename T>
T* grow(Arena& arena, const T* old, uint32_t size, uint32_t capacity) {
  T* items = arena.allocate_array<T>(capacity);
  if (items != nullptr && size > 0) std::memcpy(static_cast<void*>(items), old, size * sizeof(T));
  return items;
}

bool reindex(Arena& arena, MapRep* map, uint32_t capacity) {
  uint32_t slots = index_slots(capacity);
  uint32_t* index = make_index(arena, slots);
  if (index == nullptr) return false;
  for (uint32_t i = 0; i < map->size; ++i) index_insert(index, slots - 1, hash(map->entries[i].key), i);
  map->index = index;
  map->index_mask = slots - 1;
  return true;
}

Value check_key(EvalContext& ctx, const Value& key) {
  if (is_map_key(key.kind)) return Value::null();
  return make_error(ctx, ErrorCode::kNoSuchOverload,
                    fmt::format("a map key must be bool, int, uint or string, not `{}`", type_name(key)));
}

Value duplicate_key(EvalContext& ctx, const Value& key) {
  return make_error(ctx, ErrorCode::kDuplicateKey, fmt::format("duplicate key: {}", to_literal(key)));
}

// Appends to a map with room for one more entry (and for its index, if it has one).
Value add_entry(EvalContext& ctx, MapRep* map, const Value& key, const Value& item) {
  if (Value bad = check_key(ctx, key); bad.is_error()) return bad;
  if (!charge_text(ctx, key)) return budget_error();
  if (find(*map, key) != nullptr) return duplicate_key(ctx, key);
  const_cast<MapEntry*>(map->entries)[map->size] = MapEntry{key, item};
  if (map->index != nullptr) index_insert(const_cast<uint32_t*>(map->index), map->index_mask, hash(key), map->size);
  ++map->size;
  return Value::of(map);
}

Value unwrap_error(EvalContext& ctx, const Value& v) {
  return make_error(ctx, ErrorCode::kNoSuchOverload, fmt::format("expected an optional, not `{}`", type_name(v)));
}

}  // namespace

Value make_some(EvalContext& ctx, const Value& v) {
  Value* copy = ctx.arena->allocate_array<Value>(1);
  if (copy == nullptr) return budget_error();
  *copy = v;
  return Value::some(copy);
}

Value select(EvalContext& ctx, const Value& operand, std::string_view name) {
  if (operand.is(Kind::kOptional)) return optional_select(ctx, operand, name);
  if (!operand.is(Kind::kMap)) return no_field(ctx, operand);
  Value key = Value::string(name);
  const Value* found = find(*operand.map, key);
  return found != nullptr ? *found : no_key(ctx, key);
}

Value has_field(EvalContext& ctx, const Value& operand, std::string_view name) {
  const Value* v = &operand;
  while (v->is(Kind::kOptional)) {
    if (v->optional == nullptr) return Value::boolean(false);
    v = v->optional;
  }
  if (!v->is(Kind::kMap)) return no_field(ctx, *v);
  return Value::boolean(find(*v->map, Value::string(name)) != nullptr);
}

Value optional_select(EvalContext& ctx, const Value& operand, std::string_view name) {
  const Value* v = &operand;
  while (v->is(Kind::kOptional)) {
    if (v->optional == nullptr) return Value::none();
    v = v->optional;
  }
  if (!v->is(Kind::kMap)) return no_field(ctx, *v);
  const Value* found = find(*v->map, Value::string(name));
  return found != nullptr ? Value::some(found) : Value::none();
}

Value optional_index(EvalContext& ctx, const Value& operand, const Value& key) {
  const Value* v = &operand;
  while (v->is(Kind::kOptional)) {
    if (v->optional == nullptr) return Value::none();
    v = v->optional;
  }
  Value error;
  const Value* found = lookup(ctx, *v, key, &error);
  if (found != nullptr) return Value::some(found);
  return error.is_error() ? error : Value::none();
}

Value index(EvalContext& ctx, const Value& operand, const Value& key) {
  if (operand.is(Kind::kOptional)) return optional_index(ctx, operand, key);
  Value error;
  const Value* found = lookup(ctx, operand, key, &error);
  if (found != nullptr) return *found;
  if (error.is_error()) return error;
  if (operand.is(Kind::kMap)) return no_key(ctx, key);
  return make_error(
      ctx, ErrorCode::kIndexOutOfRange,
      fmt::format("index {} out of range: the list has {} elements", to_literal(key), operand.list->size));
}

Value make_list(EvalContext& ctx, const Value* items, uint32_t count, const uint8_t* optional_mask) {
  if (!charge(ctx, 1 + count / 16)) return budget_error();
  ListRep* list = new_rep<ListRep>(*ctx.arena);
  Value* copies = ctx.arena->allocate_array<Value>(count);
  if (list == nullptr || copies == nullptr) return budget_error();
  for (uint32_t i = 0; i < count; ++i) {
    if (!optional_at(optional_mask, i)) {
      copies[list->size++] = items[i];
      continue;
    }
    if (!items[i].is(Kind::kOptional)) return unwrap_error(ctx, items[i]);
    if (items[i].optional != nullptr) copies[list->size++] = *items[i].optional;
  }
  list->items = copies;
  return Value::of(list);
}

Value make_map(EvalContext& ctx, const Value* items, uint32_t pairs, const uint8_t* optional_mask) {
  if (!charge(ctx, 1 + pairs / 16)) return budget_error();
  MapRep* map = new_rep<MapRep>(*ctx.arena);
  MapEntry* entries = ctx.arena->allocate_array<MapEntry>(pairs);
  if (map == nullptr || entries == nullptr) return budget_error();
  map->entries = entries;
  if (pairs > kIndexAbove && !reindex(*ctx.arena, map, pairs)) return budget_error();
  for (uint32_t i = 0; i < pairs; ++i) {
    const Value& key = items[2 * i];
    const Value* item = &items[2 * i + 1];
    if (optional_at(optional_mask, i)) {
      if (!item->is(Kind::kOptional)) return unwrap_error(ctx, *item);
      item = item->optional;
      if (item == nullptr) continue;
    }
    Value added = add_entry(ctx, map, key, *item);
    if (added.is_error()) return added;
  }
  return Value::of(map);
}

Range make_range(EvalContext& ctx, const Value& operand) {
  Range range;
  range.error = Value::null();
  if (operand.is(Kind::kList)) {
    range.list = operand.list;
    range.size = operand.list->size;
  } else if (operand.is(Kind::kMap)) {
    range.map = operand.map;
    range.size = operand.map->size;
  } else {
    range.error = make_error(ctx, ErrorCode::kNoSuchOverload,
                             fmt::format("a comprehension ranges over a list or a map, not `{}`", type_name(operand)));
  }
  return range;
}

Value list_append(EvalContext& ctx, const Value& accu, const Value& item) {
  if (!accu.is(Kind::kList)) {
    return make_error(ctx, ErrorCode::kNoSuchOverload, fmt::format("cannot append to `{}`", type_name(accu)));
  }
  ListRep* list = const_cast<ListRep*>(accu.list);
  if (list->capacity <= list->size) {
    if (list->size >= kLargestSize) return budget_error();
    uint32_t capacity = std::max(kFirstCapacity, list->size * 2);
    ListRep* grown = list->capacity > 0 ? list : new_rep<ListRep>(*ctx.arena);
    Value* items = grow(*ctx.arena, list->items, list->size, capacity);
    if (grown == nullptr || items == nullptr) return budget_error();
    grown->size = list->size;
    grown->capacity = capacity;
    grown->items = items;
    list = grown;
  }
  const_cast<Value*>(list->items)[list->size++] = item;
  return Value::of(list);
}

Value map_insert(EvalContext& ctx, const Value& accu, const Value& key, const Value& item) {
  if (!accu.is(Kind::kMap)) {
    return make_error(ctx, ErrorCode::kNoSuchOverload, fmt::format("cannot insert into `{}`", type_name(accu)));
  }
  MapRep* map = const_cast<MapRep*>(accu.map);
  if (map->capacity <= map->size) {
    if (map->size >= kLargestSize) return budget_error();
    uint32_t capacity = std::max(kFirstCapacity, map->size * 2);
    MapRep* grown = map->capacity > 0 ? map : new_rep<MapRep>(*ctx.arena);
    MapEntry* entries = grow(*ctx.arena, map->entries, map->size, capacity);
    if (grown == nullptr || entries == nullptr) return budget_error();
    grown->size = map->size;
    grown->capacity = capacity;
    grown->entries = entries;
    if (capacity > kIndexAbove && !reindex(*ctx.arena, grown, capacity)) return budget_error();
    map = grown;
  }
  return add_entry(ctx, map, key, item);
}

}  // namespace weir::value
