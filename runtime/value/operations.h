// Operations of the IR that are not functions: selection, construction, iteration. Shared by the tiers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/value/context.h"
#include "runtime/value/value.h"

namespace weir::value {

// All arguments are ok() values; results may be errors.

// m.name on a map, optional (chains) or anything else (kNoSuchOverload).
Value select(EvalContext& ctx, const Value& operand, std::string_view name);
// has(m.name).
Value has_field(EvalContext& ctx, const Value& operand, std::string_view name);
// m.?name and m[?k]: an optional.
Value optional_select(EvalContext& ctx, const Value& operand, std::string_view name);
Value optional_index(EvalContext& ctx, const Value& operand, const Value& key);
// operand[key] where operand may be an optional too (chains): dynamic form of the index overloads.
Value index(EvalContext& ctx, const Value& operand, const Value& key);

// [a, ?b, …]: optional_mask[i] set = drop if none, else unwrap. Null mask: none is optional.
Value make_list(EvalContext& ctx, const Value* items, uint32_t count, const uint8_t* optional_mask);
// {k: v, ?k: v, …}: 2 * pairs values; duplicate key or bad key kind is an error.
Value make_map(EvalContext& ctx, const Value* items, uint32_t pairs, const uint8_t* optional_mask);

// Comprehension ranges. A list iterates over elements, a map over keys; anything else is kNoSuchOverload.
struct Range {
  Value error;  // not ok() if the operand cannot be iterated
  uint32_t size = 0;
  const ListRep* list = nullptr;
  const MapRep* map = nullptr;
};
Range make_range(EvalContext& ctx, const Value& operand);
// One-variable form: element, or key of a map.
inline Value range_item(const Range& r, uint32_t i) { return r.list ? r.list->items[i] : r.map->entries[i].key; }
// Two-variable form: index and element, or key and value.
inline Value range_first(const Range& r, uint32_t i) { return r.list ? Value::integer(i) : r.map->entries[i].key; }
inline Value range_second(const Range& r, uint32_t i) { return r.list ? r.list->items[i] : r.map->entries[i].value; }

// accu + [item] where accu is a fold's own accumulator: appends in place when there is room (amortised O(1)). The
// caller guarantees that nothing else refers to accu.
Value list_append(EvalContext& ctx, const Value& accu, const Value& item);
// accu with an entry added, likewise (transformMap); a duplicate key is an error.
Value map_insert(EvalContext& ctx, const Value& accu, const Value& key, const Value& item);

// optional.of(v), v copied to the arena.
Value make_some(EvalContext& ctx, const Value& v);

// For people: CEL literal syntax ("abc", [1, 2u], {"k": 1.5}, timestamp("…")). Used by because templates (strings bare
// at the top: see to_text), explain, eval.
std::string to_literal(const Value& v);
// As string(v) where that exists, else as to_literal; but doubles from 1e-5 to 1e15 without an exponent.
std::string to_text(const Value& v);

}  // namespace weir::value
